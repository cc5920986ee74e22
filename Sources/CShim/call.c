#define _GNU_SOURCE
#include "call.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static bool buffer_grow(struct buffer *buffer) {
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 1 << 16;
    // Moving a mapping leaves no copy behind.
    void *bytes = buffer->capacity ? mremap(buffer->bytes, buffer->capacity, capacity, MREMAP_MAYMOVE)
                                   : mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return false;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void shim_buffer_free(struct buffer *buffer) {
    if (buffer->capacity) {
        explicit_bzero(buffer->bytes, buffer->length);
        munmap(buffer->bytes, buffer->capacity);
    }
    *buffer = (struct buffer){0};
}

/// A call in progress.
struct exchange {
    struct watch *watch;
    struct patience patience;
    int socket;
    /// When it must be over because of news.
    int64_t hurry;
};

/// Waits until the socket is ready, or with -1 until the deadline. False when time is up.
static bool wait_for(struct exchange *exchange, int descriptor, short events, int64_t deadline) {
    while (1) {
        if (exchange->hurry == NEVER && (exchange->watch->news & exchange->patience.hurried_by)) {
            exchange->hurry = shim_now() + exchange->patience.after_news;
        }
        int64_t until = deadline < exchange->hurry ? deadline : exchange->hurry;
        // A peer that is always ready could go on forever.
        if (shim_now() >= until) return false;
        int result = watch_wait(exchange->watch, descriptor, events, until);
        // News does not end the wait, it may shorten it.
        if (result >= 0) return result == 1;
    }
}

static const char *connect_to(struct exchange *exchange, const struct sockaddr_un *address) {
    int64_t deadline = shim_now() + exchange->patience.step;
    while (connect(exchange->socket, (const struct sockaddr *)address, sizeof *address) < 0) {
        if (errno == EINTR) continue;
        // EAGAIN means that the backlog is full, and nothing tells when there is room.
        if (errno != EAGAIN) return errno == ENOENT ? "there is no socket" : "nobody answers at the socket";
        int64_t soon = shim_now() + 20;
        wait_for(exchange, -1, 0, soon < deadline ? soon : deadline);
        if (shim_now() >= deadline || shim_now() >= exchange->hurry) return "the daemon does not take calls";
    }
    return NULL;
}

static const char *send_all(struct exchange *exchange, const char *bytes, size_t length) {
    int64_t deadline = shim_now() + exchange->patience.step;
    while (length > 0) {
        ssize_t count = send(exchange->socket, bytes, length, MSG_NOSIGNAL);
        if (count >= 0) {
            bytes += count;
            length -= (size_t)count;
        } else if (errno == EAGAIN) {
            if (!wait_for(exchange, exchange->socket, POLLOUT, deadline)) return "the daemon does not read";
        } else if (errno != EINTR) {
            return "the daemon closed the connection";
        }
    }
    return NULL;
}

static const char *receive_line(struct exchange *exchange, struct buffer *buffer) {
    int64_t deadline = shim_now() + exchange->patience.step;
    while (1) {
        if (buffer->length == ANSWER_LIMIT) return "the daemon's answer is too long";
        if (buffer->length == buffer->capacity && !buffer_grow(buffer)) return "there is not enough memory";
        if (!wait_for(exchange, exchange->socket, POLLIN, deadline)) return "the daemon does not answer";
        uint8_t *start = buffer->bytes + buffer->length;
        ssize_t count = recv(exchange->socket, start, buffer->capacity - buffer->length, 0);
        if (count == 0) return "the daemon closed the connection in the middle of its answer";
        if (count < 0) {
            if (errno == EAGAIN || errno == EINTR) continue;
            return "the daemon closed the connection";
        }
        buffer->length += (size_t)count;
        if (memchr(start, '\n', (size_t)count)) return NULL;
    }
}

const char *shim_call(struct watch *watch, const struct sockaddr_un *address, const char *request, size_t length,
                 struct patience patience, struct buffer *buffer) {
    struct exchange exchange = {.watch = watch, .patience = patience, .hurry = NEVER};
    exchange.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (exchange.socket < 0) return "there is no descriptor left";
    const char *problem = connect_to(&exchange, address);
    if (!problem) problem = send_all(&exchange, request, length);
    if (!problem) problem = receive_line(&exchange, buffer);
    close(exchange.socket);
    return problem;
}
