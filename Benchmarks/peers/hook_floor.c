// The least that a native program does to report: read what the agent says, send a line, wait for the answer.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(void) {
    static char input[1 << 16], line[4096];
    while (read(0, input, sizeof input) > 0) {}
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char at[64];
    strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now.tv_sec));
    int length = snprintf(line, sizeof line,
        "{\"protocol_version\":1,\"method\":\"event\",\"params\":{\"event_id\":\"evt-%ld%09ld-%d\",\"recorded_at\":\"%s\","
        "\"event_type\":\"pre_tool_use\",\"session_id\":\"floor\",\"pid\":%d,\"cwd\":\"/tmp\",\"tool\":\"Edit\"}}\n",
        (long)now.tv_sec, now.tv_nsec, getpid(), at, getppid());
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("CAPACITOR_DAEMON_SOCKET");
    if (!path || strlen(path) >= sizeof address.sun_path) return 2;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return 3;
    if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length) return 4;
    if (recv(fd, line, sizeof line, 0) < 11 || strncmp(line, "{\"ok\":true", 10)) return 5;
    return 0;
}
