#ifndef CSHIM_JSON_H
#define CSHIM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How deep objects and arrays may be nested.
#define DROVER_JSON_DEPTH 128

/// A value inside a text that was checked as a whole: it points into that text and owns nothing.
struct drover_json {
    const uint8_t *start;
    size_t length;
};

/// Checks that the bytes are exactly one JSON value in UTF-8 (RFC 8259) with nothing but white space around it, and
/// says where it is. Escaped surrogates must come in pairs. Linear, without recursion or allocation.
bool drover_json_check(const uint8_t *bytes, size_t length, struct drover_json *value);

bool drover_json_is_object(struct drover_json value);
bool drover_json_is_array(struct drover_json value);
bool drover_json_is_string(struct drover_json value);

/// Finds a member of an object. Of several with that key the last counts.
bool drover_json_member(struct drover_json object, const char *key, struct drover_json *value);

/// Takes the next element of an array. `*position` starts at 0 and is the array's own business from then on.
bool drover_json_next(struct drover_json array, size_t *position, struct drover_json *element);

/// Compares a string, escapes resolved, with a C string.
bool drover_json_equals(struct drover_json string, const char *text);

/// Writes a string with its escapes resolved and returns the length, which is at most that of the value less two.
size_t drover_json_decode(struct drover_json string, uint8_t *out);

#endif
