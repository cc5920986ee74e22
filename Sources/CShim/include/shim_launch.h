#ifndef CSHIM_LAUNCH_H
#define CSHIM_LAUNCH_H

#include "shim_json.h"

/// What to start (LaunchSpec, §2.3), in the form that exec wants it.
struct drover_launch {
    /// Null-terminated, at least one argument.
    char **argv;
    /// Null-terminated `key=value`. In the order of the specification; a key that comes again replaces the value where
    /// the key stood first, as the daemon replaces its own four (§3.6).
    char **envp;
    const char *cwd;
    /// Where all of it lies.
    void *memory;
    size_t size;
};

/// Reads a launch specification. Returns null, or why nothing can be started by it; then there is nothing to free.
const char *drover_launch_read(struct drover_json value, struct drover_launch *launch);

/// Overwrites the specification, which holds secrets, and gives its memory back.
void drover_launch_free(struct drover_launch *launch);

#endif
