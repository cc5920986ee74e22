#define _GNU_SOURCE
#include "watch.h"

#include "CSystem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int64_t shim_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool watch_open(struct watch *watch, int64_t grace) {
    *watch = (struct watch){.signals = -1, .pidfd = -1, .kill_at = NEVER, .grace = grace};
    // Had our parent ignored SIGCHLD, the kernel would throw the exit status away.
    signal(SIGCHLD, SIG_DFL);
    // What people type into a pane is for the runtime.
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    // All others are blocked; of those the two that mean something are read from a descriptor.
    sigset_t all, read;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&read);
    sigaddset(&read, SIGTERM);
    sigaddset(&read, SIGHUP);
    watch->signals = signalfd(-1, &read, SFD_CLOEXEC | SFD_NONBLOCK);
    return watch->signals >= 0;
}

void watch_stop(struct watch *watch) {
    watch->news |= NEWS_STOP;
    if (watch->pidfd < 0 || watch->kill_at != NEVER) return;
    drover_pidfd_signal(watch->pidfd, SIGTERM);
    watch->kill_at = shim_now() + watch->grace;
}

/// The kernel tells only the leader of the session, which is this process; the others would hear of it when it ends.
/// SIGCONT is for one that is stopped, as the kernel does it.
static void hang_up(struct watch *watch) {
    watch->hung_up = true;
    if (watch->pidfd < 0) return;
    drover_pidfd_signal(watch->pidfd, SIGHUP);
    drover_pidfd_signal(watch->pidfd, SIGCONT);
}

void watch_runtime(struct watch *watch, int pidfd) {
    watch->pidfd = pidfd;
    if (watch->hung_up) hang_up(watch);
    if (watch->news & NEWS_STOP) watch_stop(watch);
}

static void read_signals(struct watch *watch) {
    struct signalfd_siginfo signal;
    while (read(watch->signals, &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo == SIGTERM) watch_stop(watch);
        // A SIGHUP that somebody sent is not about the terminal.
        if (signal.ssi_signo == SIGHUP && signal.ssi_code == SI_KERNEL) hang_up(watch);
    }
}

static void reap(struct watch *watch) {
    int signaled = 0;
    int result = drover_reap(watch->pidfd, &watch->code, &signaled);
    if (result == 0) return;
    watch->signaled = signaled;
    watch->unknown = result < 0;
    close(watch->pidfd);
    watch->pidfd = -1;
    watch->kill_at = NEVER;
    watch->news |= NEWS_ENDED;
}

int watch_wait(struct watch *watch, int descriptor, short events, int64_t deadline) {
    while (1) {
        int64_t time = shim_now();
        if (time >= watch->kill_at) {
            drover_pidfd_signal(watch->pidfd, SIGKILL);
            watch->kill_at = KILLED;
        }
        int64_t until = deadline < watch->kill_at ? deadline : watch->kill_at;
        struct timespec left = {0};
        if (until > time) {
            left.tv_sec = (until - time) / 1000;
            left.tv_nsec = (until - time) % 1000 * 1000000;
        }
        struct pollfd polled[3] = {
            {.fd = watch->signals, .events = POLLIN},
            {.fd = watch->pidfd, .events = POLLIN},
            {.fd = descriptor, .events = events},
        };
        int count = ppoll(polled, 3, until >= KILLED ? NULL : &left, NULL);
        int before = watch->news;
        if (count > 0 && polled[0].revents) read_signals(watch);
        if (count > 0 && polled[1].revents) reap(watch);
        if (watch->news != before) return -1;
        if (count > 0 && polled[2].revents) return 1;
        if (shim_now() >= deadline) return 0;
    }
}
