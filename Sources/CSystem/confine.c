#define _GNU_SOURCE
#include "include/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

int drover_o_path(void) { return O_PATH; }

int64_t drover_filesystem_kind(int fd) {
    struct statfs system;
    return fstatfs(fd, &system) < 0 ? -1 : (int64_t)system.f_type;
}

// MARK: - Landlock

// By numbers, as the distribution's headers are older than most kernels that this runs on. They are the same on every
// architecture.

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

struct ruleset_attributes {
    uint64_t files;
    uint64_t network;
    uint64_t scoped;
};

struct path_rule {
    uint64_t rights;
    int32_t fd;
} __attribute__((packed));

enum {
    RULE_PATH_BENEATH = 1,
    CREATE_VERSION = 1,
};

#define FILE_EXECUTE (1ULL << 0)
#define FILE_WRITE (1ULL << 1)
#define FILE_READ (1ULL << 2)
#define DIRECTORY_READ (1ULL << 3)

/// All rights concerning files that a version knows: what is not among them is not held back.
static uint64_t file_rights(int version) {
    if (version >= 5) return (1ULL << 16) - 1;
    if (version >= 3) return (1ULL << 15) - 1;
    if (version >= 2) return (1ULL << 14) - 1;
    return (1ULL << 13) - 1;
}

int drover_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0UL, CREATE_VERSION);
    return version > 0 ? (int)version : 0;
}

int drover_landlock_ruleset(void) {
    int version = drover_landlock_version();
    if (version == 0) return -ENOSYS;
    struct ruleset_attributes attributes = {
        .files = file_rights(version),
        .network = version >= 4 ? 3 : 0,
        .scoped = version >= 6 ? 3 : 0,
    };
    size_t size = version >= 6   ? sizeof attributes
                  : version >= 4 ? offsetof(struct ruleset_attributes, scoped)
                                 : offsetof(struct ruleset_attributes, network);
    long fd = syscall(SYS_landlock_create_ruleset, &attributes, size, 0U);
    return fd < 0 ? -errno : (int)fd;
}

int drover_landlock_allow(int ruleset, int path_fd, unsigned rights) {
    struct stat status;
    if (fstat(path_fd, &status) < 0) return errno;
    struct path_rule rule = {.fd = path_fd};
    if (rights & DROVER_LANDLOCK_READ) rule.rights |= FILE_READ;
    if (rights & DROVER_LANDLOCK_EXECUTE) rule.rights |= FILE_EXECUTE;
    if (rights & DROVER_LANDLOCK_WRITE) rule.rights |= FILE_WRITE;
    if (rights & DROVER_LANDLOCK_LIST && S_ISDIR(status.st_mode)) rule.rights |= DIRECTORY_READ;
    if (rule.rights == 0) return 0;
    return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0U) < 0 ? errno : 0;
}

// MARK: - Sockets

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

/// Refuses sockets, and io_uring, by which they could be had as well: Landlock does not hold back those of Unix.
static int refuse_sockets(void) {
#ifdef ARCHITECTURE
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        // Calls in the way of another architecture have other numbers: none of them.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        // Also those of x32, which are above this number.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 425 /* io_uring_setup */, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof filter[0], .filter = filter};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) < 0 ? errno : 0;
#else
    return 0;
#endif
}

int drover_confine_thread(int ruleset) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) < 0) return errno;
    if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0U) < 0) return errno;
    // A kernel without seccomp has the rest at least.
    int error = refuse_sockets();
    return error == EINVAL || error == ENOSYS ? 0 : error;
}
