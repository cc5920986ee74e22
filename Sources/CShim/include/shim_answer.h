#ifndef CSHIM_ANSWER_H
#define CSHIM_ANSWER_H

#include "shim_json.h"

/// What the daemon said (§2.3), as far as a shim is told anything.
enum drover_answer_kind {
    /// Not an answer of this protocol.
    DROVER_ANSWER_BROKEN = 0,
    DROVER_ANSWER_ACK = 1,
    DROVER_ANSWER_LAUNCH = 2,
    DROVER_ANSWER_ERROR = 3,
};

struct drover_answer {
    enum drover_answer_kind kind;
    /// The launch specification. Points into the line.
    struct drover_json launch;
    /// An error's code and message, both strings. Point into the line.
    struct drover_json code;
    struct drover_json message;
};

/// Reads one line, without its LF. Unknown members are skipped.
struct drover_answer drover_answer_read(const uint8_t *line, size_t length);

#endif
