#ifndef CSHIM_CALL_H
#define CSHIM_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "shim_answer.h"
#include "watch.h"

/// The longest answer that is read.
#define ANSWER_LIMIT (16 << 20)

/// What of the daemon's answer has come, in memory of its own: the answer to a launch holds secrets.
struct buffer {
    uint8_t *bytes;
    size_t length;
    size_t capacity;
};

/// Overwrites what was read and gives the memory back.
void shim_buffer_free(struct buffer *buffer);

/// How long a call may take and what cuts it short.
struct patience {
    /// For connecting, for writing and for reading, each, in milliseconds.
    int64_t step;
    /// A set of `enum news`. Once one of them is there, the call has `after_news` milliseconds left.
    int hurried_by;
    int64_t after_news;
};

/// Calls the daemon once (§1.2): a connection, a line, an answer. Returns null when `buffer` holds a whole line (what
/// follows its LF means nothing), or what went wrong.
const char *shim_call(struct watch *watch, const struct sockaddr_un *address, const char *request, size_t length,
                 struct patience patience, struct buffer *buffer);

#endif
