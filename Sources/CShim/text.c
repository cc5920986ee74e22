#include "text.h"

#include <string.h>
#include <unistd.h>

void text_add_bytes(struct text *text, const void *bytes, size_t length) {
    size_t room = sizeof text->bytes - 1 - text->length;
    if (length > room) length = room;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void text_add(struct text *text, const char *more) { text_add_bytes(text, more, strlen(more)); }

const char *text_end(struct text *text) {
    text->bytes[text->length] = 0;
    return text->bytes;
}

/// With leading zeros, at least `digits` digits.
static void add_padded(struct text *text, uint32_t number, int digits) {
    char written[10];
    char *start = written + sizeof written;
    do {
        *--start = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || written + sizeof written - start < digits);
    text_add_bytes(text, start, (size_t)(written + sizeof written - start));
}

void text_add_number(struct text *text, int64_t number) {
    char digits[21];
    char *start = digits + sizeof digits - 1;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    *start = 0;
    do {
        *--start = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) text_add(text, "-");
    text_add(text, start);
}

void text_add_time(struct text *text, int64_t seconds, uint32_t nanoseconds) {
    int64_t days = seconds / 86400;
    uint32_t of_day = (uint32_t)(seconds % 86400);
    // Counted from 1 March, so that the leap day is the last of its year: 365.2425 days a year, 153 every five months.
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    uint32_t day_of_era = (uint32_t)(shifted % 146097);
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    uint32_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    uint32_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    uint32_t year = (uint32_t)(era * 400) + year_of_era + (month <= 2 ? 1 : 0);

    add_padded(text, year, 4);
    text_add(text, "-");
    add_padded(text, month, 2);
    text_add(text, "-");
    add_padded(text, day, 2);
    text_add(text, "T");
    add_padded(text, of_day / 3600, 2);
    text_add(text, ":");
    add_padded(text, of_day / 60 % 60, 2);
    text_add(text, ":");
    add_padded(text, of_day % 60, 2);
    if (nanoseconds > 0) {
        text_add(text, ".");
        if (nanoseconds % 1000000 == 0) {
            add_padded(text, nanoseconds / 1000000, 3);
        } else if (nanoseconds % 1000 == 0) {
            add_padded(text, nanoseconds / 1000, 6);
        } else {
            add_padded(text, nanoseconds, 9);
        }
    }
    text_add(text, "Z");
}

void shim_say(const struct text *sentence) {
    struct text line = {0};
    text_add(&line, "drover-shim: ");
    text_add_bytes(&line, sentence->bytes, sentence->length);
    for (size_t index = 0; index < line.length; index++) {
        unsigned char byte = (unsigned char)line.bytes[index];
        if (byte < 0x20 || byte == 0x7F) line.bytes[index] = '?';
    }
    // The byte that is kept for a NUL.
    line.bytes[line.length++] = '\n';
    // Nobody may be there to read it.
    ssize_t ignored = write(STDERR_FILENO, line.bytes, line.length);
    (void)ignored;
}
