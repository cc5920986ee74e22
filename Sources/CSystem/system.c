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
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/// What this process had before it took more, or less, for itself; its children get that.
static struct rlimit inherited_files;
static int has_inherited_files = 0;
static mode_t inherited_umask;
static int has_inherited_umask = 0;

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

static void reset_signals(void) {
    // CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and we ignore SIGPIPE. By the system call, as glibc refuses the
    // two signals it keeps for itself (32 and 33), and whoever started us by posix_spawn has left them ignored: make does.
    const unsigned long default_action[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, default_action, NULL, 8UL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/// What a child is to become: in a PTY when slave_path is given, else with the descriptors of stdio.
struct child_plan {
    char *const *argv;
    char *const *envp;
    const char *cwd;
    const char *slave_path;
    const int *stdio;
    int new_session;
    int death_signal;
};

/// Puts the three descriptors in their places and the error pipe on 3, so that everything above can be closed at once.
static int arrange(int in, int out, int err, int error_pipe) {
    // Out of the way first: any of them may have the number of another's place.
    int high[4] = {in, out, err, error_pipe};
    for (int index = 0; index < 4; index++) {
        high[index] = fcntl(high[index], F_DUPFD, 10);
        if (high[index] < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    }
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(high[fd], fd) < 0) fail(high[3], DROVER_SPAWN_SESSION);
    }
    if (dup3(high[3], 3, O_CLOEXEC) < 0) fail(high[3], DROVER_SPAWN_SESSION);
    syscall(SYS_close_range, 4U, ~0U, 0U);
    return 3;
}

static void become(const struct child_plan *plan, int error_pipe) {
    reset_signals();
    if (has_inherited_umask) umask(inherited_umask);
    if (has_inherited_files) setrlimit(RLIMIT_NOFILE, &inherited_files);
    if (plan->death_signal && prctl(PR_SET_PDEATHSIG, plan->death_signal) < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    if (plan->new_session && setsid() < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
    if (plan->slave_path) {
        int slave = open(plan->slave_path, O_RDWR);
        if (slave < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
        if (ioctl(slave, TIOCSCTTY, 0) < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
        error_pipe = arrange(slave, slave, slave, error_pipe);
    } else {
        int stdio[3];
        for (int fd = 0; fd < 3; fd++) {
            stdio[fd] = plan->stdio[fd] >= 0 ? plan->stdio[fd] : open("/dev/null", O_RDWR);
            if (stdio[fd] < 0) fail(error_pipe, DROVER_SPAWN_SESSION);
        }
        error_pipe = arrange(stdio[0], stdio[1], stdio[2], error_pipe);
    }
    if (plan->cwd && chdir(plan->cwd) < 0) fail(error_pipe, DROVER_SPAWN_CHDIR);
    execute(plan->argv, plan->envp);
    fail(error_pipe, DROVER_SPAWN_EXEC);
}

// MARK: - In the parent

static struct drover_spawn_result failed(int stage, int error) {
    return (struct drover_spawn_result){.pid = -1, .pidfd = -1, .master = -1, .stage = stage, .error = error};
}

/// Makes the child and waits until its exec has succeeded or failed.
static struct drover_spawn_result launch(const struct child_plan *plan) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return failed(DROVER_SPAWN_PIPE, errno);
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
    if (pid == 0) become(plan, ends[1]);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return failed(DROVER_SPAWN_CLONE, error);
    }
    struct child_failure failure;
    ssize_t count;
    do {
        count = read(ends[0], &failure, sizeof failure);
    } while (count < 0 && errno == EINTR);
    close(ends[0]);
    if (count == sizeof failure) {
        siginfo_t info;
        waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED);
        close(pidfd);
        return failed(failure.stage, failure.error);
    }
    return (struct drover_spawn_result){.pid = (pid_t)pid, .pidfd = pidfd, .master = -1, .stage = 0, .error = 0};
}

struct drover_spawn_result drover_spawn_pty(char *const argv[], char *const envp[], const char *cwd, uint16_t columns,
                                            uint16_t rows) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0) return failed(DROVER_SPAWN_PTY, errno);
    char slave_path[64];
    int error = 0;
    if (grantpt(master) < 0 || unlockpt(master) < 0) {
        error = errno;
    } else {
        error = ptsname_r(master, slave_path, sizeof slave_path);
    }
    if (error) {
        close(master);
        return failed(DROVER_SPAWN_PTY, error);
    }
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    ioctl(master, TIOCSWINSZ, &size);

    struct child_plan plan = {.argv = argv, .envp = envp, .cwd = cwd, .slave_path = slave_path, .new_session = 1};
    struct drover_spawn_result result = launch(&plan);
    if (result.pid < 0) {
        close(master);
        return result;
    }
    drover_set_nonblocking(master);
    result.master = master;
    return result;
}

struct drover_spawn_result drover_spawn_child(char *const argv[], char *const envp[], const char *cwd,
                                              const int stdio[3], int new_session, int death_signal) {
    struct child_plan plan = {.argv = argv,
                              .envp = envp,
                              .cwd = cwd,
                              .stdio = stdio,
                              .new_session = new_session,
                              .death_signal = death_signal};
    return launch(&plan);
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

const char *drover_build_commit(void) { return DROVER_COMMIT; }

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
        inherited_files = limit;
        has_inherited_files = 1;
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

void drover_private_umask(void) {
    inherited_umask = umask(077);
    has_inherited_umask = 1;
}

void drover_restore_limits(void) {
    if (has_inherited_umask) umask(inherited_umask);
    if (has_inherited_files) setrlimit(RLIMIT_NOFILE, &inherited_files);
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
