// The load client for HTTP streams: requests over connections that are kept, whose answers come piece by piece. Every mode
// prints one line of JSON and exits 0, or a sentence on stderr and exits 1.
//
//   streams turns  --port P [--n N] [--stay yes] (--seconds S | --count K)    a turn of a chat each, in a session of its own;
//                                                                            with --stay a connection keeps its first one
//   streams deltas --port P --path PATH --body JSON --count K --deltas D [--n N]    K streams with D time stamps in each
//   streams hold   --port P --path PATH --body JSON --deltas D [--n N]        streams that stay open until stdin is closed;
//                                                                            says ready when D time stamps came on each
//   streams get    --port P --path PATH --seconds S                           a whole answer each

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "figures.h"

#define MAX_CLIENTS 256
#define HEAD_SIZE 8192
#define READ_SIZE (1 << 18)

enum state { HEAD, FIXED, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, DONE };

struct client {
    enum state state;
    uint64_t began, first;
    char head[HEAD_SIZE];
    size_t head_length;
    uint64_t left, body_length;
    // Of the body what fits; a stream's fits.
    char *body;
    size_t kept, scanned;
    unsigned marks;
    char session[64];
};

static struct {
    const char *path, *body;
    int port, clients, count, deltas;
    double seconds, warmup;
    bool stay;
} opt = {.path = "/api/chat", .clients = 1, .warmup = 0.2};

#define BODY_SIZE (1 << 18)

static struct client clients[MAX_CLIENTS];
static struct pollfd polled[MAX_CLIENTS];
static char *buffer;
static int started;

// MARK: - HTTP

static void connect_client(int i) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("cannot connect: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    polled[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    clients[i].body = malloc(BODY_SIZE);
}

static void request(int i, const char *body) {
    static char text[16384];
    struct client *c = &clients[i];
    int n = body
        ? snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
              opt.path, opt.port, strlen(body), body)
        : snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", opt.path, opt.port);
    if (n >= (int)sizeof text) fail("the request is longer than %zu bytes", sizeof text);
    c->state = HEAD;
    c->first = c->head_length = c->left = c->body_length = c->kept = c->scanned = c->marks = 0;
    c->began = now_ns();
    if (send(polled[i].fd, text, (size_t)n, MSG_NOSIGNAL) != n) fail("cannot send: %s", strerror(errno));
    started++;
}

static void take_head(struct client *c) {
    c->head[c->head_length] = 0;
    const char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (strcasestr(c->head, "\r\ntransfer-encoding: chunked")) c->state = CHUNK_SIZE;
    else if (!length) fail("an answer without a length: %s", c->head);
    else if ((c->left = strtoull(length + 17, NULL, 10)) == 0) c->state = DONE;
    else c->state = FIXED;
}

// Takes bytes of an answer.
static void feed(struct client *c, const char *p, size_t n) {
    const char *end = p + n;
    while (p < end) {
        switch (c->state) {
        case HEAD:
            if (c->head_length == HEAD_SIZE - 1) fail("the head of an answer is too long");
            c->head[c->head_length++] = *p++;
            if (p[-1] == '\n' && c->head_length >= 4 && !memcmp(c->head + c->head_length - 4, "\r\n\r\n", 4)) take_head(c);
            break;
        case FIXED:
        case CHUNK: {
            size_t take = (size_t)(end - p) < c->left ? (size_t)(end - p) : c->left;
            size_t keep = take < BODY_SIZE - c->kept ? take : BODY_SIZE - c->kept;
            memcpy(c->body + c->kept, p, keep);
            c->kept += keep;
            c->body_length += take;
            c->left -= take;
            p += take;
            if (c->left == 0) c->state = c->state == FIXED ? DONE : CHUNK_END;
            break;
        }
        case CHUNK_SIZE: {
            char digit = *p++;
            if (digit >= '0' && digit <= '9') c->left = c->left * 16 + (uint64_t)(digit - '0');
            else if ((digit | 32) >= 'a' && (digit | 32) <= 'f') c->left = c->left * 16 + (uint64_t)((digit | 32) - 'a' + 10);
            else if (digit == '\n') c->state = c->left ? CHUNK : TRAILER;
            break;
        }
        case CHUNK_END:
            if (*p++ == '\n') c->state = CHUNK_SIZE;
            break;
        case TRAILER:
            if (*p++ == '\n') c->state = DONE;
            break;
        case DONE: fail("more came than the answer: %.*s", (int)(end - p < 200 ? end - p : 200), p);
        }
    }
}

