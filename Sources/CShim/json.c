#include "shim_json.h"

#include <string.h>

/// A place in a text, and where the text ends.
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static void skip_white(struct cursor *cursor) {
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\r' || *cursor->at == '\t')) {
        cursor->at++;
    }
}

static bool take(struct cursor *cursor, uint8_t byte) {
    if (cursor->at == cursor->end || *cursor->at != byte) return false;
    cursor->at++;
    return true;
}

static bool take_word(struct cursor *cursor, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0) return false;
    cursor->at += length;
    return true;
}

// MARK: - Characters

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

/// The four digits after `\u`, or -1.
static int32_t take_unit(struct cursor *cursor) {
    if (cursor->end - cursor->at < 4) return -1;
    int32_t unit = 0;
    for (int index = 0; index < 4; index++) {
        int digit = hex_digit(*cursor->at++);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static size_t encode(uint32_t scalar, uint8_t out[4]) {
    if (scalar < 0x80) {
        out[0] = (uint8_t)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        out[0] = (uint8_t)(0xC0 | scalar >> 6);
        out[1] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        out[0] = (uint8_t)(0xE0 | scalar >> 12);
        out[1] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | scalar >> 18);
    out[1] = (uint8_t)(0x80 | (scalar >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 4;
}

/// What follows a backslash.
static size_t take_escape(struct cursor *cursor, uint8_t out[4]) {
    if (cursor->at == cursor->end) return 0;
    uint8_t kind = *cursor->at++;
    switch (kind) {
        case '"':
        case '\\':
        case '/': out[0] = kind; return 1;
        case 'b': out[0] = '\b'; return 1;
        case 'f': out[0] = '\f'; return 1;
        case 'n': out[0] = '\n'; return 1;
        case 'r': out[0] = '\r'; return 1;
        case 't': out[0] = '\t'; return 1;
        case 'u': break;
        default: return 0;
    }
    int32_t unit = take_unit(cursor);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return 0;
    if (unit < 0xD800 || unit > 0xDBFF) return encode((uint32_t)unit, out);
    if (!take(cursor, '\\') || !take(cursor, 'u')) return 0;
    int32_t low = take_unit(cursor);
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    return encode(0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00), out);
}

/// One character beyond ASCII as it stands in the text: no overlong form, no surrogate, nothing above U+10FFFF.
static size_t take_sequence(struct cursor *cursor, uint8_t out[4]) {
    uint8_t first = *cursor->at;
    size_t length = first >= 0xC2 && first <= 0xDF ? 2 : (first & 0xF0) == 0xE0 ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
    if (length == 0 || (size_t)(cursor->end - cursor->at) < length) return 0;
    for (size_t index = 1; index < length; index++) {
        if ((cursor->at[index] & 0xC0) != 0x80) return 0;
    }
    uint8_t second = cursor->at[1];
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    memcpy(out, cursor->at, length);
    cursor->at += length;
    return length;
}

/// Takes one character of a string and returns how many bytes it has in UTF-8; 0 when it may not stand in a string.
static size_t take_character(struct cursor *cursor, uint8_t out[4]) {
    uint8_t byte = *cursor->at;
    if (byte >= 0x80) return take_sequence(cursor, out);
    if (byte < 0x20) return 0;
    cursor->at++;
    if (byte == '\\') return take_escape(cursor, out);
    out[0] = byte;
    return 1;
}

// MARK: - Values

static bool skip_string(struct cursor *cursor) {
    if (!take(cursor, '"')) return false;
    uint8_t ignored[4];
    while (cursor->at < cursor->end) {
        if (take(cursor, '"')) return true;
        if (take_character(cursor, ignored) == 0) return false;
    }
    return false;
}

static bool skip_digits(struct cursor *cursor) {
    const uint8_t *start = cursor->at;
    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') cursor->at++;
    return cursor->at > start;
}

static bool skip_number(struct cursor *cursor) {
    take(cursor, '-');
    // A leading zero stands alone.
    if (!take(cursor, '0') && !skip_digits(cursor)) return false;
    if (take(cursor, '.') && !skip_digits(cursor)) return false;
    if (take(cursor, 'e') || take(cursor, 'E')) {
        if (!take(cursor, '+')) take(cursor, '-');
        if (!skip_digits(cursor)) return false;
    }
    return true;
}

static bool skip_scalar(struct cursor *cursor) {
    if (cursor->at == cursor->end) return false;
    switch (*cursor->at) {
        case '"': return skip_string(cursor);
        case 't': return take_word(cursor, "true");
        case 'f': return take_word(cursor, "false");
        case 'n': return take_word(cursor, "null");
        default: return skip_number(cursor);
    }
}

/// Skips a key and its colon.
static bool skip_key(struct cursor *cursor) {
    skip_white(cursor);
    if (!skip_string(cursor)) return false;
    skip_white(cursor);
    return take(cursor, ':');
}

/// Skips one value whatever it holds. The brackets that are open stand in an array instead of on the stack.
static bool skip_value(struct cursor *cursor) {
    uint8_t closing[DROVER_JSON_DEPTH];
    size_t depth = 0;
    while (1) {
        skip_white(cursor);
        uint8_t closer = take(cursor, '{') ? '}' : take(cursor, '[') ? ']' : 0;
        if (closer) {
            if (depth == DROVER_JSON_DEPTH) return false;
            closing[depth++] = closer;
            skip_white(cursor);
            if (cursor->at < cursor->end && *cursor->at != closer) {
                if (closer == '}' && !skip_key(cursor)) return false;
                continue;
            }
        } else {
            if (!skip_scalar(cursor)) return false;
        }
        // A value is complete: so may be those around it.
        while (depth > 0) {
            skip_white(cursor);
            if (take(cursor, ',')) {
                if (closing[depth - 1] == '}' && !skip_key(cursor)) return false;
                break;
            }
            if (!take(cursor, closing[depth - 1])) return false;
            depth--;
        }
        if (depth == 0) return true;
    }
}

// MARK: - What others ask

static struct cursor inside(struct drover_json value) {
    return (struct cursor){.at = value.start + 1, .end = value.start + value.length - 1};
}

bool drover_json_check(const uint8_t *bytes, size_t length, struct drover_json *value) {
    struct cursor cursor = {.at = bytes, .end = bytes + length};
    skip_white(&cursor);
    const uint8_t *start = cursor.at;
    if (!skip_value(&cursor)) return false;
    *value = (struct drover_json){.start = start, .length = (size_t)(cursor.at - start)};
    skip_white(&cursor);
    return cursor.at == cursor.end;
}

bool drover_json_is_object(struct drover_json value) { return *value.start == '{'; }
bool drover_json_is_array(struct drover_json value) { return *value.start == '['; }
bool drover_json_is_string(struct drover_json value) { return *value.start == '"'; }

bool drover_json_member(struct drover_json object, const char *key, struct drover_json *value) {
    struct cursor cursor = inside(object);
    bool found = false;
    skip_white(&cursor);
    while (cursor.at < cursor.end) {
        struct drover_json name = {.start = cursor.at};
        skip_string(&cursor);
        name.length = (size_t)(cursor.at - name.start);
        skip_white(&cursor);
        take(&cursor, ':');
        skip_white(&cursor);
        const uint8_t *start = cursor.at;
        if (!skip_value(&cursor)) return false;
        if (drover_json_equals(name, key)) {
            found = true;
            *value = (struct drover_json){.start = start, .length = (size_t)(cursor.at - start)};
        }
        skip_white(&cursor);
        take(&cursor, ',');
        skip_white(&cursor);
    }
    return found;
}

bool drover_json_next(struct drover_json array, size_t *position, struct drover_json *element) {
    struct cursor cursor = inside(array);
    cursor.at += *position;
    skip_white(&cursor);
    if (*position > 0) take(&cursor, ',');
    skip_white(&cursor);
    if (cursor.at >= cursor.end) return false;
    const uint8_t *start = cursor.at;
    if (!skip_value(&cursor)) return false;
    *element = (struct drover_json){.start = start, .length = (size_t)(cursor.at - start)};
    *position = (size_t)(cursor.at - (array.start + 1));
    return true;
}

bool drover_json_equals(struct drover_json string, const char *text) {
    struct cursor cursor = inside(string);
    size_t left = strlen(text);
    uint8_t character[4];
    while (cursor.at < cursor.end) {
        size_t length = take_character(&cursor, character);
        if (length == 0 || length > left || memcmp(character, text, length) != 0) return false;
        text += length;
        left -= length;
    }
    return left == 0;
}

size_t drover_json_decode(struct drover_json string, uint8_t *out) {
    struct cursor cursor = inside(string);
    uint8_t *position = out;
    uint8_t character[4];
    while (cursor.at < cursor.end) {
        size_t length = take_character(&cursor, character);
        if (length == 0) break;
        memcpy(position, character, length);
        position += length;
    }
    return (size_t)(position - out);
}
