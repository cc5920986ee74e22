"""A shim outlives its daemon: it calls again, in time gives up, and never loses sight of its runtime."""

import os
import signal
import socket
import time

import pytest

from harness import processes
from harness.runtime_daemon import ACK, error_answer, launch_answer
from harness.waiting import eventually

SLEEP = ["/bin/sleep", "1000"]
REFUSED = error_answer("protocol_mismatch", "no pending launch")
BROKEN = {
    "closed at once": b"",
    "cut in the middle": b'{"type":"ack"',
    "not JSON": b"ack\n",
    "an empty line": b"\n",
    "not an object": b'["ack"]\n',
    "two values": b'{"type":"ack"} {"type":"ack"}\n',
    "not UTF-8": b'{"type":"ack","x":"\xff"}\n',
    "half a surrogate pair": rb'{"type":"ack","x":"\ud83d"}' + b"\n",
    "too deep": b'{"type":"ack","x":' + b"[" * 200 + b"]" * 200 + b"}\n",
    "another answer": b'{"type":"stopping"}\n',
    "an answer nobody knows": b'{"type":"nonsense","payload":{}}\n',
    "an error without a code": b'{"type":"error","payload":{"message":"x"}}\n',
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_broken_answers_are_asked_for_again(hurried_stage, answer):
    stage = hurried_stage
    shim = stage.shim()
    stage.daemon.expect("shim_launch", answer)
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    stage.daemon.expect("shim_ready", answer)
    ready = stage.daemon.expect("shim_ready", ACK).payload["ready"]
    os.kill(ready["runtime_pid"], signal.SIGKILL)
    stage.daemon.expect("shim_exit", answer)
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_an_answer_without_end(hurried_stage):
    stage = hurried_stage
    stage.shim()
    call = stage.daemon.expect("shim_launch")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(40):
            call.send(b"x" * (1 << 20))
    stage.daemon.expect("shim_launch")


def test_an_answer_that_does_not_come(hurried_stage):
    stage = hurried_stage
    shim = stage.shim()
    for type, answer in (("shim_launch", launch_answer(SLEEP)), ("shim_ready", ACK)):
        silent = stage.daemon.expect(type)
        call = stage.daemon.expect(type)
        assert not silent.is_open()
        call.answer(answer)
    os.kill(call.payload["ready"]["runtime_pid"], signal.SIGKILL)
    silent = stage.daemon.expect("shim_exit")
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_an_answer_that_trickles_in(hurried_stage):
    stage = hurried_stage
    stage.shim()
    slow = stage.daemon.expect("shim_launch")
    started = time.monotonic()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while True:
            slow.send(b" ")
    assert time.monotonic() - started < 5
    stage.daemon.expect("shim_launch")


@pytest.mark.parametrize("leaves", ["refusing", "gone"])
def test_a_daemon_that_comes_back(hurried_stage, leaves):
    """It is away at each of the three calls; its socket remains when it was killed."""
    stage = hurried_stage

    def go_away() -> None:
        stage.daemon.close()
        if leaves == "refusing":
            stage.daemon.open()
            stage.daemon.listener.close()

    def come_back(shim) -> None:
        eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "the shim waits")
        if leaves == "refusing":
            stage.daemon.path.unlink()
        stage.daemon.open()

    go_away()
    shim = stage.shim()
    come_back(shim)
    launch = stage.daemon.expect("shim_launch")
    launch.send(b'{"type":"shim_launch","payload":{"launch":{"argv":["/bin/sleep","1000"],"env":[],"cwd":"/"}}}\n')
    go_away()
    eventually(lambda: processes.children(shim.pid), "the runtime runs")
    come_back(shim)
    ready = stage.daemon.expect("shim_ready", ACK).payload["ready"]
    go_away()
    os.kill(ready["runtime_pid"], signal.SIGKILL)
    eventually(lambda: not processes.children(shim.pid), "the end was noticed")
    come_back(shim)
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_its_patience(hurried_stage):
    """Ten attempts, and the pauses between them."""
    stage = hurried_stage
    stage.shim()
    times = []
    for _ in range(10):
        call = stage.daemon.expect("shim_launch")
        times.append(time.monotonic())
        call.close()
    pauses = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    for pause, seconds in zip(pauses, [1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
        # What it is told to wait; more when the machine is busy, though never the time of the next one and more.
        assert pause >= seconds * 0.02 - 0.005
        assert pause < seconds * 0.02 + 1
    assert stage.shims[0].wait() == 1
    assert not stage.daemon.is_called()


def test_a_daemon_that_is_never_there(hurried_stage):
    hurried_stage.daemon.close()
    shim = hurried_stage.shim()
    assert shim.wait() == 1
    assert f"there is no socket at {hurried_stage.daemon.path}; is the daemon running?" in shim.said()


# Errors


def test_an_error_is_final_for_the_launch(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", REFUSED)
    assert shim.wait() == 1
    assert shim.said() == "drover-shim: there is nothing to launch: the daemon says no pending launch\n"
    assert not stage.daemon.is_called()


def test_what_the_daemon_says_does_no_harm(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", error_answer("launch_failed", "\x1b[31m\n\0" + "é" * 5000))
    assert shim.wait() == 1
    assert shim.said().startswith("drover-shim: there is nothing to launch: the daemon says ?[31m??éé")
    assert len(shim.said()) < 1100
    assert shim.said().count("\n") == 1


def test_an_error_may_pass(hurried_stage):
    stage = hurried_stage
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    for _ in range(3):
        stage.daemon.expect("shim_ready", REFUSED)
    ready = stage.daemon.expect("shim_ready", ACK).payload["ready"]
    assert processes.is_running(ready["runtime_pid"])
    os.kill(ready["runtime_pid"], signal.SIGKILL)
    for _ in range(3):
        stage.daemon.expect("shim_exit", REFUSED)
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_a_runtime_that_the_daemon_will_not_have_is_ended(hurried_stage):
    stage = hurried_stage
    shim = stage.shim()
    stage.daemon.expect(
        "shim_launch", launch_answer(["/bin/bash", "-c", "trap '' TERM; echo up; while :; do read -t 9 <> <(:); done"])
    )
    for _ in range(10):
        stage.daemon.expect("shim_ready", REFUSED)
    # SIGTERM, which it ignores, then SIGKILL.
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_an_end_that_nobody_wants_to_hear_of(hurried_stage):
    stage = hurried_stage
    shim = stage.start(["/bin/true"])
    for _ in range(10):
        stage.daemon.expect("shim_exit", error_answer("session_not_found", "session not found"))
    assert shim.wait() == 1
    assert "the end of the runtime could not be reported: the daemon says session not found" in shim.said()


# The runtime meanwhile


def test_a_runtime_whose_start_nobody_heard_of_goes_on(hurried_stage):
    stage = hurried_stage
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    for _ in range(10):
        ready = stage.daemon.expect("shim_ready")
        ready.close()
    runtime = ready.payload["ready"]["runtime_pid"]
    # It has given up telling, and sleeps.
    eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "the shim waits")
    assert processes.is_running(runtime)
    os.kill(runtime, signal.SIGINT)
    stage.expect_exit(signal=signal.SIGINT)
    assert shim.wait() == 0


def test_an_end_between_two_attempts_is_noticed_at_once(stage):
    """The start is not reported any more: its next attempt would be seconds away."""
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    for _ in range(3):
        ready = stage.daemon.expect("shim_ready")
        ready.close()
    started = time.monotonic()
    os.kill(ready.payload["ready"]["runtime_pid"], signal.SIGKILL)
    stage.expect_exit(signal=signal.SIGKILL)
    assert time.monotonic() - started < 3
    assert shim.wait() == 0


def test_sigterm_between_two_attempts_is_forwarded_at_once(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    for _ in range(3):
        stage.daemon.expect("shim_ready").close()
    started = time.monotonic()
    shim.signal(signal.SIGTERM)
    stage.expect_exit(signal=signal.SIGTERM)
    assert time.monotonic() - started < 3


def test_a_daemon_that_takes_no_calls(hurried_stage):
    """Its backlog is full: the shim waits, and calls when there is room."""
    stage = hurried_stage
    stage.daemon.listener.listen(0)
    filling = socket.socket(socket.AF_UNIX)
    filling.connect(str(stage.daemon.path))
    shim = stage.shim()
    eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "the shim waits")
    stage.daemon.listener.accept()[0].close()
    filling.close()
    stage.daemon.expect("shim_launch")
