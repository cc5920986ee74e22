"""Typing into panes (§5): what arrives, byte for byte, in a real tmux, and when nothing is typed at all."""

import random
from pathlib import Path

import pytest

from harness.rpc import at_once, new_id
from harness.tmux import PASTE_END, PASTE_START
from harness.waiting import eventually

ENTER = b"\r"
DELIVERED = {"kind": "delivered"}
PANE_DEAD = {"kind": "failed", "reason": "tmux_pane_dead"}
HEADLESS = {"kind": "unsupported", "reason": "headless_lifecycle"}
MEBIBYTE = 1024 * 1024


def typed(file: Path, expected: bytes) -> None:
    """Waits for as many bytes as are expected, and compares all of them."""

    def arrived():
        size = file.stat().st_size
        assert size >= len(expected), f"{size} of {len(expected)} bytes have arrived"
        return True

    eventually(arrived, "everything was typed")
    found = file.read_bytes()
    assert found == expected, (len(found), found[:100], found[-100:])


CONTENTS = {
    "a line": "please run the tests again",
    "nothing": "",
    "a leading dash": "-l --flag",
    "a trailing semicolon": "echo one; echo two;",
    "several lines": "one\ntwo\n\nthree",
    "a trailing line feed": "one\n",
    "a carriage return": "one\rtwo\r\nthree",
    "names of keys": "Enter C-c Escape",
    "formats of tmux": "#{pane_id} #S %0 $0 @0 ~",
    "what a shell would read": "$(id) `id` $HOME \"quoted\" 'quoted' \\ \\\\ & | < > * ?",
    "tabs and spaces": "\tone  two \t",
    "other alphabets": "größer ✓ 🚀 日本語 \u202e e\u0301",
    "control characters": "\x01\x02\x03\x04\x1a\x7f",
    "escape sequences": "\x1b[31mred\x1b[0m \x1b[A \x1bOP \x1b",
    "JSON": '{"type":"stop"}',
    "16 001 bytes": "0123456789abcdef" * 1000 + "x",
    "a long line": "x" * 131_072,
}


@pytest.mark.parametrize("bracketed", [False, True], ids=["plain", "bracketed"])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_content_arrives_as_it_is(tmux_host, content, bracketed):
    session, file = tmux_host.start_reader("work:0.0", bracketed)
    assert tmux_host.rpc.nudge(session, content) == DELIVERED
    data = content.encode()
    if bracketed and data:
        data = PASTE_START + data + PASTE_END
    typed(file, data + ENTER)
    # A second one, so that nothing of the first can follow late.
    assert tmux_host.rpc.nudge(session, "end") == DELIVERED
    end = PASTE_START + b"end" + PASTE_END if bracketed else b"end"
    typed(file, data + ENTER + end + ENTER)
    assert tmux_host.tmux.attempt("list-buffers").stdout == b"", "no buffer is left behind"


@pytest.mark.parametrize("bracketed", [False, True], ids=["plain", "bracketed"])
def test_much_arrives_whole(tmux_host, bracketed):
    dice = random.Random(5)
    content = "".join(dice.choice("abcdefghij klmnopq;-$#{}\n") for _ in range(300_000))
    session, file = tmux_host.start_reader("work:0.0", bracketed)
    assert tmux_host.rpc.nudge(session, content) == DELIVERED
    data = content.encode()
    typed(file, (PASTE_START + data + PASTE_END if bracketed else data) + ENTER)


@pytest.mark.parametrize(
    "content, inside",
    [
        ("before\x1b[201~after", b"beforeafter"),
        ("\x1b[201~\x1b[201~x", b"x"),
        ("a\x1b[20\x1b[201~1~b", b"ab"),
        ("\x1b[2\x1b[20\x1b[201~1~01~c", b"c"),
    ],
    ids=["once", "twice", "nested", "nested twice"],
)
def test_content_cannot_break_out_of_its_bracket(tmux_host, content, inside):
    session, file = tmux_host.start_reader("work:0.0", bracketed=True)
    assert tmux_host.rpc.nudge(session, content) == DELIVERED
    typed(file, PASTE_START + inside + PASTE_END + ENTER)


def test_a_line_is_submitted_to_a_program_that_reads_lines(tmux_host):
    session = tmux_host.start_runtime('echo go; read -r line; echo "<$line>"; rest', address="work:0.0")
    tmux_host.tmux.wait_for_text("work:0.0", "go")
    assert tmux_host.rpc.nudge(session, "-n one; two") == DELIVERED
    tmux_host.tmux.wait_for_text("work:0.0", "<-n one; two>")


