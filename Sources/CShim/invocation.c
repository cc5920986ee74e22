#define _GNU_SOURCE
#include "invocation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"

static bool refuse(const char *what, const char *then) {
    struct text sentence = {0};
    text_add(&sentence, what);
    text_add(&sentence, then);
    shim_say(&sentence);
    return false;
}

/// Reads a session id in any of the forms of §2.1 and writes it lower-case and hyphenated.
static bool session_id_read(const char *text, char id[37]) {
    size_t length = strlen(text);
    if (length == 45 && strncmp(text, "urn:uuid:", 9) == 0) {
        text += 9;
        length -= 9;
    } else if (length == 38 && text[0] == '{' && text[37] == '}') {
        text += 1;
        length -= 2;
    }
    bool hyphenated = length == 36;
    if (!hyphenated && length != 32) return false;
    for (size_t index = 0; index < 36; index++) {
        if (index == 8 || index == 13 || index == 18 || index == 23) {
            if (hyphenated && *text++ != '-') return false;
            id[index] = '-';
            continue;
        }
        char digit = *text++;
        if (digit >= 'A' && digit <= 'F') digit = (char)(digit - 'A' + 'a');
        if (!(digit >= '0' && digit <= '9') && !(digit >= 'a' && digit <= 'f')) return false;
        id[index] = digit;
    }
    id[36] = 0;
    return true;
}

static bool read_arguments(struct invocation *invocation, int argc, char *const argv[]) {
    const char *usage = "; usage: drover-shim __shim --session-id UUID";
    const char option[] = "--session-id";
    size_t length = sizeof option - 1;
    if (argc < 2 || strcmp(argv[1], "__shim") != 0) return refuse("it is started by the daemon, not by hand", usage);
    const char *session = NULL;
    for (int index = 2; index < argc; index++) {
        if (session) return refuse("only one session id is taken, and nothing after it", usage);
        if (strncmp(argv[index], option, length) != 0) return refuse("there is an argument it does not know", usage);
        if (argv[index][length] == '=') {
            session = argv[index] + length + 1;
        } else if (argv[index][length] == 0 && index + 1 < argc) {
            session = argv[++index];
        } else {
            return refuse("--session-id needs a session id", usage);
        }
    }
    if (!session) return refuse("it needs a session id", usage);
    if (!session_id_read(session, invocation->session)) return refuse("the session id is not a UUID", usage);
    return true;
}

/// The socket's path by §1.1: the first of three that is set.
static bool read_address(struct sockaddr_un *address) {
    const char *path = getenv("RTM_SOCKET_PATH"), *folder = "", *rest = "";
    if (path) {
        folder = path;
    } else if ((path = getenv("XDG_RUNTIME_DIR")) && *path) {
        folder = path;
        rest = "/rtm/sock";
    } else if ((path = getenv("HOME")) && *path) {
        folder = path;
        rest = "/.rtm/sock";
    } else {
        return refuse("no socket of a daemon is known", "; set RTM_SOCKET_PATH, XDG_RUNTIME_DIR or HOME");
    }
    if (!*folder) return refuse("RTM_SOCKET_PATH is empty", "; set it to the path of the daemon's socket");
    if (strlen(folder) + strlen(rest) >= sizeof address->sun_path) {
        return refuse("the path of the daemon's socket is longer than 107 bytes", "; set RTM_SOCKET_PATH to a shorter one");
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    strcpy(address->sun_path, folder);
    strcat(address->sun_path, rest);
    return true;
}

static int64_t read_second(void) {
    const char *text = getenv("DROVER_SHIM_SECOND_MS");
    long value = text ? strtol(text, NULL, 10) : 0;
    return value >= 1 && value <= 1000 ? value : 1000;
}

bool shim_invocation_read(struct invocation *invocation, int argc, char *const argv[]) {
    invocation->second = read_second();
    return read_arguments(invocation, argc, argv) && read_address(&invocation->address);
}
