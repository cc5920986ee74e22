#define _GNU_SOURCE
#include "CShim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "CSystem.h"
#include "birth.h"
#include "call.h"
#include "invocation.h"
#include "text.h"
#include "watch.h"

// The life of a shim (§3.4): fetch the launch, start the runtime, report that it runs, wait, report how it ended.

/// What is reported of a runtime that could not be started (D-13), as shells do.
enum { NOT_STARTABLE = 126, NOT_FOUND = 127 };

struct shim {
    struct invocation invocation;
    struct watch watch;
};

// MARK: - Calls until one succeeds

enum outcome {
    /// The daemon gave the answer that was wanted.
    OUTCOME_ANSWERED,
    /// The last attempt was answered with an error.
    OUTCOME_REFUSED,
    /// The last attempt was not answered, or with nonsense.
    OUTCOME_UNREACHED,
    /// Something happened that made further attempts pointless.
    OUTCOME_OVERTAKEN,
};

/// One call with all its attempts.
struct errand {
    struct text request;
    enum drover_answer_kind wanted;
    /// An error is not asked about again.
    bool errors_are_final;
    /// A set of `enum news` after which there is no further attempt.
    int overtaken_by;
    /// How many seconds an attempt under way still has after such news.
    int64_t last_words;
    /// What was answered. `answer` points into `line`, which the caller frees.
    struct buffer line;
    struct drover_answer answer;
    /// Why there was no answer.
    const char *problem;
};

/// Seconds between one attempt and the next (§3.4).
static const int delays[] = {1, 2, 4, 8, 16, 30, 30, 30, 30};
enum { ATTEMPTS = sizeof delays / sizeof delays[0] + 1, CALL_SECONDS = 10, GRACE_SECONDS = 5 };

static enum outcome attempt(struct shim *shim, struct errand *errand) {
    struct patience patience = {
        .step = CALL_SECONDS * shim->invocation.second,
        .hurried_by = errand->overtaken_by,
        .after_news = errand->last_words * shim->invocation.second,
    };
    shim_buffer_free(&errand->line);
    errand->problem = shim_call(&shim->watch, &shim->invocation.address, errand->request.bytes, errand->request.length,
                           patience, &errand->line);
    if (errand->problem) return OUTCOME_UNREACHED;
    const uint8_t *end = memchr(errand->line.bytes, '\n', errand->line.length);
    errand->answer = drover_answer_read(errand->line.bytes, (size_t)(end - errand->line.bytes));
    if (errand->answer.kind == errand->wanted) return OUTCOME_ANSWERED;
    if (errand->answer.kind == DROVER_ANSWER_ERROR) return OUTCOME_REFUSED;
    errand->problem = "the daemon's answer is not one of the protocol";
    return OUTCOME_UNREACHED;
}

/// Sleeps before the next attempt. False when there is none to be made.
static bool pause_before_next(struct shim *shim, const struct errand *errand, int made) {
    if (made == ATTEMPTS) return false;
    int64_t until = shim_now() + delays[made - 1] * shim->invocation.second;
    while (!(shim->watch.news & errand->overtaken_by)) {
        if (watch_wait(&shim->watch, -1, 0, until) == 0) return true;
    }
    return false;
}

static enum outcome run(struct shim *shim, struct errand *errand) {
    for (int made = 1;; made++) {
        enum outcome outcome = attempt(shim, errand);
        if (outcome == OUTCOME_ANSWERED || (outcome == OUTCOME_REFUSED && errand->errors_are_final)) return outcome;
        if (!pause_before_next(shim, errand, made)) {
            return shim->watch.news & errand->overtaken_by ? OUTCOME_OVERTAKEN : outcome;
        }
    }
}

