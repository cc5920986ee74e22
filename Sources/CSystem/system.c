#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

// MARK: - Spawning

struct child_failure {
    int stage;
    int error;
};

// Everything below this line and above the next mark runs in the child, between clone and exec:
// only async-signal-safe calls, no allocation.

static void fail(int error_pipe, int stage) {
    struct child_failure failure = {stage, errno};
    ssize_t ignored = write(error_pipe, &failure, sizeof failure);
    (void)ignored;
    _exit(127);
}

static const char *path_of(char *const envp[]) {
    for (; *envp; envp++) {
        if (strncmp(*envp, "PATH=", 5) == 0) return *envp + 5;
    }
    return "/usr/local/bin:/usr/bin:/bin";
}

/// As execvpe, but remembers a permission error over a later "not found", and never falls back to a shell.
static void execute(char *const argv[], char *const envp[]) {
    const char *name = argv[0];
    if (strchr(name, '/')) {
        execve(name, argv, envp);
        return;
    }
    size_t name_length = strlen(name);
    int denied = 0;
    const char *path = path_of(envp);
    char candidate[4096];
    while (1) {
        const char *end = strchrnul(path, ':');
        size_t length = (size_t)(end - path);
        if (length + 1 + name_length + 1 <= sizeof candidate) {
            size_t position = 0;
            if (length > 0) {
                memcpy(candidate, path, length);
                candidate[length] = '/';
                position = length + 1;
            }
            memcpy(candidate + position, name, name_length + 1);
            execve(candidate, argv, envp);
            if (errno == EACCES) {
                denied = 1;
            } else if (errno != ENOENT && errno != ENOTDIR) {
                return;
            }
        }
        if (*end == 0) break;
        path = end + 1;
    }
    errno = denied ? EACCES : ENOENT;
}

static void become(const char *slave_path, int error_pipe, char *const argv[], char *const envp[], const char *cwd) {
    // CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and we ignore SIGPIPE.
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    int slave = open(slave_path, O_RDWR);
    if (slave < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    if (ioctl(slave, TIOCSCTTY, 0) < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    // The error pipe goes to 3 so that everything above can be closed at once.
    if (error_pipe != 3) {
        if (slave == 3) {
            slave = fcntl(slave, F_DUPFD, 10);
            if (slave < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
        }
        if (dup3(error_pipe, 3, O_CLOEXEC) < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
        error_pipe = 3;
    }
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(slave, fd) < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    }
    syscall(SYS_close_range, 4U, ~0U, 0U);
    if (cwd && chdir(cwd) < 0) fail(error_pipe, DROVER_SPAWN_CHDIR);
    execute(argv, envp);
    fail(error_pipe, DROVER_SPAWN_EXEC);
}

// MARK: - In the parent

static struct drover_spawn_result failed(int stage, int error, int master, int read_end, int write_end) {
    if (master >= 0) close(master);
    if (read_end >= 0) close(read_end);
    if (write_end >= 0) close(write_end);
    return (struct drover_spawn_result){.pid = -1, .pidfd = -1, .master = -1, .stage = stage, .error = error};
}

struct drover_spawn_result drover_spawn_pty(char *const argv[], char *const envp[], const char *cwd, uint16_t columns,
                                            uint16_t rows) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return failed(DROVER_SPAWN_PTY, errno, -1, -1, -1);
    char slave_path[64];
    int error = 0;
    if (grantpt(master) < 0 || unlockpt(master) < 0) {
        error = errno;
    } else {
        error = ptsname_r(master, slave_path, sizeof slave_path);
    }
    if (error) return failed(DROVER_SPAWN_PTY, error, master, -1, -1);
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    ioctl(master, TIOCSWINSZ, &size);

    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return failed(DROVER_SPAWN_PIPE, errno, master, -1, -1);

    int pidfd = -1;
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    // No signal may run one of our handlers in the child before its own are reset.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) become(slave_path, ends[1], argv, envp, cwd);
    error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return failed(DROVER_SPAWN_CLONE, error, master, ends[0], ends[1]);
    close(ends[1]);

    struct child_failure failure;
    ssize_t count;
    do {
        count = read(ends[0], &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    close(ends[0]);
    if (count == sizeof failure) {
        int code, signaled;
        siginfo_t info;
        (void)code;
        (void)signaled;
        waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED);
        close(pidfd);
        return failed(failure.stage, failure.error, master, -1, -1);
    }
    drover_set_nonblocking(master);
    return (struct drover_spawn_result){.pid = (pid_t)pid, .pidfd = pidfd, .master = master, .stage = 0, .error = 0};
}

// MARK: - Terminals

int drover_pty_resize(int master, uint16_t columns, uint16_t rows) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    return ioctl(master, TIOCSWINSZ, &size) < 0 ? errno : 0;
}

pid_t drover_pty_foreground(int master) { return tcgetpgrp(master); }

int drover_terminal_size(int fd, uint16_t *columns, uint16_t *rows) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return 0;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 1;
}

// MARK: - Processes

int drover_reap(int pidfd, int *code, int *signaled) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int result;
    do {
        result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    if (info.si_pid == 0) return 0;
    *code = info.si_status;
    *signaled = info.si_code != CLD_EXITED;
    return 1;
}

int drover_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? errno : 0;
}

int drover_pidfd_open(pid_t pid) {
    long fd = syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : (int)fd;
}

// MARK: - Descriptors

int drover_set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return errno;
    return 0;
}

uint64_t drover_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

int64_t drover_peer_uid(int fd) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
    return credentials.uid;
}

void drover_random(void *buffer, size_t size) {
    size_t filled = 0;
    while (filled < size) {
        ssize_t count = getrandom((char *)buffer + filled, size - filled, 0);
        if (count > 0) filled += (size_t)count;
    }
}
