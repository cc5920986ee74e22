#ifndef CSHIM_TEXT_H
#define CSHIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A short text in the making: a request, a path, a sentence. What does not fit is left out.
struct text {
    size_t length;
    /// One more than is ever used, so that there is room for a NUL.
    char bytes[1024];
};

void text_add(struct text *text, const char *more);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
void text_add_number(struct text *text, int64_t number);
/// Adds a moment as RFC 3339 in UTC with as many digits of 0, 3, 6 and 9 as lose nothing (§2.1).
void text_add_time(struct text *text, int64_t seconds, uint32_t nanoseconds);
/// The text as a C string.
const char *text_end(struct text *text);

/// Writes a sentence to stderr, its control characters replaced: some of it may come from elsewhere.
void shim_say(const struct text *sentence);

#endif
