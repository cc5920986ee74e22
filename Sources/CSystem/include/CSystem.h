#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store.h"

// What Swift cannot say: variadic calls, macros with casts, and code that runs between fork and exec.

#endif
