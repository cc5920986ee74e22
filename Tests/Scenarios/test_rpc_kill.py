"""`kill` and `kill_by_pid` (§4.6): who is signalled, how long it takes, and who never is."""

import contextlib
import os
import signal
import subprocess
import threading
import time

import pytest

from harness import processes
from harness.rpc import at_once, new_id, payload_of, request_line
from harness.runtimes import wait_until_it_rests
from harness.waiting import eventually


def exited(signal: int) -> dict:
    return {"exited": {"code": None, "signal": signal}}


def start_stubborn(host) -> str:
    """A runtime that ignores every signal it can."""
    spawned = host.spawn("trap '' HUP INT TERM; echo ready; rest")
    with open(spawned["stdout_path"]) as log:
        eventually(lambda: "ready" in log.read(), "it ignores signals")
    return spawned["lifecycle"]["session_id"]


def timed(work) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


@pytest.mark.parametrize("name, number", [("hup", 1), ("int", 2), ("term", 15), ("kill", 9)])
def test_a_signal_ends_a_runtime(host, name, number):
    session = host.start_runtime()
    took = timed(lambda: host.rpc.kill(session, name, 10))
    # The answer comes with the end and not with the grace.
    assert took < 5
    assert host.rpc.lifecycle(session)["state"] == exited(number)
    host.wait_for_rest()


def test_a_runtime_may_end_in_good_order(host):
    spawned = host.spawn("trap 'echo goodbye; exit 7' TERM; echo ready; while :; do sleep 0.02; done")
    with open(spawned["stdout_path"]) as log:
        eventually(lambda: "ready" in log.read(), "it listens")
        session = spawned["lifecycle"]["session_id"]
        host.rpc.kill(session)
        assert host.rpc.lifecycle(session)["state"] == {"exited": {"code": 7, "signal": None}}
        assert log.read() == "goodbye\n"


def test_after_the_grace_it_is_killed(host):
    session = start_stubborn(host)
    took = timed(lambda: host.rpc.kill(session, "term", 1))
    assert 0.9 < took < 4, took
    assert host.rpc.wait_for_end(session)["state"] == exited(9)


def test_without_grace_it_is_killed_at_once(host):
    session = start_stubborn(host)
    took = timed(lambda: host.rpc.kill(session, "term", 0))
    assert took < 2, took
    assert host.rpc.wait_for_end(session)["state"] == exited(9)


def test_a_grace_beyond_measure_does_no_harm(host):
    session = host.start_runtime()
    host.rpc.kill(session, "term", 2**64 - 1)
    assert host.rpc.lifecycle(session)["state"] == exited(15)


def test_only_the_runtime_is_signalled(host):
    """Not its group, not its children, not its shim."""
    spawned = host.spawn('(exec -a "$0-child" sleep 1000) & echo $!; rest')
    lifecycle = spawned["lifecycle"]
    with open(spawned["stdout_path"]) as log:
        child = int(eventually(lambda: log.read(), "it says who its child is"))
    wait_until_it_rests(child)
    host.rpc.kill(lifecycle["session_id"], "kill")
    assert host.rpc.wait_for_end(lifecycle["session_id"])["state"] == exited(9)
    assert processes.is_running(child)


def test_a_kill_goes_on_when_the_caller_leaves(host):
    session = start_stubborn(host)
    with host.rpc.connect() as peer:
        data = {"session_id": session, "signal": "term", "grace_secs": 1}
        peer.send(request_line("kill", payload_of("kill", data)))
    assert host.rpc.wait_for_end(session)["state"] == exited(9)


def test_a_kill_in_progress_holds_up_nobody(host):
    session = start_stubborn(host)
    with host.rpc.connect() as peer:
        data = {"session_id": session, "signal": "term", "grace_secs": 3600}
        peer.send(request_line("kill", payload_of("kill", data)))
        assert timed(host.rpc.version) < 2
        # Another one is more impatient, and both are answered.
        host.rpc.kill(session, "kill", 0)
        assert peer.answer() == {"type": "ack"}


def test_several_kill_at_once(host):
    sessions = [host.start_runtime() for _ in range(4)]
    results = at_once(16, lambda number: host.rpc.kill(sessions[number % 4], ["term", "kill"][number % 2]))
    assert results == [None] * 16
    for session in sessions:
        assert "exited" in host.rpc.wait_for_end(session)["state"]
        assert len(host.rpc.events_of(session)) == 2


def test_a_session_that_has_ended_is_acknowledged(host):
    session = host.start_runtime("exit 4")
    before = host.rpc.wait_for_end(session)
    for name in ("term", "kill"):
        assert timed(lambda name=name: host.rpc.kill(session, name, 5)) < 2
    assert host.rpc.lifecycle(session) == before
    assert len(host.rpc.events_of(session)) == 2


def test_a_session_nobody_knows_is_not_found(host):
    session = new_id()
    refusal = host.rpc.refusal("kill", {"session_id": session, "signal": "term", "grace_secs": 1})
    assert (refusal.code, refusal.message) == ("session_not_found", f"session {session} not found")


