// The load client for calls over a Unix socket: a connection, a line, an answer each. Every mode prints one line of
// JSON and exits 0, or a sentence on stderr and exits 1.
//
//   calls call  --socket PATH --request LINE [--expect START] [--clients N] (--seconds S | --count K)
//   calls wait  --socket PATH --clients N          one round for each line of stdin, a call that makes an event
//   calls run   --count K [--clients N] [--stdin FILE] -- PROGRAM…    a process each, from its start to its end
//   calls start --socket PATH --count K -- PROGRAM…    a process each, from its start to the line it sends us
//   calls hello --socket PATH                      what a program must do at least to be measured by `start`
//
// In a request `@UUID@` becomes a new id, and `@N@` the number of the call, from 0.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figures.h"

#define MAX_CLIENTS 1024
#define ANSWER_SIZE (1 << 22)

extern char **environ;

struct client {
    uint64_t began;
    // How much of the answer has come; only its beginning and its end matter.
    size_t received;
    char start[32];
};

static struct {
    const char *request, *expect;
    int clients, count;
    double seconds, warmup;
    char **program;
    const char *input;
} opt = {.clients = 1, .warmup = 0.2, .input = "/dev/null"};

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct client clients[MAX_CLIENTS];
static struct pollfd polled[MAX_CLIENTS + 1];
static char *buffer;
static int calls_made;

// MARK: - One call