def test_a_pane_in_copy_mode_is_brought_back(tmux_host):
    session, file = tmux_host.start_reader("work:0.0")
    tmux_host.tmux.run("copy-mode", "-t", "work:0.0")
    assert tmux_host.tmux.ask("work:0.0", "#{pane_in_mode}") == "1"
    assert tmux_host.rpc.nudge(session, "hello") == DELIVERED
    typed(file, b"hello" + ENTER)
    assert tmux_host.tmux.ask("work:0.0", "#{pane_in_mode}") == "0"


@pytest.mark.parametrize("bracketed", [False, True], ids=["plain", "bracketed"])
def test_nudges_to_one_pane_do_not_mix(tmux_host, bracketed):
    session, file = tmux_host.start_reader("work:0.0", bracketed)
    contents = [f"<{number}>" + str(number) * 3000 + f"</{number}>" for number in range(8)]
    assert at_once(8, lambda number: tmux_host.rpc.nudge(session, contents[number])) == [DELIVERED] * 8
    size = sum(len(content) + (13 if bracketed else 1) for content in contents)
    eventually(lambda: file.stat().st_size >= size, "all have arrived")
    pieces = file.read_bytes().replace(PASTE_START, b"").replace(PASTE_END, b"").split(ENTER)
    assert sorted(pieces) == sorted([content.encode() for content in contents] + [b""])


def test_nudges_to_different_panes_do_not_wait_for_each_other(make_host):
    host = make_host()
    host.tmux.new_session("work", width=200, height=60)
    host.tmux.split("work:0.0")
    host.start()
    readers = [host.start_reader(f"work:0.{number}") for number in range(2)]
    results = at_once(8, lambda number: host.rpc.nudge(readers[number % 2][0], f"for {number % 2}"))
    assert results == [DELIVERED] * 8
    for number, (_, file) in enumerate(readers):
        typed(file, (f"for {number}".encode() + ENTER) * 4)


# When nothing is typed


def test_a_session_nobody_knows_is_not_found(shared_host):
    session = new_id()
    refusal = shared_host.rpc.refusal("nudge", {"session_id": session, "content": "hello"})
    assert (refusal.code, refusal.message) == ("session_not_found", f"session {session} not found")


def test_a_runtime_without_a_pane_cannot_be_typed_to(host):
    session = host.start_runtime()
    assert host.rpc.nudge(session, "hello") == HEADLESS
    host.rpc.kill(session)
    # It has no pane is what is said first, and it stays so when it has ended.
    assert host.rpc.nudge(session, "hello") == HEADLESS


def test_nothing_is_typed_for_a_session_that_has_ended(tmux_host):
    host = tmux_host
    host.tmux.keep_dead_panes()
    session = host.start_runtime(address="work:0.0")
    pane = host.tmux.ask("work:0.0", "#{pane_id}")
    host.rpc.kill(session)
    host.rpc.wait_for_end(session)
    assert host.rpc.nudge(session, "hello") == PANE_DEAD
    # Somebody works in the same pane now: it must not hear anything of this.
    host.tmux.run("respawn-pane", "-k", "-t", pane, "cat")
    assert host.rpc.nudge(session, "dangerous") == PANE_DEAD
    host.tmux.run("send-keys", "-t", pane, "by hand", "Enter")
    host.tmux.wait_for_text(pane, "by hand\nby hand")
    assert "dangerous" not in host.tmux.screen(pane)


