#ifndef CSHIM_INVOCATION_H
#define CSHIM_INVOCATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

/// What a shim is told when it is started.
struct invocation {
    /// Lower-case and hyphenated.
    char session[37];
    /// The daemon's socket (§1.1).
    struct sockaddr_un address;
    /// How many milliseconds a second of its waits has: 1000, less in tests (`DROVER_SHIM_SECOND_MS`).
    int64_t second;
};

/// Reads the arguments and the environment. When they are no use, says so and returns false.
bool shim_invocation_read(struct invocation *invocation, int argc, char *const argv[]);

#endif
