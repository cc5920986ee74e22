"""`drover chat` against a runtime that says what the test has it say: people, pipes, programs, the bridge."""

import contextlib
import json
import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.program import built, clean_environment
from harness.scripted_runtime import Refusal, ScriptedRuntime, config, event, says, session, streams
from harness.tty import Terminal
from harness.waiting import eventually

SESSION = event("session", {"session_id": "s-0001"})
DONE = event("done", {"session_id": "s-0001", "usage": None, "finish_reason": "stop"})
CTRL_C, CTRL_D = b"\x03", b"\x04"


def tool_call(name: str = "ls", output: str = "a\nb\n", is_error: bool = False, **args) -> bytes:
    return event("tool_call", {"id": "c1", "name": name, "args": args, "output": output, "is_error": is_error})


@pytest.fixture
def make_runtime() -> Iterator:
    made: list[ScriptedRuntime] = []

    def make(chat=None, **options) -> ScriptedRuntime:
        runtime = ScriptedRuntime(chat=chat, **options)
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        runtime.__exit__()


@pytest.fixture
def person(tmp_path):
    """Runs `drover chat` with a home of its own."""

    class Person:
        home = tmp_path / "home"
        binary = str(built("drover", "DROVER_BIN"))

        def environment(self, runtime: ScriptedRuntime | None, **more: str) -> dict[str, str]:
            url = runtime.url if runtime else "http://127.0.0.1:1"
            return clean_environment(HOME=str(tmp_path), DROVER_HOME=str(self.home), DROVER_URL=url, **more)

        def chat(self, runtime, *words: str, stdin: bytes | None = None, **more: str) -> subprocess.CompletedProcess:
            return subprocess.run(
                [self.binary, "chat", *words],
                env=self.environment(runtime, **more),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                timeout=60,
                check=False,
            )

        def lines(self, runtime, *words: str, **options) -> tuple[int, list[dict]]:
            run = self.chat(runtime, *words, "--json", **options)
            return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]

    person = Person()
    person.home.mkdir(mode=0o700)
    return person


@pytest.fixture
def sit(person):
    """Sits down at a terminal in which `drover chat` runs."""
    opened: list[Terminal] = []

    def sit(runtime, *words: str, **options) -> Terminal:
        environment = person.environment(runtime)
        terminal = Terminal([person.binary, "chat", *words], environment, folder=person.home, **options)
        opened.append(terminal)
        return terminal

    yield sit
    for terminal in opened:
        terminal.close()


# One question


def test_a_question_is_answered_in_plain_text(person, make_runtime):
    runtime = make_runtime(says("It is ", "Monday."))
    run = person.chat(runtime, "which", "day?")
    assert (run.returncode, run.stdout, run.stderr) == (0, b"It is Monday.\n", b"")
    assert runtime.asked("POST", "/api/chat")[0].json == {"message": "which day?"}


@pytest.mark.parametrize("words", [(), ("-",)], ids=["alone", "dash"])
def test_a_question_may_be_piped_in(person, make_runtime, words):
    runtime = make_runtime(says("yes"))
    run = person.chat(runtime, *words, stdin="ist es wärmer?\nja oder nein\n\n".encode())
    assert (run.returncode, run.stdout) == (0, b"yes\n")
    assert runtime.requests[0].json == {"message": "ist es wärmer?\nja oder nein"}


def test_a_pipe_gets_what_the_model_says_and_nothing_else(person, make_runtime):
    runtime = make_runtime(
        streams(SESSION, event("delta", "Looking."), tool_call(), event("delta", "Two files:\n\n- a\n- b\n"), DONE)
    )
    run = person.chat(runtime, "what is here?")
    assert (run.returncode, run.stdout, run.stderr) == (0, b"Looking.\nTwo files:\n\n- a\n- b\n", b"")