def test_nothing_is_typed_when_the_pane_is_gone_though_the_runtime_lives(tmux_host):
    host = tmux_host
    host.tmux.new_session("other")
    session = host.start_runtime("trap '' HUP; echo deaf; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "deaf")
    host.tmux.run("kill-session", "-t", "work")
    assert host.rpc.nudge(session, "hello") == PANE_DEAD
    assert host.rpc.lifecycle(session)["state"] == "running"
    assert host.rpc.lifecycle(session)["log_availability"]["payload"] == {"reason": "pane_unavailable"}


def test_nothing_is_typed_when_the_tmux_server_is_gone(tmux_host):
    host = tmux_host
    session = host.start_runtime("trap '' HUP; echo deaf; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "deaf")
    host.tmux.kill()
    assert host.rpc.nudge(session, "hello") == PANE_DEAD


@pytest.mark.parametrize("is_daemon_new", [False, True], ids=["same daemon", "another daemon"])
def test_the_pane_of_another_tmux_server_is_another_pane(tmux_host, is_daemon_new):
    """It has the same address and the same id: both are given anew by each server."""
    host = tmux_host
    session = host.start_runtime("trap '' HUP; echo deaf; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "deaf")
    pane = host.tmux.ask("work:0.0", "#{pane_id}")
    if is_daemon_new:
        assert host.stop() == 0
    host.tmux.kill()
    assert host.tmux.new_session("work") == pane
    if is_daemon_new:
        host.start()

    assert host.rpc.lifecycle(session)["state"] == "running"
    assert host.rpc.nudge(session, "dangerous") == PANE_DEAD
    assert host.rpc.capture(session) == {"status": "failed", "payload": {"type": "pane_unavailable"}}
    unavailable = {"type": "unavailable", "payload": {"reason": "pane_unavailable"}}
    assert host.rpc.lifecycle(session)["log_availability"] == unavailable
    host.tmux.run("send-keys", "-t", pane, "by hand", "Enter")
    host.tmux.wait_for_text(pane, "by hand\nby hand")
    assert "dangerous" not in host.tmux.screen(pane)
    # Nobody lives in the new one.
    host.start_runtime(address="work:0.0")


def test_a_pane_that_somebody_gave_a_new_program_is_not_ours_any_more(tmux_host):
    host = tmux_host
    session = host.start_runtime("trap '' HUP; echo deaf; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "deaf")
    host.tmux.run("respawn-pane", "-k", "-t", "work:0.0", "echo mine; exec cat")
    host.tmux.wait_for_text("work:0.0", "mine")

    assert host.rpc.lifecycle(session)["state"] == "running", "it is deaf, and lives without its terminal"
    assert host.rpc.nudge(session, "dangerous") == PANE_DEAD
    host.tmux.run("send-keys", "-t", "work:0.0", "by hand", "Enter")
    host.tmux.wait_for_text("work:0.0", "by hand\nby hand")
    assert "dangerous" not in host.tmux.screen("work:0.0")


def test_nobody_else_hears_it_when_panes_are_numbered_anew(make_host):
    """Closing a pane moves those behind it. What is remembered is the pane and not its place (D-28)."""
    host = make_host()
    host.tmux.new_session("work", width=200, height=60)
    for _ in range(2):
        host.tmux.split("work:0.0")
    host.start()
    neighbour, heard = host.start_reader("work:0.2")
    session, file = host.start_reader("work:0.1")
    host.tmux.run("kill-pane", "-t", "work:0.0")
    assert host.tmux.screen("work:0.1").startswith("READING"), "the neighbour is at the old place"

    outcome = host.rpc.nudge(session, "for one")
    assert outcome in (PANE_DEAD, DELIVERED)
    if outcome == DELIVERED:
        typed(file, b"for one" + ENTER)
    host.tmux.run("send-keys", "-t", "work:0.1", "-l", "x")
    eventually(lambda: heard.stat().st_size > 0, "the neighbour hears what is for it")
    assert heard.read_bytes() == b"x"
    assert host.rpc.lifecycle(neighbour)["state"] == "running"


@pytest.mark.parametrize(
    "content",
    ["zero\0byte", "\0", "x" * (MEBIBYTE + 1), "ä" * (MEBIBYTE // 2) + "x"],
    ids=["inside", "alone", "long", "long in bytes"],
)
def test_content_that_cannot_be_typed_is_refused(tmux_host, content):
    session, file = tmux_host.start_reader("work:0.0")
    refusal = tmux_host.rpc.refusal("nudge", {"session_id": session, "content": content})
    assert refusal.code == "protocol_mismatch"
    assert file.read_bytes() == b""


def test_as_much_as_is_allowed_is_typed(tmux_host):
    session, file = tmux_host.start_reader("work:0.0")
    assert tmux_host.rpc.nudge(session, "x" * MEBIBYTE) == DELIVERED
    typed(file, b"x" * MEBIBYTE + ENTER)


def test_typing_works_after_a_restart(tmux_host):
    session, file = tmux_host.start_reader("work:0.0")
    tmux_host.restart()
    assert tmux_host.rpc.nudge(session, "still here") == DELIVERED
    typed(file, b"still here" + ENTER)