/// Tells people what became of an errand that failed.
static void explain(const struct shim *shim, const struct errand *errand, enum outcome outcome, const char *what) {
    struct text sentence = {0};
    text_add(&sentence, what);
    if (outcome == OUTCOME_REFUSED) {
        text_add(&sentence, ": the daemon says ");
        // In its own place, since it only becomes shorter.
        struct drover_json message = errand->answer.message;
        uint8_t *place = errand->line.bytes + (message.start - errand->line.bytes);
        text_add_bytes(&sentence, place, drover_json_decode(message, place));
    } else {
        text_add(&sentence, ": ");
        text_add(&sentence, errand->problem);
        text_add(&sentence, " at ");
        text_add(&sentence, shim->invocation.address.sun_path);
        text_add(&sentence, "; is the daemon running?");
    }
    shim_say(&sentence);
}

// MARK: - The three calls

static void request_for_session(struct text *request, const char *type, const char *member, const struct shim *shim) {
    text_add(request, "{\"type\":\"");
    text_add(request, type);
    text_add(request, "\",\"payload\":{\"");
    text_add(request, member);
    text_add(request, "\":{\"session_id\":\"");
    text_add(request, shim->invocation.session);
    text_add(request, "\"");
}

static void add_nullable(struct text *request, const char *key, bool known, int value) {
    text_add(request, key);
    if (known) {
        text_add_number(request, value);
    } else {
        text_add(request, "null");
    }
}

/// Reports the end of the runtime; a code or a signal, or neither when nobody knows. Returns the shim's exit code.
static int report_exit(struct shim *shim, bool has_code, bool has_signal, int value) {
    struct errand errand = {.wanted = DROVER_ANSWER_ACK};
    request_for_session(&errand.request, "shim_exit", "exit", shim);
    add_nullable(&errand.request, ",\"exit\":{\"code\":", has_code, value);
    add_nullable(&errand.request, ",\"signal\":", has_signal, value);
    text_add(&errand.request, "}}}}\n");
    enum outcome outcome = run(shim, &errand);
    if (outcome != OUTCOME_ANSWERED) explain(shim, &errand, outcome, "the end of the runtime could not be reported");
    shim_buffer_free(&errand.line);
    return outcome == OUTCOME_ANSWERED ? 0 : 1;
}

/// Reports that the runtime runs. When the daemon will not have it, the runtime must not go on either (D-14).
static void report_ready(struct shim *shim, pid_t runtime) {
    struct errand errand = {
        .wanted = DROVER_ANSWER_ACK,
        // Even a runtime that is over at once has been running, and a spawn waits to hear it.
        .overtaken_by = NEWS_ENDED,
        .last_words = 2,
    };
    request_for_session(&errand.request, "shim_ready", "ready", shim);
    text_add(&errand.request, ",\"shim_pid\":");
    text_add_number(&errand.request, getpid());
    text_add(&errand.request, ",\"runtime_pid\":");
    text_add_number(&errand.request, runtime);
    text_add(&errand.request, ",\"start_time\":\"");
    text_add_start_of(&errand.request, runtime);
    text_add(&errand.request, "\",\"tmux_pane\":null}}}\n");
    enum outcome outcome = run(shim, &errand);
    // Nothing is said while the runtime has the terminal.
    if (outcome == OUTCOME_REFUSED) watch_stop(&shim->watch);
    shim_buffer_free(&errand.line);
}

// MARK: - The runtime