def test_what_a_terminal_would_act_upon_is_made_harmless(person, make_runtime):
    runtime = make_runtime(says("a\x1b]0;title\x07b\x1b[2J\tc\x9bd\x7f\u202ee\n\x00"))
    run = person.chat(runtime, "x")
    text = run.stdout.decode()
    assert text == "a␛]0;title␇b␛[2J\tc�d␡�e\n␀\n"


def test_text_comes_through_whole_however_it_is_cut(person, make_runtime):
    body = SESSION + event("delta", " é 日本 🎉\n") + event("delta", " \n") + DONE.replace(b"\n", b"\r\n")
    runtime = make_runtime(streams(*(bytes([byte]) for byte in body)))
    assert person.chat(runtime, "x").stdout == " é 日本 🎉\n \n".encode()


def test_a_session_goes_on(person, make_runtime):
    one = session("3f0e1c2d-0000-4000-8000-000000000001", ("user", "hi"))
    runtime = make_runtime(says("ok"), sessions=[one])
    for given, meant in [
        (one["id"], one["id"]),
        ("3f0e1", one["id"]),
        ("3f0", "3f0"),
        ("custom-1", "custom-1"),
    ]:
        assert person.chat(runtime, "--session", given, "go on").returncode == 0
        assert runtime.asked("POST", "/api/chat")[-1].json == {"message": "go on", "session_id": meant}


def test_a_word_of_its_own_can_be_said_too(person, make_runtime):
    runtime = make_runtime(says("ok"))
    for words in [("--new", "sessions"), ("--", "sessions"), ("-s", "s-1", "show", "me"), ("delete it all please",)]:
        assert person.chat(runtime, *words).returncode == 0
    said = [request.json["message"] for request in runtime.asked("POST", "/api/chat")]
    assert said == ["sessions", "sessions", "show me", "delete it all please"]


def test_the_token_is_shown(person, make_runtime):
    runtime = make_runtime(says("ok"))
    person.chat(runtime, "x", DROVER_TOKEN="secret")
    assert runtime.requests[0].headers["authorization"] == "Bearer secret"


# Programs


def test_programs_get_a_line_for_every_event(person, make_runtime):
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    done = event("done", {"session_id": "s-0001", "usage": usage, "finish_reason": "stop", "stop_detail": "x"})
    runtime = make_runtime(
        streams(
            SESSION,
            event("delta", "Lo"),
            event("delta", "ok\n"),
            tool_call("read", "tool error: no", True, path="x"),
            event("delta", "Do"),
            event("delta", "ne. \x1b"),
            done,
        )
    )
    code, lines = person.lines(runtime, "go")
    assert code == 0
    assert lines == [
        {"event": "session", "session_id": "s-0001"},
        {"event": "delta", "chunk": "Lo"},
        {"event": "delta", "chunk": "ok\n"},
        {
            "event": "tool_call",
            "id": "c1",
            "name": "read",
            "args": {"path": "x"},
            "output": "tool error: no",
            "is_error": True,
        },
        {"event": "delta", "chunk": "Do"},
        {"event": "delta", "chunk": "ne. \x1b"},
        {
            "event": "done",
            "session_id": "s-0001",
            "usage": usage,
            "finish_reason": "stop",
            "stop_detail": "x",
            "assistant_message": "Done. \x1b",
            "tool_error_count": 1,
        },
    ]


def failing(code: str | None):
    data = {"message": "it broke"} | ({"code": code} if code else {})
    return streams(SESSION, event("error", data))


def gave_up(is_error: bool):
    done = event("done", {"session_id": "s-0001", "usage": None, "finish_reason": "tool_calls"})
    return streams(SESSION, tool_call(), tool_call(is_error=is_error), event("delta", "max iterations"), done)


def refusing(status: int, code: str):
    def chat(*_):
        raise Refusal(status, code, "the daemon says no")

    return chat


