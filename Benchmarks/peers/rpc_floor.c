// What accepting, reading, writing and closing cost at least: one thread, one epoll, a fixed answer to every line.

#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char answer[] =
    "{\"type\":\"version\",\"payload\":{\"version\":{\"version\":\"0.1.0\",\"git_sha\":\"unknown\",\"protocol_version\":\"0.3\","
    "\"capabilities\":[\"structured_protocol_errors\",\"headless_stdio_log_paths\",\"status_session_set_filter\","
    "\"status_updated_since_filter\",\"typed_nudge_outcomes\",\"validate_target_preflight\",\"events_cursor\","
    "\"events_long_poll\",\"tmux_pane_snapshot\"]}}}\n";

// Says whether the connection is done with.
static int serve(int fd) {
    char line[65536];
    ssize_t n = recv(fd, line, sizeof line, MSG_DONTWAIT);
    if (n < 0) return 0;
    if (n > 0 && memchr(line, '\n', (size_t)n)) send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
    close(fd);
    return 1;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc < 2 || strlen(argv[1]) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), ep = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 1024) < 0) return 1;
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener}, events[64];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    puts("{\"port\":0}");
    fflush(stdout);
    while (1) {
        int n = epoll_wait(ep, events, 64, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd != listener) {
                serve(events[i].data.fd);
                continue;
            }
            int fd;
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                if (serve(fd)) continue;
                e = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
            }
        }
    }
}
