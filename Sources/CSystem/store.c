#define _GNU_SOURCE
#include "include/store.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>

void drover_thread_name(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }

int drover_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