@pytest.mark.parametrize(
    ("chat", "code", "error"),
    [
        pytest.param(refusing(400, "invalid_request"), 2, "HTTP_BAD_REQUEST", id="400"),
        pytest.param(refusing(400, "config_invalid"), 5, "HTTP_BAD_REQUEST", id="400-config"),
        pytest.param(refusing(401, "unauthorized"), 5, "HTTP_UNAUTHORIZED", id="401"),
        pytest.param(refusing(404, "not_found"), 3, "HTTP_NOT_FOUND", id="404"),
        pytest.param(refusing(503, "service_unavailable"), 4, "HTTP_SERVER_ERROR", id="503"),
        pytest.param(refusing(500, "internal_error"), 20, "HTTP_SERVER_ERROR", id="500"),
        pytest.param(refusing(429, "slow_down"), 20, "UNKNOWN", id="429"),
        pytest.param(failing("internal_error"), 11, "internal_error", id="error"),
        pytest.param(failing(None), 11, "internal_error", id="error-without-code"),
        pytest.param(failing("not_found"), 3, "not_found", id="error-deleted"),
        pytest.param(failing("shutting_down"), 4, "shutting_down", id="error-shutting-down"),
        pytest.param(failing("config_invalid"), 5, "config_invalid", id="error-config"),
        pytest.param(streams(SESSION), 20, "SSE_PROTOCOL_ERROR", id="truncated"),
        pytest.param(streams(DONE), 20, "SSE_PROTOCOL_ERROR", id="no-session"),
        pytest.param(streams(SESSION, b"data: \xff\n\n"), 20, "SSE_PROTOCOL_ERROR", id="no-utf-8"),
        pytest.param(gave_up(True), 12, None, id="tool"),
        pytest.param(gave_up(False), 0, None, id="tools-that-worked"),
    ],
)
def test_exit_codes_tell_what_went_wrong(person, make_runtime, chat, code, error):
    runtime = make_runtime(chat)
    run = person.chat(runtime, "x")
    assert run.returncode == code, run.stderr
    if error:
        sentence, *_ = run.stderr.decode().splitlines()
        assert sentence.endswith(".") and sentence[0].isupper()
    else:
        assert run.stderr == b""
    exit_code, lines = person.lines(runtime, "x")
    assert exit_code == code
    assert lines[-1]["event"] == ("error" if error else "done")
    assert lines[-1].get("code") == error


def test_no_daemon_is_10(person):
    run = person.chat(None, "x")
    assert run.returncode == 10
    assert b"drover up" in run.stderr
    code, lines = person.lines(None, "x")
    assert (code, lines[-1]["code"]) == (10, "NETWORK_UNAVAILABLE")


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("",), None),
        ((), b" \n"),
        (("--session", "a", "--new", "x"), None),
        (("--socket", "/x", "y"), None),
        (("--bridge", "x"), None),
        (("show",), None),
        (("--nosuch", "x"), None),
        (("-",), b"x" * ((1 << 20) + 1)),
    ],
    ids=["empty", "blank", "session-and-new", "socket", "bridge", "show", "option", "long"],
)
def test_what_cannot_be_asked_is_2(person, make_runtime, words, stdin):
    runtime = make_runtime(says("no"))
    assert person.chat(runtime, *words, stdin=stdin).returncode == 2
    assert runtime.asked("POST", "/api/chat") == []


