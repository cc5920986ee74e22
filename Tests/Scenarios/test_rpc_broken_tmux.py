"""A tmux that is there and does not do what it should: one word fails, or nothing ever ends."""

import shutil

import pytest

from harness import processes
from harness.rpc import Refused, at_once
from harness.waiting import eventually

# The real one, but for one command. Without the control mode every command is a process of its own.
SOMETIMES = """\
#!/bin/bash
for word in "$@"; do
    case "$word" in
    -C | -CC) exit 1 ;;
    *{word}*)
        if [ -e {folder}/broken ]; then
            echo "out of order" >&2
            exit 1
        fi
        ;;
    esac
done
exec {tmux} "$@"
"""


@pytest.fixture
def with_broken(make_host):
    """A daemon whose tmux fails at one command as soon as the file `broken` is there."""

    def make(word: str):
        host = make_host()
        host.plant("tmux", SOMETIMES.format(word=word, folder=host.work, tmux=shutil.which("tmux")))
        host.tmux.new_session("work")
        return host.start()

    return make


def test_a_picture_that_cannot_be_taken(with_broken):
    host = with_broken("capture-pane")
    session = host.start_runtime("echo seen; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "seen")
    assert host.rpc.capture(session)["status"] == "captured"
    (host.work / "broken").touch()
    assert host.rpc.capture(session) == {
        "status": "failed",
        "payload": {"type": "capture_pane_failed", "payload": {"stderr": "out of order"}},
    }


@pytest.mark.parametrize("word", ["load-buffer", "paste-buffer", "send-keys"])
def test_a_nudge_that_fails_midway(with_broken, word):
    host = with_broken(word)
    session, file = host.start_reader("work:0.0")
    (host.work / "broken").touch()
    refusal = host.rpc.refusal("nudge", {"session_id": session, "content": "hello"})
    assert refusal.code == "runtime_unavailable"
    assert "out of order" in refusal.message
    assert host.tmux.attempt("list-buffers").stdout == b"", "what was to be typed does not lie about"
    (host.work / "broken").unlink()
    assert host.rpc.nudge(session, "again") == {"kind": "delivered"}
    eventually(lambda: file.read_bytes().endswith(b"again\r"), "the next one was typed")


def test_a_pane_that_cannot_be_given_a_new_program(with_broken):
    host = with_broken("respawn-pane")
    (host.work / "broken").touch()
    request = host.spawn_request(address="work:0.0")
    refusal = host.rpc.refusal("spawn", request, timeout=8)
    assert refusal.code == "launch_failed"
    assert "out of order" in refusal.message
    assert host.rpc.lifecycle(request["session_id"]) is None
    assert host.rpc.watchers()["shim_sockets"] == 0
    (host.work / "broken").unlink()
    host.start_runtime(session=request["session_id"], address="work:0.0")


def test_a_tmux_that_never_answers_holds_up_nobody(make_host):
    host = make_host()
    host.plant("tmux", '#!/bin/bash\nexec -a "$0" sleep 1000\n')
    host.start()

    def ask(number: int) -> str:
        if number == 0:
            # While the others wait, the daemon goes on as if nothing were the matter.
            for _ in range(50):
                host.rpc.version()
            host.rpc.wait_for_end(host.start_runtime("exit 0"))
            return "well"
        try:
            if number == 1:
                return host.rpc.validate("tmux:work:0.0")["kind"]
            if number == 2:
                return str(host.rpc.ask("doctor", timeout=40)["tmux"]["available"])
            return host.rpc.ask("spawn", host.spawn_request(address="work:0.0"), timeout=40)["lifecycle"]["state"]
        except Refused as refusal:
            return refusal.code

    well, validated, available, spawned = at_once(4, ask)
    assert well == "well"
    assert validated in ("tmux_pane_dead", "runtime_unavailable")
    assert available == "False"
    assert spawned in ("tmux_pane_dead", "launch_failed")
    eventually(lambda: processes.children(host.pid) == [], "nobody waits for that tmux any more")
