// The load client: one thread, one epoll, frames read by their headers only, so that it costs much less than
// any server it drives. Every mode prints one line of JSON and exits 0, or a sentence on stderr and exits 1.
//
//   load MODE --proto sio|ws|raw|nats|http --port N [options]
//
//   fanout    N subscribers, one publisher that keeps W publications outstanding (W = 1: one at a time)
//   latency   N subscribers, R publications a second, time from publication to each delivery
//   watch     N subscribers of a terminal, time from the mark in the output to each delivery
//   echo      N connections, one acknowledged echo outstanding on each
//   connect   N handshakes at a time: connect, handshake, close
//   idle      open N connections, say so, hold them until stdin ends
//   http      N keep-alive connections with P requests outstanding on each
//
// A mark is '@', the sender's CLOCK_MONOTONIC in nanoseconds as 19 digits, and ';'.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "figures.h"

#define RECEIVE_SIZE (1 << 18)
#define MARK_SIZE 21

enum proto { SIO, WS, RAW, NATS, HTTP };
enum state { CONNECTING, UPGRADING, OPENING, NAMESPACE, JOINING, READY };
enum role { SUBSCRIBER, PUBLISHER };

struct conn {
    int fd;
    uint8_t state, proto, role, pub;
    bool want_write;
    uint8_t *carry;  // the incomplete frame at the end of the last read
    uint32_t carry_size, carry_capacity;
    uint8_t *out;  // bytes the kernel has not taken yet
    uint32_t out_size, out_capacity;
    uint64_t sent_at;
    uint32_t outstanding;
};

static struct {
    const char *path, *join, *pub_path, *pub_room, *host_header;
    enum proto proto;
    int port, n, window, size, rate, pipeline, pub;
    double seconds, warmup;
} opt = {.path = NULL, .n = 100, .window = 32, .size = 100, .rate = 50, .pipeline = 1, .seconds = 2, .warmup = 0.5};

static int ep;
static struct conn *conns;
static struct conn publisher;
static uint8_t *buffer;
static uint64_t deliveries, replies, established, ready, bytes_in;
static bool scan_marks, connecting_only, echoing;
static char filler[70000];

// MARK: - Sending

