#ifndef CSYSTEM_CONFINE_H
#define CSYSTEM_CONFINE_H

#include <stdint.h>

/// The flag O_PATH: a descriptor that names a file without opening it.
int drover_o_path(void);

/// The number of the file system that a descriptor is of, as statfs has it, or -1.
int64_t drover_filesystem_kind(int fd);

/// The version of Landlock that the kernel offers, or 0 when there is none.
int drover_landlock_version(void);

/// A new ruleset that allows nothing: no file, no directory, no program, no TCP, no signal to a process outside.
/// Returns it, close-on-exec, or a negative errno.
int drover_landlock_ruleset(void);

enum drover_landlock_right {
    DROVER_LANDLOCK_READ = 1,
    DROVER_LANDLOCK_LIST = 2,
    DROVER_LANDLOCK_EXECUTE = 4,
    DROVER_LANDLOCK_WRITE = 8,
};

/// Allows what is opened by path_fd, and if that is a directory all that lies in it. Rights that do not concern a file
/// are left out for one. Returns 0 or an errno.
int drover_landlock_allow(int ruleset, int path_fd, unsigned rights);

/// Confines the calling thread, and what it starts from now on, for good: to a ruleset unless that is -1, to the rights
/// it has, and to no sockets. Returns 0 or an errno.
int drover_confine_thread(int ruleset);

#endif
