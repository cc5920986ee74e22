#ifndef CSYSTEM_LOCAL_H
#define CSYSTEM_LOCAL_H

#include <sys/types.h>

/// Binds a new Unix stream socket at path, with mode 0600, close-on-exec and non-blocking. Returns it or a negative errno;
/// -ENAMETOOLONG when the path does not fit the address.
int drover_local_bind(const char *path);

/// Starts taking connections. Returns 0 or an errno.
int drover_local_listen(int fd, int backlog);

/// Accepts a connection, close-on-exec and non-blocking. Returns it or a negative errno.
int drover_local_accept(int fd);

/// Connects to the Unix socket at path. Returns the connection, close-on-exec and non-blocking, or a negative errno.
int drover_local_connect(const char *path);

/// Sends bytes, and with the first of them an open file unless it is -1. Returns how many were taken, or a negative errno.
ssize_t drover_local_send(int fd, const void *bytes, size_t count, int file);

/// Open files that come with one piece of bytes.
#define DROVER_LOCAL_FILES 4

/// Receives bytes and the open files that come with them, which are close-on-exec and the caller's. Returns how many bytes
/// there are, 0 at the end, or a negative errno.
ssize_t drover_local_receive(int fd, void *bytes, size_t size, int files[DROVER_LOCAL_FILES], int *file_count);

#endif
