#ifndef CSHIM_WATCH_H
#define CSHIM_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NEVER INT64_MAX
/// A moment that never comes as well, for a runtime that was killed already.
#define KILLED (INT64_MAX - 1)

/// What may happen while the shim does something else.
enum news {
    NEWS_NONE = 0,
    /// The runtime has ended.
    NEWS_ENDED = 1,
    /// Somebody wants the runtime to end.
    NEWS_STOP = 2,
};

/// The runtime and the signals sent to the shim. All waiting goes through here, so neither is ever out of sight.
struct watch {
    int signals;
    /// -1 while there is no runtime, or none any more.
    int pidfd;
    /// A set of `enum news`: all that has happened so far.
    int news;
    /// When the runtime is killed because it did not end when it was asked to.
    int64_t kill_at;
    /// How long it is given, in milliseconds.
    int64_t grace;
    /// The terminal was hung up, which the runtime is told when there is one.
    bool hung_up;
    /// How the runtime ended: exit status or signal.
    int code;
    bool signaled;
    /// The kernel does not know how it ended.
    bool unknown;
};

/// Takes over the signals: from here on nothing but SIGKILL ends this process. Returns false with errno.
bool watch_open(struct watch *watch, int64_t grace);

/// Watches a runtime that was just started, and tells it what came before it was there.
void watch_runtime(struct watch *watch, int pidfd);

/// Asks the runtime to end, once; it is killed when its time is over.
void watch_stop(struct watch *watch);

/// Sleeps until a descriptor is ready (returns 1), the deadline has passed (0), or there is news that was not there
/// before (-1). The descriptor may be -1.
int watch_wait(struct watch *watch, int descriptor, short events, int64_t deadline);

/// Milliseconds of a clock that only goes forward.
int64_t shim_now(void);

#endif
