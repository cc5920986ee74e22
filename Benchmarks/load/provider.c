// A provider of models for the measurements: answers any POST with a stream of chat completions, as OpenAI does. The text of
// each delta is the time at which it was written, in nanoseconds of CLOCK_MONOTONIC between two @.
//
//   provider DELTAS INTERVAL_US      prints {"port":N}
//
// A request in which SHORT stands gets five deltas; one in which HANG stands gets five, and then nothing more.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "figures.h"

#define MAX_CLIENTS 256
#define REQUEST_SIZE (1 << 18)

struct client {
    char *request;
    size_t length;
    // How many deltas are left, and when the next is due; 0 while there is nothing to be sent.
    int left;
    bool hangs;
    uint64_t due;
};

static struct client clients[MAX_CLIENTS];
static struct pollfd polled[MAX_CLIENTS + 1];

static void put(int i, const char *text, size_t length) {
    if (send(polled[i].fd, text, length, MSG_NOSIGNAL) != (ssize_t)length) polled[i].revents |= POLLHUP;
}

// An event as a chunk of its own.
__attribute__((format(printf, 2, 3))) static void event(int i, const char *format, ...) {
    char payload[1024], chunk[1200];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(payload, sizeof payload, format, arguments);
    va_end(arguments);
    put(i, chunk, (size_t)sprintf(chunk, "%x\r\ndata: %s\n\n\r\n", n + 8, payload));
}

#define CHUNK "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1770000000,\"model\":\"bench\",\"choices\":"

static void send_delta(int i) {
    event(i, CHUNK "[{\"index\":0,\"delta\":{\"content\":\"@%llu@\"},\"finish_reason\":null}]}", (unsigned long long)now_ns());
}

static void send_end(int i) {
    event(i, CHUNK "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}");
    event(i, CHUNK "[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":300,\"total_tokens\":310}}");
    event(i, "[DONE]");
    put(i, "0\r\n\r\n", 5);
}

// Says whether a whole request has come.
static bool is_whole(struct client *c) {
    c->request[c->length] = 0;
    char *end = strstr(c->request, "\r\n\r\n"), *length = strcasestr(c->request, "\r\ncontent-length:");
    if (!end) return false;
    size_t body = c->length - (size_t)(end + 4 - c->request);
    if (length && length < end) return body >= strtoull(length + 17, NULL, 10);
    return strcasestr(c->request, "\r\ntransfer-encoding: chunked") ? body >= 5 && strstr(end + 4, "0\r\n\r\n") : true;
}

int main(int argc, char **argv) {
    mode = "provider";
    if (argc != 3) fail("how many deltas, and how many microseconds apart?");
    int deltas = atoi(argv[1]);
    uint64_t interval = strtoull(argv[2], NULL, 10) * 1000;
    prctl(PR_SET_TIMERSLACK, 1);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 256) < 0) fail("cannot listen: %s", strerror(errno));
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int i = 0; i < MAX_CLIENTS; i++) polled[i].fd = -1;
    polled[MAX_CLIENTS] = (struct pollfd){.fd = listener, .events = POLLIN};

    for (;;) {
        uint64_t next = UINT64_MAX, now = now_ns();
        for (int i = 0; i < MAX_CLIENTS; i++)
            if (polled[i].fd >= 0 && clients[i].due && clients[i].due < next) next = clients[i].due;
        uint64_t wait = next == UINT64_MAX ? 1000000000 : next > now ? next - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(wait / 1000000000), .tv_nsec = (long)(wait % 1000000000)};
        if (ppoll(polled, MAX_CLIENTS + 1, &timeout, NULL) < 0 && errno != EINTR) fail("ppoll: %s", strerror(errno));
        now = now_ns();
        for (int i = 0; i < MAX_CLIENTS; i++) {
            struct client *c = &clients[i];
            if (polled[i].fd < 0) continue;
            if (polled[i].revents) {
                ssize_t n = recv(polled[i].fd, c->request + c->length, REQUEST_SIZE - 1 - c->length, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN)) {
                    close(polled[i].fd);
                    polled[i].fd = -1;
                    continue;
                }
                if (n > 0) c->length += (size_t)n;
                if (n > 0 && is_whole(c)) {
                    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
                    c->hangs = strstr(c->request, "HANG") != NULL;
                    c->left = c->hangs || strstr(c->request, "SHORT") ? 5 : deltas;
                    c->length = 0;
                    c->due = now;
                    put(i, head, sizeof head - 1);
                }
            }
            if (!c->due || c->due > now) continue;
            send_delta(i);
            c->due = now - c->due > interval ? now + interval : c->due + interval;
            if (--c->left > 0) continue;
            c->due = 0;
            if (!c->hangs) send_end(i);
        }
        if (!polled[MAX_CLIENTS].revents) continue;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), place = 0;
        if (fd < 0) continue;
        while (place < MAX_CLIENTS && polled[place].fd >= 0) place++;
        if (place == MAX_CLIENTS) fail("too many connections");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        char *request = clients[place].request ? clients[place].request : malloc(REQUEST_SIZE);
        clients[place] = (struct client){.request = request};
        polled[place] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
}
