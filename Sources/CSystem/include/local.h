#ifndef CSYSTEM_LOCAL_H
#define CSYSTEM_LOCAL_H

/// Binds a new Unix stream socket at path, with mode 0600, close-on-exec and non-blocking. Returns it or a negative errno;
/// -ENAMETOOLONG when the path does not fit the address.
int drover_local_bind(const char *path);

/// Starts taking connections. Returns 0 or an errno.
int drover_local_listen(int fd, int backlog);

/// Accepts a connection, close-on-exec and non-blocking. Returns it or a negative errno.
int drover_local_accept(int fd);

#endif
