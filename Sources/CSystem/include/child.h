#ifndef CSYSTEM_CHILD_H
#define CSYSTEM_CHILD_H

#include <sys/types.h>

/// Starts a program with the given descriptors as its stdin, stdout and stderr.
///
/// argv and envp are null-terminated; a name without a slash is looked up in the PATH of envp. cwd may be null. A
/// descriptor of -1 stands for /dev/null. Nothing else is inherited: all other descriptors are closed, signals have their
/// default actions and none is blocked. With new_session it leads a session and a process group of its own, without a
/// terminal. With death_signal it gets that signal when the calling thread ends. Does not return before exec has succeeded or failed: stage and error say what failed, and then nothing is
/// left open. `master` of the result is always -1.
struct drover_spawn_result drover_spawn_child(char *const argv[], char *const envp[], const char *cwd,
                                              const int stdio[3], int new_session, int death_signal);

#endif
