#define _GNU_SOURCE
#include "birth.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/// Reads the start of a file and ends it with a NUL. Returns its length, 0 when it cannot be read.
static size_t read_file(const char *path, char *bytes, size_t capacity) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    size_t length = 0;
    ssize_t count;
    while (length < capacity - 1 && (count = read(file, bytes + length, capacity - 1 - length)) > 0) {
        length += (size_t)count;
    }
    close(file);
    bytes[length] = 0;
    return length;
}

static bool read_number(const char *text, uint64_t *number) {
    if (*text < '0' || *text > '9') return false;
    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) *number = *number * 10 + (uint64_t)(*text - '0');
    return true;
}

/// Field 22 of /proc/<pid>/stat.
static bool read_ticks(pid_t pid, uint64_t *ticks) {
    struct text path = {0};
    text_add(&path, "/proc/");
    text_add_number(&path, pid);
    text_add(&path, "/stat");
    char stat[1024];
    if (read_file(text_end(&path), stat, sizeof stat) == 0) return false;
    // The second field is a name in parentheses and may hold anything, parentheses too.
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at, ' ');
        if (at) at++;
    }
    return at && read_number(at, ticks);
}

/// When the machine started, in seconds since 1970. The line comes after those of the processors and of the interrupts,
/// which may be long, so the file is read in pieces.
static bool read_boot_time(uint64_t *seconds) {
    int file = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    char bytes[1024];
    size_t length = 0;
    bool found = false, line_start = true;
    while (!found) {
        ssize_t count = read(file, bytes + length, sizeof bytes - 1 - length);
        if (count <= 0) break;
        length += (size_t)count;
        bytes[length] = 0;
        char *at = bytes, *end;
        while (!found && (end = strchr(at, '\n'))) {
            found = line_start && strncmp(at, "btime ", 6) == 0 && read_number(at + 6, seconds);
            at = end + 1;
            line_start = true;
        }
        length -= (size_t)(at - bytes);
        memmove(bytes, at, length);
        // A line longer than the room for it is none of ours: its beginning is forgotten.
        if (length == sizeof bytes - 1) {
            length = 0;
            line_start = false;
        }
    }
    close(file);
    return found;
}

void text_add_start_of(struct text *text, pid_t pid) {
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    uint64_t ticks, booted;
    bool known = false;
    for (int attempt = 0; attempt < 5 && !known; attempt++) {
        if (attempt > 0) nanosleep(&pause, NULL);
        known = read_ticks(pid, &ticks) && read_boot_time(&booted);
    }
    if (known) {
        uint64_t rate = (uint64_t)sysconf(_SC_CLK_TCK);
        uint32_t fraction = (uint32_t)(ticks % rate * 1000000000 / rate);
        text_add_time(text, (int64_t)(booted + ticks / rate), fraction);
    } else {
        struct timespec time;
        clock_gettime(CLOCK_REALTIME, &time);
        text_add_time(text, time.tv_sec, (uint32_t)time.tv_nsec);
    }
}