def test_ctrl_c_cancels_the_turn(person, make_runtime):
    def chat(runtime, _):
        yield SESSION + event("delta", "thinking")
        yield from runtime.hold_until_cancelled()

    runtime = make_runtime(chat)
    process = subprocess.Popen(
        [person.binary, "chat", "x"], env=person.environment(runtime), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout.read(8) == b"thinking"
    process.send_signal(signal.SIGINT)
    assert runtime.wait_for("POST", "/api/sessions/s-0001/cancel")
    assert process.wait(20) == 130
    process.stdout.close()


def test_a_second_ctrl_c_leaves(person, make_runtime):
    def chat(runtime, _):
        yield SESSION + event("delta", "thinking")
        yield from runtime.hold()

    runtime = make_runtime(chat)
    process = subprocess.Popen(
        [person.binary, "chat", "x"], env=person.environment(runtime), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout.read(8) == b"thinking"
    process.send_signal(signal.SIGINT)
    runtime.wait_for("POST", "/api/sessions/s-0001/cancel")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert runtime.left.wait(20)
    process.stdout.close()


# Records


def test_conversations_are_listed_shown_and_deleted(person, make_runtime):
    one = session("3f0e1c2d-0000-4000-8000-000000000001", ("user", "first\nline"), ("assistant", "it\x1b[2J is"))
    two = session("custom-1")
    runtime = make_runtime(sessions=[one, two])
    table = person.chat(runtime, "sessions").stdout.decode().splitlines()
    assert re.split(r"\s{2,}", table[0].strip()) == ["ID", "CHANGED", "MESSAGES", "LAST"]
    assert table[1].startswith("3f0e1c2d") and table[1].endswith("it [2J is")
    assert table[2].startswith("custom-1") and table[2].endswith("(empty)")
    assert json.loads(person.chat(runtime, "sessions", "--json").stdout) == [one, two]
    shown = person.chat(runtime, "show", "3f0e").stdout.decode()
    assert shown == "user\nfirst\nline\n\nassistant\nit␛[2J is\n"
    assert json.loads(person.chat(runtime, "show", "custom-1", "--json").stdout) == two
    assert person.chat(runtime, "delete", "3f0e1c2d").returncode == 0
    assert runtime.asked("DELETE", f"/api/sessions/{one['id']}")
    for verb in ("show", "delete"):
        run = person.chat(runtime, verb, "3f0e1c2d")
        assert run.returncode == 3
        assert b"drover chat sessions" in run.stderr


def test_a_beginning_of_two_ids_is_no_id(person, make_runtime):
    runtime = make_runtime(sessions=[session("abcd-1"), session("abcd-2")])
    run = person.chat(runtime, "show", "abcd")
    assert run.returncode == 2
    assert b"abcd-1" in run.stderr and b"abcd-2" in run.stderr


def test_completion_offers_conversations(person, make_runtime):
    runtime = make_runtime(sessions=[session("3f0e1c2d-0000-4000-8000-000000000001", ("user", "hello"))])
    run = subprocess.run(
        [person.binary, "__complete", "chats"], env=person.environment(runtime), capture_output=True, check=True
    )
    assert run.stdout == b"3f0e1c2d\thello\n"


# A conversation


def test_a_conversation(sit, person, make_runtime):
    runtime = make_runtime(says("Hello ", "there."))
    terminal = sit(runtime)
    terminal.wait_for("› ".encode())
    terminal.type("hi\r")
    terminal.wait_for(b"Hello there.\r\n")
    terminal.type("again\r")
    runtime.wait_for("POST", "/api/chat", 2)
    terminal.type(CTRL_D)
    assert terminal.wait() == 0
    first, second = runtime.asked("POST", "/api/chat")
    assert first.json == {"message": "hi"}
    assert second.json == {"message": "again", "session_id": "s-0001"}
    history = person.home / "chat-history"
    assert [json.loads(line) for line in history.read_text().splitlines()] == ["hi", "again"]
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_deltas_are_shown_as_they_come(sit, make_runtime):
    def chat(runtime, _):
        yield SESSION + event("delta", "first")
        runtime.released.wait(20)
        yield event("delta", " second") + DONE

    runtime = make_runtime(chat)
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type("x\r")
    terminal.wait_for(b"first")
    assert b"second" not in terminal.screen
    runtime.released.set()
    terminal.wait_for(b"first second\r\n")


def test_tool_calls_are_one_dim_line_each(sit, make_runtime):
    runtime = make_runtime(
        streams(
            SESSION,
            event("delta", "Looking"),
            tool_call("ls", "secret-file\nother\n", path="\x1b[2J"),
            tool_call("read", "tool error: no such file\nmore", True, path="x"),
            event("delta", "Done."),
            DONE,
        )
    )
    terminal = sit(runtime, "--new", cols=120)
    terminal.wait_for("› ".encode())
    terminal.type("x\r")
    screen = terminal.wait_for(b"Done.\r\n").decode()
    assert "Looking\r\n\x1b[2m▸ ls " in screen
    assert "2 lines, 18 B" in screen
    assert "✗ read " in screen and "tool error: no such file" in screen
    assert "secret-file" not in screen and "more" not in screen
    assert "\x1b[2J" not in screen


def test_it_goes_on_with_the_session_that_changed_last(sit, make_runtime):
    one = session("3f0e1c2d-0000-4000-8000-000000000001", ("assistant", "until tomorrow"))
    runtime = make_runtime(says("ok"), sessions=[one, session("older", ("user", "x"))])
    terminal = sit(runtime)
    terminal.wait_for(b"3f0e1c2d: until tomorrow")
    terminal.type("hi\r")
    assert runtime.wait_for("POST", "/api/chat").json["session_id"] == one["id"]


def test_lines_are_edited(sit, make_runtime):
    runtime = make_runtime(says("ok"))
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())

    def said(keys: str, count: int) -> str:
        terminal.type(keys)
        return runtime.wait_for("POST", "/api/chat", count).json["message"]

    # Home, End, arrows, backspace, words, kill and yank.
    assert said("world\x1b[Hhello \x1b[F!\x1b[D\x1b[D\x7f\r", 1) == "hello word!"
    assert said("one two three\x17\x17and\x1bb\x0b\x19 \x19\r", 2) == "one and and"
    # The history, and back to the draft.
    assert said("\x1b[A\x1b[A\x1b[A\r", 3) == "hello word!"
    assert said("draft\x1b[A\x1b[B!\r", 4) == "draft!"
    # A backslash asks for another line; a paste may have several, and keys in it are text.
    assert said("a\\\rb\r", 5) == "a\nb"
    assert said("\x1b[200~x\ry\r\nz\tq\x03\x1b[201~\r", 6) == "x\ny\nz\tq"
    # Letters of more than one byte and one column, torn apart on their way.
    data = "日本é\x7f\x1b[D\x7f!".encode()
    for index in range(len(data)):
        terminal.type(data[index : index + 1])
    assert said("\r", 7) == "!本"
    assert said("/he\t\x15done\r", 8) == "done"


def test_what_is_typed_ahead_waits_for_the_answer(sit, make_runtime):
    def chat(runtime, request):
        yield SESSION
        if request.json["message"] == "first":
            yield event("delta", "wait")
            runtime.released.wait(20)
        yield event("delta", "ok") + DONE

    runtime = make_runtime(chat)
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type("first\r")
    terminal.wait_for(b"wait")
    terminal.type("second\rthird\r")
    assert len(runtime.asked("POST", "/api/chat")) == 1
    runtime.released.set()
    assert runtime.wait_for("POST", "/api/chat", 2).json["message"] == "second"
    assert runtime.wait_for("POST", "/api/chat", 3).json["message"] == "third"


@pytest.mark.parametrize("how", ["key", "signal"])
def test_ctrl_c_cancels_and_the_conversation_goes_on(sit, make_runtime, how):
    def chat(runtime, request):
        yield SESSION
        if request.json["message"] == "long":
            yield event("delta", "thinking")
            yield from runtime.hold_until_cancelled()
        else:
            yield event("delta", "fine") + DONE

    runtime = make_runtime(chat)
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type("long\r")
    terminal.wait_for(b"thinking")
    if how == "key":
        terminal.type(CTRL_C)
    else:
        terminal.interrupt()
    runtime.wait_for("POST", "/api/sessions/s-0001/cancel")
    terminal.wait_for(b"[cancelled]")
    terminal.type("short\r")
    terminal.wait_for(b"fine")


def test_a_second_ctrl_c_leaves_the_conversation(sit, make_runtime):
    def chat(runtime, _):
        yield SESSION + event("delta", "thinking")
        yield from runtime.hold()

    runtime = make_runtime(chat)
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type("x\r")
    terminal.wait_for(b"thinking")
    terminal.type(CTRL_C)
    runtime.wait_for("POST", "/api/sessions/s-0001/cancel")
    terminal.type(CTRL_C)
    assert terminal.wait() == 130


def test_ctrl_c_at_the_prompt_drops_the_draft_and_twice_leaves(sit, make_runtime):
    runtime = make_runtime(says("ok"))
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type(b"draft" + CTRL_C)
    terminal.type("kept\r")
    assert runtime.wait_for("POST", "/api/chat").json["message"] == "kept"
    terminal.wait_for(b"ok\r\n")
    terminal.type(CTRL_C)
    terminal.wait_for(b"again leaves")
    terminal.type(CTRL_C)
    assert terminal.wait() == 0


def test_the_terminal_is_given_back_as_it_was(person, make_runtime):
    runtime = make_runtime(says("ok"))
    script = (
        f'before=$(stty -g); "{person.binary}" chat --new; '
        '[ "$before" = "$(stty -g)" ] && echo "the same" || echo "changed"'
    )
    with Terminal(["bash", "-c", script], person.environment(runtime), folder=person.home) as terminal:
        terminal.wait_for("› ".encode())
        terminal.type("hi\r")
        terminal.wait_for(b"ok\r\n")
        terminal.type(CTRL_D)
        terminal.wait_for(b"the same")
    assert terminal.screen.rindex(b"\x1b[?2004l") > terminal.screen.rindex(b"\x1b[?2004h")


def test_failures_are_sentences_and_the_conversation_goes_on(sit, make_runtime):
    def chat(_, request):
        if request.json["message"] == "bad":
            raise Refusal(503, "service_unavailable", "too many turns")
        yield SESSION
        if request.json["message"] == "worse":
            yield event("error", {"message": "the provider is away"})
        else:
            yield event("delta", "fine") + DONE

    runtime = make_runtime(chat)
    terminal = sit(runtime, "--new")
    terminal.wait_for("› ".encode())
    terminal.type("bad\r")
    terminal.wait_for(b"Too many turns.")
    # The draft is back, to be sent again or changed.
    terminal.type("\x15worse\r")
    terminal.wait_for(b"The provider is away.")
    terminal.type("good\r")
    terminal.wait_for(b"fine")


def test_commands(sit, make_runtime):
    one = session("3f0e1c2d-0000-4000-8000-000000000001", ("user", "what  is\nit?"), ("assistant", "a " * 200))
    runtime = make_runtime(says("ok"), sessions=[one], config=config(models=["gpt-4o", "gpt-9"]))
    terminal = sit(runtime, "--session", "3f0e1")
    terminal.wait_for("› ".encode())
    terminal.type("/help\r")
    terminal.wait_for(b"/models set <id>")
    terminal.type("/model\r")
    terminal.wait_for(b"openai gpt-4o\r\n")
    terminal.type("/MODELS\r")
    terminal.wait_for(b"* gpt-4o\r\n  gpt-9\r\n")
    terminal.type("/models set nosuch\r")
    terminal.wait_for(b"none of the models")
    terminal.type("/models set gpt-4o\r")
    terminal.wait_for(b"answers already")
    assert not runtime.asked("POST", "/api/config/apply")
    terminal.type("/models set gpt-9\r")
    terminal.wait_for(b"answers from now on")
    applied = runtime.asked("POST", "/api/config/apply")[0].json["config"]
    assert applied == {**config(models=["gpt-4o", "gpt-9"])["running"], "llm": applied["llm"]}
    assert applied["llm"]["model"] == "gpt-9"
    terminal.type("/sessions\r")
    terminal.wait_for(b"MESSAGES")
    terminal.type("/nosuch\r")
    terminal.wait_for(b"There is no command /nosuch")
    # The draft is kept; it becomes a message with one slash.
    terminal.type("\x1b[H/\r")
    assert runtime.wait_for("POST", "/api/chat").json == {"message": "/nosuch", "session_id": one["id"]}
    terminal.type("/activate web\r")
    assert runtime.wait_for("POST", "/api/chat", 2).json["message"] == "/activate web"
    terminal.type("/compact\r")
    digest = runtime.wait_for("POST", "/api/chat", 3).json
    assert digest["session_id"] == "new-1"
    assert "- user: what is it?\n- assistant: a a a" in digest["message"]
    assert max(len(line) for line in digest["message"].splitlines()) <= len("- assistant: ") + 180
    terminal.type("/new\r")
    terminal.wait_for(b"new-2")
    terminal.type("hi\r")
    assert runtime.wait_for("POST", "/api/chat", 4).json == {"message": "hi", "session_id": "new-2"}
    terminal.type("/quit\r")
    assert terminal.wait() == 0


def test_a_conversation_needs_a_daemon(sit):
    terminal = sit(None)
    terminal.wait_for(b"drover up")
    assert terminal.wait() == 10


def test_a_question_at_a_terminal_says_how_to_go_on(sit, make_runtime):
    runtime = make_runtime(says("Hi.", session_id="3f0e1c2d-0000-4000-8000-000000000001"))
    terminal = sit(runtime, "hello")
    assert terminal.wait() == 0
    assert b"Hi.\r\n" in terminal.screen
    assert b"drover chat --session 3f0e1c2d" in terminal.screen


# The bridge


class Bridge:
    """A program that speaks frames with `drover chat --bridge`."""

    def __init__(self, person, runtime):
        self.process = subprocess.Popen(
            [person.binary, "chat", "--bridge"],
            env=person.environment(runtime),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, **frame) -> None:
        self.process.stdin.write(json.dumps(frame).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def close(self) -> int:
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(20)
        self.process.stdout.close()
        return code


@pytest.fixture
def bridge_to(person):
    bridges: list[Bridge] = []

    def open(runtime) -> Bridge:
        bridges.append(Bridge(person, runtime))
        return bridges[-1]

    yield open
    for bridge in bridges:
        bridge.process.kill()
        bridge.process.wait(10)
        for pipe in (bridge.process.stdin, bridge.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def test_a_bridge_over_standard_input_and_output(bridge_to, make_runtime):
    runtime = make_runtime(says("a", "\n b"), sessions=[session("s-1")])
    bridge = bridge_to(runtime)
    bridge.ask(id=1, command="health", args={"baseUrl": runtime.url + "/ "})
    assert bridge.hear() == {"id": 1, "result": {"status": "ok", "now": "2026-01-05T10:00:00+00:00"}}
    # Without a base URL it is the daemon's.
    bridge.ask(id="two", command="list_sessions", args={})
    assert bridge.hear() == {"id": "two", "result": [session("s-1")]}
    bridge.ask(id=3, command="delete_session", args={"sessionId": "s-1"})
    assert bridge.hear() == {"id": 3, "result": None}
    bridge.ask(id=4, command="get_session", args={"session_id": "s-1"})
    answer = bridge.hear()
    assert answer["error"]["code"] == "HTTP_NOT_FOUND"
    assert answer["error"]["server_code"] == "not_found"
    bridge.process.stdin.write(b"nonsense\n")
    bridge.ask(id=5, command="nosuch", args={})
    assert [bridge.hear()["error"]["code"] for _ in range(2)] == ["TAURI_INVOKE_FAILED"] * 2
    bridge.ask(id=6, command="chat_stream", args={"request": {"message": "x"}, "streamId": "u-1"})
    pushed = [bridge.hear() for _ in range(4)]
    assert {frame["channel"] for frame in pushed} == {"chaos://chat-event"}
    assert {frame["payload"]["stream_id"] for frame in pushed} == {"u-1"}
    assert [(frame["payload"]["event"], frame["payload"]["data"]) for frame in pushed] == [
        ("session", {"session_id": "s-0001"}),
        ("delta", "a"),
        ("delta", "\n b"),
        ("done", {"session_id": "s-0001", "usage": None, "finish_reason": "stop"}),
    ]
    assert bridge.hear() == {"id": 6, "result": None}
    assert bridge.close() == 0


def test_a_bridge_answers_what_was_asked_before_its_input_ended(bridge_to, make_runtime):
    runtime = make_runtime(says("a"))
    bridge = bridge_to(runtime)
    bridge.ask(id=1, command="chat_stream", args={"request": {"message": "x"}, "streamId": "u"})
    bridge.process.stdin.close()
    assert [bridge.hear().get("id") for _ in range(4)] == [None, None, None, 1]
    assert bridge.close() == 0


def test_a_bridge_whose_reader_is_gone_ends(bridge_to, make_runtime):
    def chat(runtime, _):
        yield SESSION
        yield from runtime.hold()

    runtime = make_runtime(chat)
    bridge = bridge_to(runtime)
    bridge.ask(id=1, command="chat_stream", args={"request": {"message": "x"}, "streamId": "u"})
    assert bridge.hear()["payload"]["event"] == "session"
    bridge.process.stdout.close()
    bridge.process.stdin.close()
    assert bridge.process.wait(20) == 0
    assert runtime.left.wait(20)


def test_several_streams_share_a_bridge(bridge_to, make_runtime):
    def chat(runtime, request):
        yield SESSION
        if request.json["message"] == "slow":
            runtime.released.wait(20)
        yield event("delta", request.json["message"]) + DONE

    runtime = make_runtime(chat)
    bridge = bridge_to(runtime)
    bridge.ask(id=1, command="chat_stream", args={"request": {"message": "slow"}, "streamId": "a"})
    assert bridge.hear()["payload"]["stream_id"] == "a"
    bridge.ask(id=2, command="chat_stream", args={"request": {"message": "fast"}, "streamId": "b"})
    frames = [bridge.hear() for _ in range(4)]
    assert [frame.get("payload", {}).get("stream_id") for frame in frames] == ["b", "b", "b", None]
    runtime.released.set()
    frames = [bridge.hear() for _ in range(3)]
    assert frames[-1] == {"id": 1, "result": None}


@pytest.fixture
def listening(person, tmp_path):
    processes: list[subprocess.Popen] = []

    def listen(runtime, path: Path) -> subprocess.Popen:
        process = subprocess.Popen(
            [person.binary, "chat", "--bridge", "--socket", str(path)],
            env=person.environment(runtime),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield listen
    for process in processes:
        process.kill()
        process.wait(10)
        process.stderr.close()


def connect(path: Path) -> socket.socket:
    def connected():
        one = socket.socket(socket.AF_UNIX)
        try:
            one.connect(str(path))
        except OSError:
            one.close()
            return None
        return one

    return eventually(connected, f"somebody listens at {path}")


def test_a_bridge_at_a_socket(listening, make_runtime, tmp_path):
    runtime = make_runtime(says("a"))
    path = tmp_path / "bridge" / "sock"
    process = listening(runtime, path)
    peers = [connect(path) for _ in range(3)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for number, peer in enumerate(peers):
        peer.sendall(json.dumps({"id": number, "command": "health", "args": {}}).encode() + b"\n")
    for number, peer in enumerate(peers):
        with peer, peer.makefile() as answers:
            assert json.loads(answers.readline())["id"] == number
    second = listening(runtime, path)
    assert second.wait(20) == 1
    assert b"Another bridge" in second.stderr.read()
    process.terminate()
    assert process.wait(20) == 0
    assert not path.exists()


def test_a_socket_that_was_left_behind_is_replaced(listening, make_runtime, tmp_path):
    path = tmp_path / "bridge" / "sock"
    path.parent.mkdir(mode=0o700)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    listening(make_runtime(says("a")), path)
    connect(path).close()


def test_a_socket_is_not_put_where_others_reach(listening, make_runtime, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o755)
    process = listening(make_runtime(says("a")), folder / "sock")
    assert process.wait(20) == 1
    assert b"open to others" in process.stderr.read()
