"""Every end of a runtime is reported as it was, whatever is done to the shim meanwhile."""

import os
import signal
import time

import pytest

from harness import processes
from harness.runtime_daemon import ACK, launch_answer, wait_for_lines
from harness.waiting import eventually

SLEEP = ["/bin/sleep", "1000"]

# Writes down which signals came, and goes on.
LISTENER = """
import os, signal
notes = os.open(os.environ["NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(number, frame):
    os.write(notes, signal.Signals(number).name.encode() + b"\\n")
for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"):
    signal.signal(getattr(signal, name), note)
os.write(notes, b"ready\\n")
while True:
    signal.pause()
"""


@pytest.fixture
def listen(stage, hurried_stage):
    """Starts a runtime that takes no signal for an answer, and waits until it listens."""

    def start(hurried: bool = False):
        theatre = hurried_stage if hurried else stage
        notes = theatre.folder / "notes"
        shim = theatre.start(["/usr/bin/python3", "-c", LISTENER], {"NOTES": str(notes)})
        wait_for_lines(notes, "ready")
        return shim, notes

    return start


@pytest.mark.parametrize("code", [0, 1, 126, 127, 128, 143, 255])
def test_exit_codes(stage, code):
    shim = stage.start(["/bin/bash", "-c", f"exit {code}"])
    stage.expect_exit(code=code)
    assert shim.wait() == 0


@pytest.mark.parametrize("number", [*range(1, 17), *range(24, 28), *range(29, 32), 34, 64])
def test_signals_that_end_a_runtime(stage, number):
    shim = stage.start(SLEEP)
    os.kill(shim.runtime, number)
    stage.expect_exit(signal=number)
    assert shim.wait() == 0


def test_nothing_but_sigkill_ends_a_shim(stage):
    shim = stage.start(SLEEP)
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, 32, 33):
            shim.signal(number)
    # Those were before this one, and a process looks at all that is pending before it goes on.
    shim.signal(signal.SIGTERM)
    stage.expect_exit(signal=signal.SIGTERM)
    assert shim.wait() == 0


def test_what_is_sent_to_the_shim_is_not_for_the_runtime(listen, stage):
    shim, notes = listen()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
        shim.signal(number)
    shim.signal(signal.SIGTERM)
    wait_for_lines(notes, "ready", "SIGTERM")
    os.kill(shim.runtime, signal.SIGKILL)
    stage.expect_exit(signal=signal.SIGKILL)
    assert notes.read_text() == "ready\nSIGTERM\n"


def test_sigterm_is_forwarded_once_and_sigkill_follows(listen, stage):
    shim, notes = listen()
    started = time.monotonic()
    shim.signal(signal.SIGTERM)
    wait_for_lines(notes, "ready", "SIGTERM")
    shim.signal(signal.SIGTERM)
    stage.expect_exit(signal=signal.SIGKILL)
    assert 5 <= time.monotonic() - started < 10
    assert notes.read_text() == "ready\nSIGTERM\n"
    assert shim.wait() == 0


def test_a_runtime_that_ends_within_its_grace_is_not_killed(stage):
    notes = stage.folder / "notes"
    script = f"trap 'echo TERM >>{notes}; exit 9' TERM; echo ready >>{notes}; while :; do read -t 0.01 <> <(:); done"
    shim = stage.script(script)
    wait_for_lines(notes, "ready")
    shim.signal(signal.SIGTERM)
    stage.expect_exit(code=9)


def test_a_stopped_runtime_can_be_ended(hurried_stage):
    shim = hurried_stage.start(SLEEP)
    os.kill(shim.runtime, signal.SIGSTOP)
    eventually(lambda: processes.status(shim.runtime)["State"][0] == "T", "it is stopped")
    assert not hurried_stage.daemon.is_called(), "being stopped is no end"
    shim.signal(signal.SIGTERM)
    hurried_stage.expect_exit(signal=signal.SIGKILL)


def test_an_end_leaves_the_runtimes_own_children_alone(stage):
    notes = stage.folder / "notes"
    stage.script(f"sleep 1000 & echo $! >{notes}")
    stage.expect_exit(code=0)
    child = int(notes.read_text())
    assert processes.is_running(child)
    os.kill(child, signal.SIGKILL)


# SIGTERM before there is a runtime


def test_sigterm_while_the_launch_is_awaited(stage):
    shim = stage.shim()
    launch = stage.daemon.expect("shim_launch")
    shim.signal(signal.SIGTERM)
    stage.expect_exit(signal=signal.SIGTERM)
    assert shim.wait() == 0
    launch.close()


def test_sigterm_while_the_daemon_is_away(stage):
    stage.daemon.close()
    shim = stage.shim()
    eventually(lambda: processes.status(shim.pid)["State"].startswith("S"), "it waits for its next attempt")
    shim.signal(signal.SIGTERM)
    stage.daemon.open()
    stage.expect_exit(signal=signal.SIGTERM)
    assert shim.wait() == 0


# Between the start and its report


def test_an_end_while_the_start_is_being_reported(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    ready = stage.daemon.expect("shim_ready")
    os.kill(ready.payload["ready"]["runtime_pid"], signal.SIGKILL)
    eventually(lambda: not processes.children(shim.pid), "the shim has noticed")
    ready.answer(ACK)
    stage.expect_exit(signal=signal.SIGKILL)
    assert shim.wait() == 0


def test_an_end_while_the_report_of_the_start_is_not_answered(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    ready = stage.daemon.expect("shim_ready")
    os.kill(ready.payload["ready"]["runtime_pid"], signal.SIGKILL)
    stage.expect_exit(signal=signal.SIGKILL, within=5)
    assert shim.wait() == 0


def test_sigterm_while_the_start_is_being_reported(stage):
    shim = stage.shim()
    stage.daemon.expect("shim_launch", launch_answer(SLEEP))
    stage.daemon.expect("shim_ready")
    shim.signal(signal.SIGTERM)
    stage.expect_exit(signal=signal.SIGTERM, within=5)