// Writes the request of the next call; returns its length.
static size_t fill_in(const char *template, char *out, size_t capacity) {
    size_t n = 0;
    for (const char *p = template; *p; p++) {
        if (n + 64 > capacity) fail("a request is longer than %zu bytes", capacity);
        if (!strncmp(p, "@UUID@", 6)) {
            uint8_t b[16];
            if (getrandom(b, sizeof b, 0) != sizeof b) fail("no random bytes");
            for (int i = 0; i < 16; i++) n += (size_t)sprintf(out + n, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
            p += 5;
        } else if (!strncmp(p, "@N@", 3)) {
            n += (size_t)sprintf(out + n, "%d", calls_made);
            p += 2;
        } else {
            out[n++] = *p;
        }
    }
    out[n++] = '\n';
    calls_made++;
    return n;
}

static int begin(const char *request, size_t length) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("no socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("cannot connect: %s", strerror(errno));
    if (send(fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) fail("cannot send: %s", strerror(errno));
    return fd;
}

// Takes what has come; says whether that was the end of the answer.
static bool receive(struct client *c, int fd, int flags) {
    ssize_t n = recv(fd, buffer, ANSWER_SIZE, flags);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n <= 0) fail("the server closed after %zu bytes: %s", c->received, n ? strerror(errno) : "no line feed");
    for (size_t i = c->received, j = 0; i < sizeof c->start && j < (size_t)n; i++, j++) c->start[i] = buffer[j];
    if (c->received == 0 && opt.expect && strncmp(buffer, opt.expect, strlen(opt.expect)))
        fail("an answer that was not expected: %.*s", (int)(n < 400 ? n : 400), buffer);
    c->received += (size_t)n;
    return buffer[n - 1] == '\n';
}

// A call from beginning to end; its answer, without the line feed, lies in `buffer` afterwards.
static void ask(const char *line) {
    size_t length = strlen(line), used = 0;
    char *request = malloc(length + 1);
    memcpy(request, line, length);
    request[length] = '\n';
    int fd = begin(request, length + 1);
    free(request);
    while (used == 0 || buffer[used - 1] != '\n') {
        if (used == ANSWER_SIZE) fail("an answer is longer than %d bytes", ANSWER_SIZE);
        ssize_t n = recv(fd, buffer + used, ANSWER_SIZE - used, 0);
        if (n <= 0) fail("no answer to %.80s", line);
        used += (size_t)n;
    }
    buffer[used - 1] = 0;
    close(fd);
}

// MARK: - call

static char request_line[1 << 16];
static bool is_fixed;
static size_t request_length;
static int started;

static void start(int i) {
    if (!is_fixed) request_length = fill_in(opt.request, request_line, sizeof request_line);
    clients[i].received = 0;
    clients[i].began = now_ns();
    polled[i] = (struct pollfd){.fd = begin(request_line, request_length), .events = POLLIN};
    started++;
}

static void run_calls(void) {
    is_fixed = !strstr(opt.request, "@UUID@") && !strstr(opt.request, "@N@");
    if (is_fixed) request_length = fill_in(opt.request, request_line, sizeof request_line);
    uint64_t origin = now_ns(), measured_from = origin, done = 0, first = 0, now;
    uint64_t warm = opt.count ? origin : origin + (uint64_t)(opt.warmup * 1e9);
    uint64_t end = opt.count ? UINT64_MAX : warm + (uint64_t)(opt.seconds * 1e9);
    double cpu = cpu_seconds(), server = server_seconds();
    sampling = opt.count > 0;
    for (int i = 0; i < opt.clients; i++) {
        polled[i].fd = -1;
        if (!opt.count || started < opt.count) start(i);
    }
    while ((now = now_ns()) < end && (!opt.count || done < (uint64_t)opt.count)) {
        if (!sampling && now >= warm) {
            sampling = true;
            first = done;
            measured_from = now;
            cpu = cpu_seconds();
            server = server_seconds();
        }
        // One client just waits; several are looked after by one call.
        if (opt.clients > 1 && poll(polled, (nfds_t)opt.clients, 1000) < 0) fail("poll: %s", strerror(errno));
        for (int i = 0; i < opt.clients; i++) {
            if (polled[i].fd < 0 || (opt.clients > 1 && !polled[i].revents)) continue;
            if (!receive(&clients[i], polled[i].fd, opt.clients > 1 ? MSG_DONTWAIT : 0)) continue;
            sample(now_ns() - clients[i].began);
            done++;
            close(polled[i].fd);
            polled[i].fd = -1;
            if (!opt.count || started < opt.count) start(i);
        }
    }
    report((double)(now - measured_from) / 1e9, cpu_seconds() - cpu, server_seconds() - server, done - first);
}

// MARK: - wait

static unsigned long long number_after(const char *name) {
    const char *at = strstr(buffer, name);
    if (!at) fail("no %s in %.200s", name, buffer);
    return strtoull(at + strlen(name), NULL, 10);
}

static uint64_t whole[10000], spread[10000];

static double median_ms(uint64_t *values, int count) {
    qsort(values, (size_t)count, sizeof *values, ascending);
    return count ? (double)values[count / 2] / 1e6 : 0;
}

// In each round all wait, then one call makes an event: how long until the last has its answer?
static void run_waits(void) {
    static char trigger[1 << 16], request[128];
    int rounds = 0;
    sampling = true;
    uint64_t origin = now_ns();
    while (rounds < 10000 && fgets(trigger, sizeof trigger, stdin)) {
        // The cursor of an answer comes after its events.
        ask("{\"type\":\"events\",\"payload\":{\"since\":0}}");
        char *cursor = memrchr(buffer, '"', strlen(buffer));
        if (!cursor || strncmp(cursor - 6, "cursor", 6)) fail("no cursor in %.200s", buffer);
        unsigned long long since = strtoull(cursor + 2, NULL, 10);
        size_t length = (size_t)sprintf(request, "{\"type\":\"events\",\"payload\":{\"since\":%llu,\"wait_ms\":30000}}\n", since);
        for (int i = 0; i < opt.clients; i++) {
            clients[i].received = 0;
            polled[i] = (struct pollfd){.fd = begin(request, length), .events = POLLIN};
        }
        for (uint64_t until = now_ns() + 5000000000ull;;) {
            ask("{\"type\":\"watchers\"}");
            if (number_after("\"event_waiters\":") == (unsigned long long)opt.clients) break;
            if (now_ns() > until) fail("not all of %d wait: %.200s", opt.clients, buffer);
        }
        uint64_t before = now_ns(), first = 0, last = 0;
        int left = opt.clients, maker = begin(trigger, strlen(trigger));
        while (left > 0) {
            if (poll(polled, (nfds_t)opt.clients, 10000) <= 0) fail("%d of %d were not woken", left, opt.clients);
            for (int i = 0; i < opt.clients; i++) {
                if (polled[i].fd < 0 || !polled[i].revents || !receive(&clients[i], polled[i].fd, MSG_DONTWAIT)) continue;
                last = now_ns();
                if (!first) first = last;
                sample(last - before);
                close(polled[i].fd);
                polled[i].fd = -1;
                left--;
            }
        }
        struct client answer = {0};
        while (!receive(&answer, maker, 0)) {}
        close(maker);
        if (strncmp(answer.start, "{\"type\":\"ack\"", 13)) fail("the call that should make an event: %.*s", 32, answer.start);
        whole[rounds] = last - before;
        spread[rounds++] = last - first;
    }
    if (!rounds) fail("there is nothing on stdin");
    printf("{\"mode\":\"wait\",\"rounds\":%d,\"allMs\":%.4f,\"spreadMs\":%.4f,\"seconds\":%.3f}\n", rounds,
        median_ms(whole, rounds), median_ms(spread, rounds), (double)(now_ns() - origin) / 1e9);
}

// MARK: - run and start

static pid_t launch(void) {
    static posix_spawn_file_actions_t quiet;
    static posix_spawnattr_t alone;
    static bool ready;
    if (!ready) {
        // In a session of its own, as the daemon starts a shim: a busy machine makes a new session wait for its first turn,
        // and who asks for one within the time measured has to wait then.
        posix_spawnattr_init(&alone);
        posix_spawnattr_setflags(&alone, POSIX_SPAWN_SETSID);
        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, 0, opt.input, O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
        ready = true;
    }
    pid_t pid;
    int error = posix_spawnp(&pid, opt.program[0], &quiet, &alone, opt.program, environ);
    if (error) fail("cannot start %s: %s", opt.program[0], strerror(error));
    return pid;
}

static void run_programs(void) {
    static pid_t pids[MAX_CLIENTS];
    uint64_t origin = now_ns();
    int running = 0, done = 0;
    sampling = true;
    while (done < opt.count) {
        for (int i = 0; i < opt.clients && started < opt.count; i++) {
            if (pids[i]) continue;
            clients[i].began = now_ns();
            pids[i] = launch();
            started++;
            running++;
        }
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0) fail("waitpid: %s", strerror(errno));
        for (int i = 0; i < opt.clients; i++) {
            if (pids[i] != pid) continue;
            sample(now_ns() - clients[i].began);
            if (!WIFEXITED(status) || WEXITSTATUS(status)) fail("%s failed with status %d", opt.program[0], status);
            pids[i] = 0;
            done++;
        }
    }
    report((double)(now_ns() - origin) / 1e9, 0, 0, (uint64_t)done);
}