/// Starts the runtime; on failure says why and returns what to report instead of its exit code.
static int start(struct shim *shim, const struct drover_launch *launch, pid_t *runtime) {
    const int stdio[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
    // It stays in our process group, which tmux made the terminal's foreground: the keys of the pane reach it, and as
    // in any pane without a shell, Ctrl-Z stops nobody, since nobody could continue it.
    struct drover_spawn_result spawned = drover_spawn_child(launch->argv, launch->envp, launch->cwd, stdio, 0, 0);
    if (spawned.pid > 0) {
        *runtime = spawned.pid;
        watch_runtime(&shim->watch, spawned.pidfd);
        return 0;
    }
    bool in_folder = spawned.stage == DROVER_SPAWN_CHDIR;
    struct text sentence = {0};
    text_add(&sentence, in_folder ? "the folder " : "the runtime ");
    text_add(&sentence, in_folder ? launch->cwd : launch->argv[0]);
    text_add(&sentence, in_folder ? " cannot be entered: " : " cannot be started: ");
    const char *reason = strerrordesc_np(spawned.error);
    text_add(&sentence, reason ? reason : "the reason is unknown");
    shim_say(&sentence);
    return spawned.stage == DROVER_SPAWN_EXEC && spawned.error == ENOENT ? NOT_FOUND : NOT_STARTABLE;
}

/// Fetches the launch, starts the runtime by it, and forgets it: it holds secrets. Returns true when the runtime runs;
/// else `exit_code` is that of the shim, all being said and reported.
static bool launch(struct shim *shim, pid_t *runtime, int *exit_code) {
    struct errand errand = {
        .wanted = DROVER_ANSWER_LAUNCH, .errors_are_final = true, .overtaken_by = NEWS_STOP, .last_words = 0};
    request_for_session(&errand.request, "shim_launch", "request", shim);
    text_add(&errand.request, "}}}\n");
    enum outcome outcome = run(shim, &errand);
    if (outcome == OUTCOME_REFUSED || outcome == OUTCOME_UNREACHED) {
        explain(shim, &errand, outcome, "there is nothing to launch");
        shim_buffer_free(&errand.line);
        *exit_code = 1;
        return false;
    }
    if (outcome == OUTCOME_OVERTAKEN) {
        // Asked to end before there was a runtime. The launch may have been taken, so the daemon hears of it.
        shim_buffer_free(&errand.line);
        *exit_code = report_exit(shim, false, true, SIGTERM);
        return false;
    }
    struct drover_launch specification;
    const char *problem = drover_launch_read(errand.answer.launch, &specification);
    shim_buffer_free(&errand.line);
    int failure = NOT_STARTABLE;
    if (problem) {
        struct text sentence = {0};
        text_add(&sentence, "what the daemon wants to be launched cannot be: ");
        text_add(&sentence, problem);
        shim_say(&sentence);
    } else {
        failure = start(shim, &specification, runtime);
        drover_launch_free(&specification);
    }
    if (failure == 0) return true;
    *exit_code = report_exit(shim, true, false, failure);
    return false;
}

// MARK: - From beginning to end

/// Sees to it that descriptors we open never take the numbers of stdin, stdout and stderr.
static void fill_stdio(void) {
    int descriptor;
    do {
        descriptor = open("/dev/null", O_RDWR);
    } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    if (descriptor >= 0) close(descriptor);
}

/// Leaves the daemon's session and terminal (D-16). In a pane the session is tmux's making and stays as it is.
static void settle(void) {
    struct termios terminal;
    if (tcgetattr(STDIN_FILENO, &terminal) < 0) setsid();
}

int drover_shim_main(int argc, char *const argv[]) {
    fill_stdio();
    struct shim shim;
    if (!shim_invocation_read(&shim.invocation, argc, argv)) return 2;
    settle();
    if (!watch_open(&shim.watch, GRACE_SECONDS * shim.invocation.second)) {
        struct text sentence = {0};
        text_add(&sentence, "it cannot watch for signals: there is no descriptor left");
        shim_say(&sentence);
        return 1;
    }
    pid_t runtime = 0;
    int exit_code = 0;
    if (!launch(&shim, &runtime, &exit_code)) return exit_code;
    report_ready(&shim, runtime);
    while (!(shim.watch.news & NEWS_ENDED)) watch_wait(&shim.watch, -1, 0, NEVER);
    bool known = !shim.watch.unknown;
    return report_exit(&shim, known && !shim.watch.signaled, known && shim.watch.signaled, shim.watch.code);
}
