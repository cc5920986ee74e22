// Writes a line with a mark every 20 ms: what the terminal benchmark runs inside a PTY. Ends by itself.
//
//   ticker [SECONDS]

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
    long ticks = (argc > 1 ? atol(argv[1]) : 60) * 50;
    struct timespec next, now;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (long i = 0; i < ticks; i++) {
        next.tv_nsec += 20000000;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        char line[64];
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t stamp = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
        int size = snprintf(line, sizeof line, "@%019llu;\n", (unsigned long long)stamp);
        if (write(1, line, (size_t)size) < 0) return 1;
    }
    return 0;
}