static void watch(struct conn *c, bool write) {
    if (c->want_write == write) return;
    c->want_write = write;
    struct epoll_event e = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

static void flush(struct conn *c) {
    uint32_t done = 0;
    while (done < c->out_size) {
        ssize_t n = send(c->fd, c->out + done, c->out_size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            done += (uint32_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else {
            fail("cannot send: %s", strerror(errno));
        }
    }
    memmove(c->out, c->out + done, c->out_size - done);
    c->out_size -= done;
    watch(c, c->out_size > 0);
}

static void put(struct conn *c, const void *bytes, size_t size) {
    if (c->out_size + size > c->out_capacity) {
        c->out_capacity = (uint32_t)((c->out_size + size) * 2);
        c->out = realloc(c->out, c->out_capacity);
    }
    memcpy(c->out + c->out_size, bytes, size);
    c->out_size += (uint32_t)size;
}

// A masked frame whose mask is zero: servers unmask it all the same.
static void put_frame(struct conn *c, int opcode, const char *text, size_t size) {
    uint8_t head[14] = {(uint8_t)(0x80 | opcode)};
    size_t n;
    if (size < 126) {
        head[1] = (uint8_t)(0x80 | size);
        n = 6;
    } else if (size < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        n = 8;
    } else {
        fail("a frame of %zu bytes is larger than this client sends", size);
    }
    put(c, head, n);
    put(c, text, size);
}

static void put_text(struct conn *c, const char *text) { put_frame(c, 1, text, strlen(text)); }

// The value that is published or echoed: about `size` bytes of JSON with a mark in it.
static size_t value(char *out, uint64_t stamp) {
    int pad = opt.size - 42;
    return (size_t)sprintf(out, "{\"t\":\"@%019llu;\",\"p\":\"%.*s\"}", (unsigned long long)stamp, pad > 0 ? pad : 0, filler);
}

static void publish(uint64_t stamp) {
    static char text[80000], body[70000];
    static unsigned id;
    size_t n = value(body, stamp);
    switch (publisher.pub) {
    case SIO:
        n = (size_t)sprintf(text, "42%u[\"publish\",%s]", id++ % 1000, body);
        put_frame(&publisher, 1, text, n);
        break;
    case WS:
    case RAW:
        n = (size_t)sprintf(text, "{\"publish\":%s}", body);
        put_frame(&publisher, 1, text, n);
        break;
    case NATS:
        put(&publisher, text, (size_t)sprintf(text, "PUB r %zu\r\n%s\r\n", n, body));
        break;
    case HTTP: {
        // Either the value as it is, or the room server's {room, event, data} around it.
        static char whole[70100];
        const char *type = "text/plain", *content = body;
        if (opt.pub_room) {
            n = (size_t)sprintf(whole, "{\"room\":\"%s\",\"event\":\"ev\",\"data\":%s}", opt.pub_room, body);
            type = "application/json";
            content = whole;
        }
        put(&publisher, text,
            (size_t)sprintf(text, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                opt.pub_path, opt.host_header, type, n, content));
        break;
    }
    }
}

static void send_echo(struct conn *c) {
    char text[70100], body[70000];
    value(body, 0);
    if (c->proto == SIO) {
        sprintf(text, "421[\"echo\",%s]", body);
    } else {
        sprintf(text, "{\"echo\":%s}", body);
    }
    put_text(c, text);
    c->sent_at = now_ns();
    flush(c);
}

static void put_request(struct conn *c) {
    char text[1024];
    put(c, text, (size_t)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", opt.path, opt.host_header));
}

// MARK: - Connections

static void start(struct conn *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) fail("no socket: %s", strerror(errno));
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        fail("cannot connect: %s", strerror(errno));
    c->state = CONNECTING;
    c->carry_size = c->out_size = 0;
    c->want_write = true;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

// Closes at once, leaving no TIME_WAIT behind: ports would run out.
static void stop(struct conn *c) {
    struct linger linger = {1, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(c->fd);
    c->fd = -1;
}

static void connected(struct conn *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("cannot connect: %s", strerror(error));
    char text[1024];
    switch (c->proto) {
    case HTTP:
        c->state = READY;
        ready++;
        break;
    case NATS:
        c->state = OPENING;  // the server speaks first
        break;
    default:
        put(c, text,
            (size_t)snprintf(text, sizeof text,
                "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                opt.path, opt.host_header));
        c->state = UPGRADING;
    }
    flush(c);
}

static void became_ready(struct conn *c) {
    c->state = READY;
    ready++;
    established++;
    if (connecting_only) {
        stop(c);
        start(c);
    } else if (echoing) {
        send_echo(c);
    }
}

static void join_or_ready(struct conn *c) {
    if (c->role == SUBSCRIBER && opt.join && !connecting_only && !echoing) {
        put_text(c, opt.join);
        c->state = JOINING;
        flush(c);
    } else {
        became_ready(c);
    }
}

// MARK: - Receiving

static void scan(const uint8_t *bytes, size_t size, uint64_t at) {
    const uint8_t *end = bytes + size, *p = bytes;
    while ((p = memchr(p, '@', (size_t)(end - p))) && end - p >= MARK_SIZE) {
        if (p[20] == ';') {
            uint64_t stamp = 0;
            int i = 1;
            for (; i < 20 && p[i] >= '0' && p[i] <= '9'; i++) stamp = stamp * 10 + (uint64_t)(p[i] - '0');
            if (i == 20) {
                deliveries++;
                sample(at - stamp);
                p += MARK_SIZE;
                continue;
            }
        }
        p++;
    }
}

// One text frame of a WebSocket. Returns false when the connection was closed meanwhile.
static bool text_frame(struct conn *c, const uint8_t *text, size_t size, uint64_t at) {
    if (c->proto == SIO && size == 1 && text[0] == '2') {
        put_text(c, "3");
        flush(c);
        return true;
    }
    switch (c->state) {
    case OPENING:
        if (size < 2 || text[0] != '0') fail("expected an open packet, got %.*s", (int)size, text);
        put_text(c, "40");
        flush(c);
        c->state = NAMESPACE;
        return true;
    case NAMESPACE:
        if (size < 2 || text[0] != '4' || text[1] != '0') fail("expected CONNECT, got %.*s", (int)size, text);
        join_or_ready(c);
        return c->fd >= 0 && c->state != CONNECTING;
    case JOINING:
        if (c->proto == SIO && (size < 2 || text[1] != '3')) return true;  // an event before the acknowledgement
        if (memmem(text, size, "\"ok\":false", 10) || memmem(text, size, "\"error\"", 7))
            fail("the join was refused: %.*s", (int)size, text);
        became_ready(c);
        return true;
    case READY:
        if (echoing) {
            if (c->proto == SIO && text[1] != '3') return true;
            replies++;
            sample(at - c->sent_at);
            send_echo(c);
        } else if (c->role == PUBLISHER) {
            replies++;
        } else if (c->proto == SIO && !(size > 3 && text[0] == '4' && text[1] == '2' && text[2] == '[')) {
            return true;
        } else if (scan_marks) {
            scan(text, size, at);
        } else {
            deliveries++;
        }
        return true;
    }
    return true;
}

// Takes whole frames from `p`; returns how many bytes were used, or -1 when the connection was closed meanwhile.
static ssize_t frames(struct conn *c, const uint8_t *p, size_t size, uint64_t at) {
    const uint8_t *begin = p, *end = p + size;
    while (end - p >= 2) {
        uint64_t length = p[1] & 127;
        size_t head = 2;
        if (length == 126) {
            if (end - p < 4) break;
            length = (uint64_t)p[2] << 8 | p[3];
            head = 4;
        } else if (length == 127) {
            if (end - p < 10) break;
            length = 0;
            for (int i = 2; i < 10; i++) length = length << 8 | p[i];
            head = 10;
        }
        if ((uint64_t)(end - p) < head + length) break;
        const uint8_t *payload = p + head;
        int opcode = p[0] & 15;
        if (opcode == 1 || opcode == 2) {
            if (!text_frame(c, payload, length, at)) return -1;
        } else if (opcode == 9) {
            put_frame(c, 10, (const char *)payload, length);
            flush(c);
        } else if (opcode == 8) {
            fail("the server closed a connection: %d %.*s", length >= 2 ? payload[0] << 8 | payload[1] : 0,
                length > 2 ? (int)length - 2 : 0, payload + 2);
        }
        p = payload + length;
    }
    return p - begin;
}

static ssize_t nats_lines(struct conn *c, const uint8_t *p, size_t size, uint64_t at) {
    const uint8_t *begin = p, *end = p + size;
    while (p < end) {
        const uint8_t *line = memchr(p, '\n', (size_t)(end - p));
        if (!line) break;
        size_t used = (size_t)(line - p) + 1;
        if (p[0] == 'M') {
            size_t length = 0;
            const uint8_t *digits = line - 2;
            while (*digits != ' ') digits--;
            for (digits++; *digits != '\r'; digits++) length = length * 10 + (size_t)(*digits - '0');
            if ((size_t)(end - p) < used + length + 2) break;
            if (scan_marks) {
                scan(line + 1, length, at);
            } else {
                deliveries++;
            }
            used += length + 2;
        } else if (!memcmp(p, "INFO", 4)) {
            const char *hello = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n";
            put(c, hello, strlen(hello));
            if (c->role == SUBSCRIBER && opt.join) put(c, "SUB r 1\r\n", 9);
            put(c, "PING\r\n", 6);
            c->state = JOINING;
            flush(c);
        } else if (!memcmp(p, "PONG", 4)) {
            if (c->state == JOINING) {
                became_ready(c);
                if (connecting_only) return -1;
            }
        } else if (!memcmp(p, "PING", 4)) {
            put(c, "PONG\r\n", 6);
            flush(c);
        } else if (!memcmp(p, "-ERR", 4)) {
            fail("the server says %.*s", (int)(line - p), p);
        }
        p += used;
    }
    return p - begin;
}

static ssize_t responses(struct conn *c, const uint8_t *p, size_t size, uint64_t at) {
    const uint8_t *begin = p, *end = p + size;
    uint32_t done = 0;
    while (p < end) {
        const uint8_t *blank = memmem(p, (size_t)(end - p), "\r\n\r\n", 4);
        if (!blank) break;
        const uint8_t *field = memmem(p, (size_t)(blank - p) + 2, "ontent-", 7);
        while (field && strncasecmp((const char *)field, "ontent-length:", 14))
            field = memmem(field + 7, (size_t)(blank - field) - 7, "ontent-", 7);
        if (!field) fail("a response without Content-Length: %.*s", (int)(blank - p), p);
        size_t length = strtoul((const char *)field + 14, NULL, 10);
        if ((size_t)(end - blank) < 4 + length) break;
        if (p[9] != '2') fail("a response that is not 2xx: %.*s", (int)(blank - p), p);
        p = blank + 4 + length;
        done++;
    }
    replies += done;
    if (c->role == SUBSCRIBER && done) {
        c->outstanding -= done;
        if (c->outstanding == 0) {
            sample(at - c->sent_at);
            for (; c->outstanding < (uint32_t)opt.pipeline; c->outstanding++) put_request(c);
            c->sent_at = at;
            flush(c);
        }
    }
    return p - begin;
}

static void received(struct conn *c) {
    memcpy(buffer, c->carry, c->carry_size);
    ssize_t n = recv(c->fd, buffer + c->carry_size, RECEIVE_SIZE - c->carry_size, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) fail("the server ended a connection in state %d: %s", c->state, n ? strerror(errno) : "closed");
    bytes_in += (uint64_t)n;
    uint8_t *p = buffer;
    size_t size = c->carry_size + (size_t)n;
    uint64_t at = sampling || echoing ? now_ns() : 0;
    c->carry_size = 0;

    if (c->state == UPGRADING) {
        uint8_t *blank = memmem(p, size, "\r\n\r\n", 4);
        if (blank) {
            if (memcmp(p, "HTTP/1.1 101", 12)) fail("the upgrade was refused: %.*s", (int)size, p);
            size -= (size_t)(blank + 4 - p);
            p = blank + 4;
            c->state = OPENING;
            if (c->proto != SIO) {
                join_or_ready(c);
                if (connecting_only) return;
            }
        }
    }
    if (c->state != UPGRADING) {
        ssize_t used;
        if (c->proto == HTTP) {
            used = responses(c, p, size, at);
        } else if (c->proto == NATS) {
            used = nats_lines(c, p, size, at);
        } else {
            used = frames(c, p, size, at);
        }
        if (used < 0) return;
        p += used;
        size -= (size_t)used;
    }
    if (size) {
        if (size >= RECEIVE_SIZE) fail("a frame is larger than %d bytes", RECEIVE_SIZE);
        if (size > c->carry_capacity) {
            c->carry_capacity = (uint32_t)size * 2;
            c->carry = realloc(c->carry, c->carry_capacity);
        }
        memcpy(c->carry, p, size);
        c->carry_size = (uint32_t)size;
    }
}

// Waits for events and handles them. `extra` is a descriptor that only wakes us.
static bool turn(int timeout_ms, int extra) {
    static struct epoll_event events[1024];
    int n = epoll_wait(ep, events, 1024, timeout_ms);
    bool woken = false;
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if (!c) {
            uint64_t ticks;
            if (extra >= 0 && read(extra, &ticks, sizeof ticks) >= 0) woken = true;
            continue;
        }
        if (c->fd < 0) continue;
        if (c->state == CONNECTING) {
            if (events[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) connected(c);
            continue;
        }
        if (events[i].events & EPOLLOUT) flush(c);
        if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) received(c);
    }
    return woken;
}

static void wake_on(int fd) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) < 0) fail("cannot wait for descriptor %d: %s", fd, strerror(errno));
}

static void open_all(int n, int at_a_time) {
    uint64_t deadline = now_ns() + 60000000000ull;
    conns = calloc((size_t)n, sizeof *conns);
    int started = 0;
    while (ready < (uint64_t)n) {
        while (started < n && started - (int)ready < at_a_time) {
            conns[started].proto = (uint8_t)opt.proto;
            conns[started].role = SUBSCRIBER;
            start(&conns[started++]);
        }
        turn(1000, -1);
        if (now_ns() > deadline) fail("only %llu of %d connections after 60 s", (unsigned long long)ready, n);
    }
}

static void open_publisher(void) {
    uint64_t deadline = now_ns() + 10000000000ull, before = ready;
    publisher.proto = (uint8_t)(opt.pub == HTTP ? HTTP : opt.proto);
    publisher.pub = (uint8_t)opt.pub;
    publisher.role = PUBLISHER;
    start(&publisher);
    while (ready == before) {
        turn(1000, -1);
        if (now_ns() > deadline) fail("the publisher could not connect");
    }
}

static void settle(int ms) {
    for (uint64_t until = now_ns() + (uint64_t)ms * 1000000; now_ns() < until;) turn(10, -1);
}

// MARK: - Reports

// Lets a loop run for the warm-up and then for the measured time, and reports what `counter` gained.
static void measure(const uint64_t *counter, bool with_samples, void (*step)(void)) {
    uint64_t begin = now_ns() + (uint64_t)(opt.warmup * 1e9), end = begin + (uint64_t)(opt.seconds * 1e9), now;
    uint64_t first = 0, first_at = 0;
    double cpu = 0, server = 0;
    while ((now = now_ns()) < end) {
        if (!first_at && now >= begin) {
            first = *counter;
            first_at = now;
            cpu = cpu_seconds();
            server = server_seconds();
            sampling = with_samples;
            sample_count = 0;
        }
        step();
    }
    report((double)(now - first_at) / 1e9, cpu_seconds() - cpu, server_seconds() - server, *counter - first);
}

// MARK: - Modes

static uint64_t published, progress, progress_at;

static void fanout_step(void) {
    uint64_t n = (uint64_t)opt.n, complete = deliveries / n;
    if (deliveries != progress) {
        progress = deliveries;
        progress_at = now_ns();
    } else if (progress_at && now_ns() - progress_at > 1000000000ull) {
        stalls++;  // something was dropped: begin again
        deliveries = progress = (deliveries + n - 1) / n * n;
        complete = deliveries / n;
        published = complete;
        progress_at = now_ns();
    }
    if (!progress_at) progress_at = now_ns();
    bool any = false;
    for (; published < complete + (uint64_t)opt.window; published++) {
        publish(0);
        any = true;
    }
    if (any) flush(&publisher);
    turn(100, -1);
}

static int timer = -1;

static void latency_step(void) {
    if (turn(100, timer)) {
        publish(now_ns());
        flush(&publisher);
    }
}

static void plain_step(void) { turn(100, -1); }

static void run_idle(void) {
    open_all(opt.n, 64);
    settle(300);
    printf("{\"ready\":%llu}\n", (unsigned long long)ready);
    fflush(stdout);
    fcntl(0, F_SETFL, O_NONBLOCK);
    wake_on(0);
    for (uint64_t until = now_ns() + 120000000000ull; now_ns() < until;)
        if (turn(1000, 0)) break;
}

static enum proto parse_proto(const char *word) {
    static const char *words[] = {"sio", "ws", "raw", "nats", "http"};
    for (int i = 0; i < 5; i++)
        if (!strcmp(word, words[i])) return (enum proto)i;
    fail("unknown protocol %s", word);
}

int main(int argc, char **argv) {
    if (argc < 2) fail("which mode?");
    mode = argv[1];
    opt.pub = -1;
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *word = argv[i + 1];
        if (!strcmp(name, "--proto")) opt.proto = parse_proto(word);
        else if (!strcmp(name, "--pub")) opt.pub = (int)parse_proto(word);
        else if (!strcmp(name, "--port")) opt.port = atoi(word);
        else if (!strcmp(name, "--path")) opt.path = word;
        else if (!strcmp(name, "--join")) opt.join = word;
        else if (!strcmp(name, "--pub-path")) opt.pub_path = word;
        else if (!strcmp(name, "--pub-room")) opt.pub_room = word;
        else if (!strcmp(name, "--n")) opt.n = atoi(word);
        else if (!strcmp(name, "--window")) opt.window = atoi(word);
        else if (!strcmp(name, "--size")) opt.size = atoi(word);
        else if (!strcmp(name, "--rate")) opt.rate = atoi(word);
        else if (!strcmp(name, "--pipeline")) opt.pipeline = atoi(word);
        else if (!strcmp(name, "--seconds")) opt.seconds = atof(word);
        else if (!strcmp(name, "--warmup")) opt.warmup = atof(word);
        else if (!strcmp(name, "--server-pid") && server_count < 64) server_pids[server_count++] = atoi(word);
        else fail("unknown option %s", name);
    }
    if (opt.pub < 0) opt.pub = opt.proto;
    if (!opt.path) opt.path = opt.proto == SIO ? "/socket.io/?EIO=4&transport=websocket" : opt.proto == HTTP ? "/health" : "/ws";
    if (!opt.join && opt.proto == SIO) opt.join = "420[\"join\",\"r\"]";
    if (!opt.join && opt.proto == WS) opt.join = "{\"join\":\"r\"}";
    if (!opt.join && opt.proto == NATS) opt.join = "r";
    if (!opt.pub_path) opt.pub_path = "/publish";
    static char host[64];
    snprintf(host, sizeof host, "127.0.0.1:%d", opt.port);
    opt.host_header = host;
    if (opt.n < 1 || opt.size > 65000) fail("a size or count is out of range");

    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < (rlim_t)opt.n + 64) fail("%d connections need a higher limit of open files than %llu", opt.n, (unsigned long long)limit.rlim_cur);
    memset(filler, 'x', sizeof filler - 1);
    buffer = malloc(RECEIVE_SIZE);
    samples = malloc(MAX_SAMPLES * sizeof *samples);
    ep = epoll_create1(EPOLL_CLOEXEC);

    if (!strcmp(mode, "fanout")) {
        open_all(opt.n, 64);
        open_publisher();
        settle(100);
        deliveries = 0;
        measure(&deliveries, false, fanout_step);
    } else if (!strcmp(mode, "latency")) {
        scan_marks = true;
        open_all(opt.n, 64);
        open_publisher();
        settle(100);
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        struct itimerspec every = {{0, 1000000000 / opt.rate}, {0, 1000000000 / opt.rate}};
        timerfd_settime(timer, 0, &every, NULL);
        wake_on(timer);
        measure(&deliveries, true, latency_step);
    } else if (!strcmp(mode, "watch")) {
        scan_marks = true;
        open_all(opt.n, 16);
        settle(100);
        measure(&deliveries, true, plain_step);
    } else if (!strcmp(mode, "echo")) {
        echoing = true;
        open_all(opt.n, 64);
        measure(&replies, true, plain_step);
    } else if (!strcmp(mode, "connect")) {
        connecting_only = true;
        conns = calloc((size_t)opt.n, sizeof *conns);
        for (int i = 0; i < opt.n; i++) {
            conns[i].proto = (uint8_t)opt.proto;
            start(&conns[i]);
        }
        measure(&established, false, plain_step);
    } else if (!strcmp(mode, "idle")) {
        opt.join = NULL;
        run_idle();
    } else if (!strcmp(mode, "http")) {
        open_all(opt.n, 64);
        for (int i = 0; i < opt.n; i++) {
            for (int k = 0; k < opt.pipeline; k++) put_request(&conns[i]);
            conns[i].outstanding = (uint32_t)opt.pipeline;
            conns[i].sent_at = now_ns();
            flush(&conns[i]);
        }
        measure(&replies, true, plain_step);
    } else {
        fail("unknown mode");
    }
    return 0;
}
