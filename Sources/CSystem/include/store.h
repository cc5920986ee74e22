#ifndef CSYSTEM_STORE_H
#define CSYSTEM_STORE_H

/// Names the calling thread, as `top -H` and debuggers show it (at most 15 bytes).
void drover_thread_name(const char *name);

/// A counter to wake a thread by, close-on-exec and non-blocking, or -1 with errno.
int drover_eventfd(void);

#endif