static void run_starts(void) {
    static const char refusal[] = "{\"type\":\"error\",\"payload\":{\"code\":\"protocol_mismatch\",\"message\":\"measured\"}}\n";
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0)
        fail("cannot listen at %s: %s", address.sun_path, strerror(errno));
    setenv("RTM_SOCKET_PATH", address.sun_path, 1);
    uint64_t origin = now_ns();
    sampling = true;
    for (int done = 0; done < opt.count; done++) {
        uint64_t began = now_ns();
        pid_t pid = launch();
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        ssize_t n = recv(fd, buffer, ANSWER_SIZE, 0);
        if (n <= 0 || buffer[n - 1] != '\n') fail("%s did not send a line", opt.program[0]);
        sample(now_ns() - began);
        if (send(fd, refusal, sizeof refusal - 1, MSG_NOSIGNAL) < 0) fail("cannot answer: %s", strerror(errno));
        close(fd);
        waitpid(pid, NULL, 0);
    }
    unlink(address.sun_path);
    report((double)(now_ns() - origin) / 1e9, 0, 0, (uint64_t)opt.count);
}

static void expired(int signal) {
    (void)signal;
    static const char text[] = "load: it took too long\n";
    if (write(2, text, sizeof text - 1) < 0) _exit(2);
    _exit(1);
}

int main(int argc, char **argv) {
    if (argc < 2) fail("which mode?");
    mode = argv[1];
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *word = argv[i + 1];
        if (!strcmp(name, "--")) {
            opt.program = argv + i + 1;
            break;
        }
        if (!strcmp(name, "--socket")) {
            if (strlen(word) >= sizeof address.sun_path) fail("%s is too long for a socket", word);
            strcpy(address.sun_path, word);
        } else if (!strcmp(name, "--request")) opt.request = word;
        else if (!strcmp(name, "--expect")) opt.expect = word;
        else if (!strcmp(name, "--clients")) opt.clients = atoi(word);
        else if (!strcmp(name, "--count")) opt.count = atoi(word);
        else if (!strcmp(name, "--seconds")) opt.seconds = atof(word);
        else if (!strcmp(name, "--stdin")) opt.input = word;
        else if (!strcmp(name, "--warmup")) opt.warmup = atof(word);
        else if (!strcmp(name, "--server-pid") && server_count < 64) server_pids[server_count++] = atoi(word);
        else fail("unknown option %s", name);
    }
    if (opt.clients < 1 || opt.clients > MAX_CLIENTS) fail("1 to %d clients", MAX_CLIENTS);
    buffer = malloc(ANSWER_SIZE);
    samples = malloc(MAX_SAMPLES * sizeof *samples);
    signal(SIGALRM, expired);
    alarm((unsigned)opt.seconds + 55);

    bool program = !strcmp(mode, "run") || !strcmp(mode, "start");
    if (program && (!opt.program || opt.count < 1)) fail("it needs --count and a program");
    if (!strcmp(mode, "call")) {
        if (!opt.request || (opt.seconds <= 0 && opt.count < 1)) fail("it needs --request, and --seconds or --count");
        run_calls();
    } else if (!strcmp(mode, "wait")) {
        run_waits();
    } else if (!strcmp(mode, "run")) {
        run_programs();
    } else if (!strcmp(mode, "start")) {
        run_starts();
    } else if (!strcmp(mode, "hello")) {
        if (getenv("RTM_SOCKET_PATH")) strncpy(address.sun_path, getenv("RTM_SOCKET_PATH"), sizeof address.sun_path - 1);
        ask("{\"type\":\"shim_launch\"}");
    } else {
        fail("unknown mode");
    }
    return 0;
}