// Reads what has come; says whether that was the end of the answer.
static bool receive(int i, uint64_t *at) {
    struct client *c = &clients[i];
    ssize_t n = recv(polled[i].fd, buffer, READ_SIZE, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    *at = now_ns();
    if (n <= 0) fail("the server closed in the midst of an answer: %.*s", (int)(c->kept < 400 ? c->kept : 400), c->body);
    if (!c->first) c->first = *at;
    feed(c, buffer, (size_t)n);
    if (c->state == DONE && strncmp(c->head, "HTTP/1.1 200", 12))
        fail("an answer that was not expected: %.60s… %.*s", c->head, (int)(c->kept < 400 ? c->kept : 400), c->body);
    return c->state == DONE;
}

static void wait_for_some(int timeout) {
    int n = poll(polled, (nfds_t)opt.clients, timeout);
    if (n < 0 && errno != EINTR) fail("poll: %s", strerror(errno));
    if (n == 0 && timeout >= 10000) fail("nothing came for %d s", timeout / 1000);
}

static bool has_come(int i) { return polled[i].fd >= 0 && polled[i].revents; }

static bool contains(struct client *c, const char *text) { return memmem(c->body, c->kept, text, strlen(text)) != NULL; }

// MARK: - turns

static void start_turn(int i) {
    static char body[256];
    struct client *c = &clients[i];
    int n = snprintf(body, sizeof body, "{\"message\":\"What is to be done with number %d?\"", started);
    if (opt.stay && *c->session) n += snprintf(body + n, sizeof body - (size_t)n, ",\"session_id\":\"%s\"", c->session);
    snprintf(body + n, sizeof body - (size_t)n, "}");
    request(i, body);
}

static void end_turn(struct client *c) {
    if (!contains(c, "event: delta\n") || !contains(c, "event: done\n"))
        fail("a turn that did not end well: %.*s", (int)(c->kept < 800 ? c->kept : 800), c->body);
    if (!opt.stay || *c->session) return;
    static const char key[] = "{\"session_id\":\"";
    const char *id = memmem(c->body, c->kept, key, sizeof key - 1);
    if (!id) fail("no session in %.*s", (int)(c->kept < 800 ? c->kept : 800), c->body);
    id += sizeof key - 1;
    memcpy(c->session, id, strcspn(id, "\"") < sizeof c->session ? strcspn(id, "\"") : 0);
}

static void run_turns(void) {
    uint64_t origin = now_ns(), measured_from = origin, done = 0, first = 0, now = origin, at, thirds[3] = {0};
    uint64_t warm = opt.count ? origin : origin + (uint64_t)(opt.warmup * 1e9), length = (uint64_t)(opt.seconds * 1e9);
    uint64_t end = opt.count ? UINT64_MAX : warm + length;
    double cpu = cpu_seconds(), server = server_seconds();
    sampling = opt.count > 0;
    for (int i = 0; i < opt.clients; i++) {
        connect_client(i);
        start_turn(i);
    }
    while ((now = now_ns()) < end && (!opt.count || done < (uint64_t)opt.count)) {
        if (!sampling && now >= warm) {
            sampling = true;
            first = done;
            measured_from = now;
            end = now + length;
            cpu = cpu_seconds();
            server = server_seconds();
        }
        wait_for_some(10000);
        for (int i = 0; i < opt.clients; i++) {
            if (!has_come(i) || !receive(i, &at)) continue;
            end_turn(&clients[i]);
            sample(at - clients[i].began);
            if (sampling && !opt.count && at >= measured_from) {
                uint64_t third = (at - measured_from) * 3 / length;
                thirds[third < 3 ? third : 2]++;
            }
            done++;
            if (!opt.count || started < opt.count) start_turn(i);
        }
    }
    double seconds = (double)(now - measured_from) / 1e9;
    double used = server_seconds() - server, client = cpu_seconds() - cpu;
    uint64_t count = done - first;
    if (!count) fail("nothing was counted");
    qsort(samples, sample_count, sizeof *samples, ascending);
    printf("{\"mode\":\"turns\",\"count\":%llu,\"seconds\":%.3f,\"perSecond\":%.1f,\"p50Ms\":%.4f,\"p90Ms\":%.4f,\"p99Ms\":%.4f,"
           "\"firstThird\":%.1f,\"secondThird\":%.1f,\"lastThird\":%.1f,\"keptPercent\":%.2f,"
           "\"clientCpu\":%.3f,\"serverCpu\":%.3f,\"perServerCpuSecond\":%.1f}\n",
        (unsigned long long)count, seconds, (double)count / seconds, percentile(0.5), percentile(0.9), percentile(0.99),
        (double)thirds[0] * 3 / seconds, (double)thirds[1] * 3 / seconds, (double)thirds[2] * 3 / seconds,
        thirds[0] ? (double)thirds[2] * 100 / (double)thirds[0] : 0, client / seconds, used / seconds,
        used > 0 ? (double)count / used : 0);
}

// MARK: - deltas

// Takes the time stamps that have come, which are nanoseconds between two @.
static void take_marks(struct client *c, uint64_t at) {
    while (c->scanned < c->kept) {
        char *open = memchr(c->body + c->scanned, '@', c->kept - c->scanned);
        if (!open) {
            c->scanned = c->kept;
            return;
        }
        size_t after = (size_t)(open - c->body) + 1;
        char *close = memchr(c->body + after, '@', c->kept - after);
        if (!close) {
            c->scanned = after - 1;
            return;
        }
        uint64_t sent = strtoull(open + 1, NULL, 10);
        if (sent == 0 || sent > at) fail("a time stamp that is none: %.*s", (int)(close - open), open);
        sample(at - sent);
        c->marks++;
        c->scanned = (size_t)(close - c->body) + 1;
    }
}

static double median_ms(uint64_t *values, size_t count) {
    qsort(values, count, sizeof *values, ascending);
    return count ? (double)values[count / 2] / 1e6 : 0;
}

static void run_deltas(void) {
    static uint64_t first_bytes[65536], first_marks[65536];
    if (opt.count > 65536) fail("too many streams");
    uint64_t origin = now_ns(), at;
    int done = 0, begun = 0;
    double cpu = cpu_seconds(), server = server_seconds();
    sampling = true;
    for (int i = 0; i < opt.clients; i++) {
        connect_client(i);
        if (started < opt.count) request(i, opt.body);
    }
    while (done < opt.count) {
        wait_for_some(10000);
        for (int i = 0; i < opt.clients; i++) {
            struct client *c = &clients[i];
            if (!has_come(i)) continue;
            at = 0;
            bool over = receive(i, &at);
            if (!at) continue;
            unsigned before = c->marks;
            take_marks(c, at);
            if (!before && c->marks) {
                first_bytes[begun] = c->first - c->began;
                first_marks[begun++] = at - c->began;
            }
            if (!over) continue;
            if (c->marks != (unsigned)opt.deltas)
                fail("%u deltas came, and not %d: %.*s", c->marks, opt.deltas, (int)(c->kept < 400 ? c->kept : 400), c->body);
            done++;
            if (started < opt.count) request(i, opt.body);
        }
    }
    double seconds = (double)(now_ns() - origin) / 1e9;
    double used = server_seconds() - server, client = cpu_seconds() - cpu;
    qsort(samples, sample_count, sizeof *samples, ascending);
    printf("{\"mode\":\"deltas\",\"streams\":%d,\"deltas\":%llu,\"seconds\":%.3f,\"firstByteMs\":%.4f,\"firstDeltaMs\":%.4f,"
           "\"p50Ms\":%.4f,\"p90Ms\":%.4f,\"p99Ms\":%.4f,\"clientCpu\":%.3f,\"serverCpu\":%.3f,\"serverUsPerDelta\":%.3f}\n",
        done, (unsigned long long)sample_count, seconds, median_ms(first_bytes, (size_t)begun), median_ms(first_marks, (size_t)begun),
        percentile(0.5), percentile(0.9), percentile(0.99), client / seconds, used / seconds, used * 1e6 / (double)sample_count);
}

// MARK: - hold

static void run_hold(void) {
    uint64_t at, until = now_ns() + 30000000000ull;
    for (int i = 0; i < opt.clients; i++) {
        connect_client(i);
        request(i, opt.body);
    }
    for (int waiting = opt.clients; waiting > 0;) {
        wait_for_some(10000);
        if (now_ns() > until) fail("%d of %d streams have not begun", waiting, opt.clients);
        waiting = opt.clients;
        for (int i = 0; i < opt.clients; i++) {
            at = 0;
            if (has_come(i) && receive(i, &at)) fail("a stream ended: %.*s", (int)(clients[i].kept < 400 ? clients[i].kept : 400), clients[i].body);
            if (at) take_marks(&clients[i], at);
            waiting -= clients[i].marks >= (unsigned)opt.deltas;
        }
    }
    printf("ready\n");
    fflush(stdout);
    while (read(0, buffer, READ_SIZE) > 0) {}
}

// MARK: - get

static void run_gets(void) {
    uint64_t origin = now_ns(), end = origin + (uint64_t)(opt.seconds * 1e9), at = origin, done = 0, bytes = 0;
    double cpu = cpu_seconds(), server = server_seconds();
    opt.clients = 1;
    connect_client(0);
    // The first answer is not measured.
    for (request(0, NULL); at < end || done < 4;) {
        wait_for_some(20000);
        if (!has_come(0) || !receive(0, &at)) continue;
        sample(at - clients[0].began);
        if (!sampling) {
            sampling = true;
            origin = at;
            end = at + (uint64_t)(opt.seconds * 1e9);
            cpu = cpu_seconds();
            server = server_seconds();
        } else {
            done++;
        }
        bytes = clients[0].body_length;
        request(0, NULL);
    }
    double seconds = (double)(at - origin) / 1e9, used = server_seconds() - server;
    qsort(samples, sample_count, sizeof *samples, ascending);
    printf("{\"mode\":\"get\",\"count\":%llu,\"seconds\":%.3f,\"p50Ms\":%.4f,\"p99Ms\":%.4f,\"bytes\":%llu,\"clientCpu\":%.3f,"
           "\"serverCpu\":%.3f,\"serverMsEach\":%.4f}\n",
        (unsigned long long)done, seconds, percentile(0.5), percentile(0.99), (unsigned long long)bytes,
        (cpu_seconds() - cpu) / seconds, used / seconds, used * 1e3 / (double)done);
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
        if (!strcmp(name, "--port")) opt.port = atoi(word);
        else if (!strcmp(name, "--path")) opt.path = word;
        else if (!strcmp(name, "--body")) opt.body = word;
        else if (!strcmp(name, "--n")) opt.clients = atoi(word);
        else if (!strcmp(name, "--count")) opt.count = atoi(word);
        else if (!strcmp(name, "--deltas")) opt.deltas = atoi(word);
        else if (!strcmp(name, "--seconds")) opt.seconds = atof(word);
        else if (!strcmp(name, "--warmup")) opt.warmup = atof(word);
        else if (!strcmp(name, "--stay")) opt.stay = !strcmp(word, "yes");
        else if (!strcmp(name, "--server-pid") && server_count < 64) server_pids[server_count++] = atoi(word);
        else fail("unknown option %s", name);
    }
    if (opt.clients < 1 || opt.clients > MAX_CLIENTS) fail("1 to %d connections", MAX_CLIENTS);
    buffer = malloc(READ_SIZE);
    samples = malloc(MAX_SAMPLES * sizeof *samples);
    signal(SIGALRM, expired);
    alarm((unsigned)opt.seconds + 55);

    if (!strcmp(mode, "turns")) {
        if (opt.seconds <= 0 && opt.count < opt.clients) fail("it needs --seconds, or --count of at least the connections");
        run_turns();
    } else if (!strcmp(mode, "deltas")) {
        if (!opt.body || opt.count < 1 || opt.deltas < 1) fail("it needs --body, --count and --deltas");
        run_deltas();
    } else if (!strcmp(mode, "hold")) {
        if (!opt.body || opt.deltas < 1) fail("it needs --body and --deltas");
        run_hold();
    } else if (!strcmp(mode, "get")) {
        if (opt.seconds <= 0) fail("it needs --seconds");
        run_gets();
    } else {
        fail("unknown mode");
    }
    return 0;
}
