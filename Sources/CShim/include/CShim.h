#ifndef CSHIM_H
#define CSHIM_H

// The supervisor of one runtime (runtime RPC 0.3, §3.4): plain C, so that fifty of them weigh next to nothing.

#include "shim_answer.h"
#include "shim_json.h"
#include "shim_launch.h"

/// Runs a shim from its first argument to its end and returns its exit code.
///
/// `argv[1]` is `__shim`, then `--session-id UUID`. 0: the end of the runtime, or that it could not be started, was
/// reported. 1: the daemon refused the launch or could not be reached. 2: called the wrong way. Needs a process of its
/// own with one thread: it takes over the signals.
int drover_shim_main(int argc, char *const argv[]);

#endif
