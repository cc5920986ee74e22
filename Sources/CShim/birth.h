#ifndef CSHIM_BIRTH_H
#define CSHIM_BIRTH_H

#include <sys/types.h>

#include "text.h"

/// Adds when a process started (§4.4): its ticks in /proc after the start of the machine, or now when that cannot be
/// read.
void text_add_start_of(struct text *text, pid_t pid);

#endif
