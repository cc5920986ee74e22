#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "confine.h"
#include "store.h"

// What Swift cannot say: variadic calls, macros with casts, and code that runs between fork and exec.

/// Where a start failed. The numbers are what the child writes into the error pipe.
enum drover_spawn_stage {
    DROVER_SPAWN_OK = 0,
    DROVER_SPAWN_PTY = 1,
    DROVER_SPAWN_PIPE = 2,
    DROVER_SPAWN_CLONE = 3,
    DROVER_SPAWN_SESSION = 4,
    DROVER_SPAWN_CHDIR = 5,
    DROVER_SPAWN_EXEC = 6,
};

struct drover_spawn_result {
    pid_t pid;
    /// Close-on-exec; readable when the process has ended.
    int pidfd;
    /// The PTY's master side: close-on-exec and non-blocking.
    int master;
    int stage;
    int error;
};

/// Starts a program as the leader of a new session with a new PTY of the given size as its terminal.
///
/// argv and envp are null-terminated; the program is looked up in the PATH of envp. cwd may be null. Does not return
/// before exec has succeeded or failed, so that the error is exact: stage and error say what failed, and then nothing is
/// left open.
struct drover_spawn_result drover_spawn_pty(char *const argv[], char *const envp[], const char *cwd, uint16_t columns,
                                            uint16_t rows);

/// Sets the window size of a PTY; the kernel tells the foreground process group. Returns 0 or an errno.
int drover_pty_resize(int master, uint16_t columns, uint16_t rows);

/// The process group that has the terminal now, or -1.
pid_t drover_pty_foreground(int master);

/// Reaps a process by its pidfd without waiting. Returns 1 and fills what waitid says, 0 when it is still running,
/// or a negative errno. *code is the exit status or the signal, *signaled tells which.
int drover_reap(int pidfd, int *code, int *signaled);

/// Sends a signal through a pidfd: it can never reach another process. Returns 0 or an errno.
int drover_pidfd_signal(int pidfd, int signal);

/// Opens a pidfd. Returns it, close-on-exec, or a negative errno.
int drover_pidfd_open(pid_t pid);

/// Marks a descriptor non-blocking. Returns 0 or an errno.
int drover_set_nonblocking(int fd);

/// Raises the limit of open files to what the kernel allows this process; programs it starts get the old one. Returns the
/// limit now in force.
uint64_t drover_raise_file_limit(void);

/// Sets the umask to 077; programs this process starts get the old one.
void drover_private_umask(void);

/// Takes back what the two above have changed.
void drover_restore_limits(void);

/// The size of the terminal that fd is, or 0 when it is none.
int drover_terminal_size(int fd, uint16_t *columns, uint16_t *rows);

/// Fills a buffer with the kernel's randomness.
void drover_random(void *buffer, size_t size);

/// The uid of the peer of a Unix socket, or -1.
int64_t drover_peer_uid(int fd);

/// The commit this was built from, 12 hexadecimal digits, or "unknown".
const char *drover_build_commit(void);

// Needs the result type above.
#include "child.h"
#include "local.h"

#endif
