#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/// Makes a socket and the address of a path. Returns the socket or a negative errno.
static int new_socket(const char *path, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

int drover_local_bind(const char *path) {
    struct sockaddr_un address;
    int fd = new_socket(path, &address);
    if (fd < 0) return fd;
    // The file gets the mode of the socket where the kernel allows it, so there is no moment at which others could connect.
    fchmod(fd, 0600);
    mode_t before = umask(0177);
    int result = bind(fd, (const struct sockaddr *)&address, sizeof address);
    int error = errno;
    umask(before);
    if (result < 0) {
        close(fd);
        return -error;
    }
    return fd;
}

int drover_local_listen(int fd, int backlog) { return listen(fd, backlog) < 0 ? errno : 0; }

int drover_local_accept(int fd) {
    int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return connection < 0 ? -errno : connection;
}

int drover_local_connect(const char *path) {
    struct sockaddr_un address;
    int fd = new_socket(path, &address);
    if (fd < 0) return fd;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) return fd;
    int error = errno;
    close(fd);
    return -error;
}

ssize_t drover_local_send(int fd, const void *bytes, size_t count, int file) {
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (file >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &file, sizeof(int));
    }
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

ssize_t drover_local_receive(int fd, void *bytes, size_t size, int files[DROVER_LOCAL_FILES], int *file_count) {
    *file_count = 0;
    struct iovec vector = {.iov_base = bytes, .iov_len = size};
    char control[CMSG_SPACE(sizeof(int) * DROVER_LOCAL_FILES)];
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t sent = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < sent && *file_count < DROVER_LOCAL_FILES; index++) {
            memcpy(&files[(*file_count)++], CMSG_DATA(header) + index * sizeof(int), sizeof(int));
        }
    }
    return count;
}
