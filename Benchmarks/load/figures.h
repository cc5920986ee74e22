// What the load clients have in common: time, samples, and the line of figures that each mode ends with.

#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define MAX_SAMPLES (1 << 22)

static const char *mode = "";
static uint64_t *samples, sample_count, stalls;
static bool sampling;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "load %s: ", mode);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

__attribute__((unused)) static void sample(uint64_t value) {
    if (sampling && sample_count < MAX_SAMPLES) samples[sample_count++] = value;
}

__attribute__((unused)) static double cpu_seconds(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// Processor time the server has used, in all the processes we were told of.
static pid_t server_pids[64];
static int server_count;

__attribute__((unused)) static double server_seconds(void) {
    double total = 0;
    for (int i = 0; i < server_count; i++) {
        clockid_t clock;
        struct timespec t;
        if (clock_getcpuclockid(server_pids[i], &clock) == 0 && clock_gettime(clock, &t) == 0)
            total += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
    }
    return total;
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

// Of samples in ascending order, in milliseconds.
__attribute__((unused)) static double percentile(double p) {
    return sample_count ? (double)samples[(uint64_t)((double)(sample_count - 1) * p)] / 1e6 : 0;
}

__attribute__((unused)) static void report(double seconds, double cpu, double server, uint64_t count) {
    qsort(samples, sample_count, sizeof *samples, ascending);
    printf("{\"mode\":\"%s\",\"count\":%llu,\"seconds\":%.3f,\"perSecond\":%.1f,\"p50Ms\":%.4f,\"p90Ms\":%.4f,\"p99Ms\":%.4f,"
           "\"samples\":%llu,\"stalls\":%llu,\"clientCpu\":%.3f,\"serverCpu\":%.3f,\"perServerCpuSecond\":%.1f}\n",
        mode, (unsigned long long)count, seconds, (double)count / seconds, percentile(0.5), percentile(0.9), percentile(0.99),
        (unsigned long long)sample_count, (unsigned long long)stalls, cpu / seconds, server / seconds,
        server > 0 ? (double)count / server : 0);
    if (count == 0) fail("nothing was counted");
}