def test_a_runtime_in_a_pane_is_killed(tmux_host):
    session = tmux_host.start_runtime(address="work:0.0")
    tmux_host.rpc.kill(session, "int")
    assert tmux_host.rpc.lifecycle(session)["state"] == exited(2)


def test_a_runtime_without_its_shim_is_killed(host):
    lifecycle = host.spawn()["lifecycle"]
    os.kill(lifecycle["shim_pid"], signal.SIGKILL)
    host.rpc.kill(lifecycle["session_id"])
    end = host.rpc.wait_for_end(lifecycle["session_id"])
    assert end["state"] == {"lost": "shim_died_before_report"}


def test_a_stopped_runtime_is_killed_after_the_grace(host):
    lifecycle = host.spawn()["lifecycle"]
    os.kill(lifecycle["runtime_pid"], signal.SIGSTOP)
    eventually(lambda: processes.status(lifecycle["runtime_pid"])["State"][0] == "T", "it has stopped")
    host.rpc.kill(lifecycle["session_id"], "term", 1)
    assert host.rpc.wait_for_end(lifecycle["session_id"])["state"] == exited(9)


# By number


@pytest.fixture
def start():
    """Starts processes that have nothing to do with the daemon, and takes note when they end."""
    started = []

    def start_process(*words: str) -> subprocess.Popen:
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        # A process that nobody waits for would stay as a zombie, which can still be signalled.
        waiter = threading.Thread(target=process.wait)
        waiter.start()
        started.append((process, waiter))
        return process

    yield start_process
    for process, waiter in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        waiter.join()
        process.stdout.close()


def kill_by_pid(host, pid: int, number: int = 15, grace: int = 5) -> dict:
    return host.rpc.ask("kill_by_pid", {"pid": pid, "signal": number, "grace_secs": grace})


@pytest.mark.parametrize("number", [1, 2, 9, 15, 10, 64])
def test_any_process_is_ended_by_its_number(shared_host, start, number):
    process = start("sleep", "1000")
    answer = kill_by_pid(shared_host, process.pid, number)
    assert answer == {"pid": process.pid, "signal": number, "killed_after_grace": False}
    eventually(lambda: process.returncode == -number, "it ended by that signal")


@pytest.mark.parametrize("grace, least, most", [(0, 0, 2), (1, 0.9, 4)])
def test_a_stubborn_process_is_killed_after_the_grace(shared_host, start, grace, least, most):
    process = start("bash", "-c", "trap '' TERM; echo ready; exec sleep 1000")
    assert process.stdout.readline() == b"ready\n"
    answer = {}
    took = timed(lambda: answer.update(kill_by_pid(shared_host, process.pid, grace=grace)))
    assert least <= took < most, took
    assert answer == {"pid": process.pid, "signal": 15, "killed_after_grace": True}
    eventually(lambda: process.returncode == -9, "it was killed")


def test_a_harmless_signal_waits_for_the_grace(shared_host, start):
    process = start("sleep", "1000")
    assert kill_by_pid(shared_host, process.pid, signal.SIGCONT, grace=1)["killed_after_grace"] is True
    eventually(lambda: process.returncode == -9, "it was killed")


@pytest.mark.parametrize("grace", [3600, 3601, 2**32, 2**63, 2**64 - 1])
def test_a_huge_grace_is_cut_and_the_connection_stays(shared_host, start, grace):
    process = start("sleep", "1000")
    answer = kill_by_pid(shared_host, process.pid, grace=grace)
    assert answer["killed_after_grace"] is False


def test_a_number_nobody_has_is_unavailable(shared_host):
    process = subprocess.Popen(["true"])
    process.wait()
    data = {"pid": process.pid, "signal": 15, "grace_secs": 1}
    assert shared_host.rpc.refusal("kill_by_pid", data).code == "runtime_unavailable"
    assert shared_host.rpc.refusal("kill_by_pid", data | {"pid": 2**31 - 1}).code == "runtime_unavailable"


@pytest.mark.parametrize("pid", [0, 1, 2**31, 2**32 - 1])
def test_numbers_that_mean_many_are_refused(shared_host, pid):
    data = {"pid": pid, "signal": 15, "grace_secs": 0}
    assert shared_host.rpc.refusal("kill_by_pid", data).code == "protocol_mismatch"


def test_a_daemon_does_not_end_itself(shared_host):
    for number in (15, 9):
        data = {"pid": shared_host.pid, "signal": number, "grace_secs": 0}
        assert shared_host.rpc.refusal("kill_by_pid", data).code == "protocol_mismatch"


@pytest.mark.parametrize("number", [0, -1, 65, 2**31 - 1, -(2**31)])
def test_signals_that_are_none_are_refused(shared_host, start, number):
    process = start("sleep", "1000")
    data = {"pid": process.pid, "signal": number, "grace_secs": 0}
    assert shared_host.rpc.refusal("kill_by_pid", data).code == "protocol_mismatch"
    assert process.returncode is None


def test_a_runtime_killed_by_number_is_accounted_for(host):
    lifecycle = host.spawn()["lifecycle"]
    assert kill_by_pid(host, lifecycle["runtime_pid"])["killed_after_grace"] is False
    end = host.rpc.wait_for_end(lifecycle["session_id"])
    assert end["state"] == exited(15)
