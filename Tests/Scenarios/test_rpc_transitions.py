"""The table of §4.1 with real processes and real signals: every way from one state to another, and its event."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import time
from datetime import UTC, datetime, timedelta

import pytest

from harness import processes
from harness.rpc import at_once, new_id
from harness.runtimes import wait_until_it_rests
from harness.waiting import eventually

NEVER_REPORTED = {"lost": "shim_died_before_report"}


def exited(code: int | None = None, signal: int | None = None) -> dict:
    return {"exited": {"code": code, "signal": signal}}


def terminated(session: str, code=None, signal=None, evidence="shim_exit") -> dict:
    data = {"session_id": session, "exit_code": code, "signal": signal, "evidence": evidence}
    return {"type": "terminated", "payload": data}


def lost(session: str, evidence: str) -> dict:
    return {"type": "lost", "payload": {"session_id": session, "evidence": evidence}}


def check_end(host, spawned: dict, state: dict, event: dict) -> None:
    """The row has the state, there are two events, and nobody watches any more."""
    session = spawned["lifecycle"]["session_id"]
    end = host.rpc.wait_for_end(session)
    assert end["state"] == state
    for key in ("shim_pid", "runtime_pid", "start_time", "runtime", "tmux_pane"):
        assert end[key] == spawned["lifecycle"][key]
    assert host.rpc.events_of(session) == [spawned["event"], event]
    host.rpc.wait_for_watchers(process_exit_watchers=0, shim_sockets=0, event_waiters=0)


def ids(spawned: dict) -> tuple[str, int, int]:
    lifecycle = spawned["lifecycle"]
    return lifecycle["session_id"], lifecycle["shim_pid"], lifecycle["runtime_pid"]


@pytest.mark.parametrize("code", [0, 1, 2, 126, 127, 255])
def test_the_exit_code_is_reported(host, code):
    spawned = host.spawn(f"exit {code}")
    session = spawned["lifecycle"]["session_id"]
    check_end(host, spawned, exited(code=code), terminated(session, code=code))
    host.wait_for_rest()


@pytest.mark.parametrize("name", ["HUP", "INT", "QUIT", "ABRT", "KILL", "SEGV", "PIPE", "TERM", "USR1", "RTMAX"])
def test_the_signal_is_reported(host, name):
    number = signal.Signals[f"SIG{name}"].value
    spawned = host.spawn()
    session, _, runtime = ids(spawned)
    wait_until_it_rests(runtime)
    os.kill(runtime, number)
    check_end(host, spawned, exited(signal=number), terminated(session, signal=number))
    host.wait_for_rest()


def test_a_runtime_that_outlives_its_shim_runs_on(host):
    spawned = host.spawn()
    session, shim, runtime = ids(spawned)
    os.kill(shim, signal.SIGKILL)
    eventually(lambda: not processes.is_running(shim), "the shim is gone")
    # Nothing changes with time, either: twice the time it takes to judge.
    since = time.monotonic()
    eventually(lambda: time.monotonic() - since > 0.7, "it had time to judge")
    assert host.rpc.lifecycle(session)["state"] == "running"
    assert host.rpc.watchers()["process_exit_watchers"] == 1

    os.kill(runtime, signal.SIGKILL)
    check_end(host, spawned, NEVER_REPORTED, lost(session, "shim_died_before_report"))


def test_a_runtime_and_its_shim_that_die_together_are_lost(host):
    spawned = host.spawn()
    session, shim, runtime = ids(spawned)
    os.kill(shim, signal.SIGSTOP)
    os.kill(runtime, signal.SIGKILL)
    os.kill(shim, signal.SIGKILL)
    check_end(host, spawned, NEVER_REPORTED, lost(session, "shim_died_before_report"))


def test_a_runtime_whose_shim_says_nothing_has_exited_all_the_same(host):
    spawned = host.spawn()
    session, shim, runtime = ids(spawned)
    os.kill(shim, signal.SIGSTOP)
    os.kill(runtime, signal.SIGKILL)
    event = terminated(session, evidence="process_exit")
    check_end(host, spawned, exited(), event)

    # The true report comes too late.
    os.kill(shim, signal.SIGCONT)
    host.wait_for_rest()
    check_end(host, spawned, exited(), event)


def test_a_shim_has_a_moment_to_report(host):
    """Three tenths of a second pass between the end of a runtime and a judgement without its shim (§4.2)."""
    spawned = host.spawn()
    session, shim, runtime = ids(spawned)
    os.kill(shim, signal.SIGSTOP)
    started = time.monotonic()
    os.kill(runtime, signal.SIGKILL)
    host.rpc.wait_for_end(session)
    took = time.monotonic() - started
    assert 0.25 < took < 3, took
    os.kill(shim, signal.SIGCONT)


def test_a_shim_that_is_asked_to_end_ends_its_runtime_first(host):
    spawned = host.spawn()
    session, shim, _ = ids(spawned)
    os.kill(shim, signal.SIGTERM)
    check_end(host, spawned, exited(signal=15), terminated(session, signal=15))
    host.wait_for_rest()


@pytest.mark.parametrize("name", ["INT", "QUIT", "HUP"])
def test_a_shim_ignores_what_is_meant_for_its_runtime(host, name):
    spawned = host.spawn()
    session, shim, runtime = ids(spawned)
    os.kill(shim, signal.Signals[f"SIG{name}"].value)
    assert host.rpc.lifecycle(session)["state"] == "running"
    os.kill(runtime, signal.SIGUSR2)
    check_end(host, spawned, exited(signal=12), terminated(session, signal=12))


def test_the_shortest_lives_are_told_in_order(host):
    """`running` is never told after the end, however soon that is."""
    host.plant("claude", "#!/bin/true\n")
    answers = at_once(8, lambda _: [host.spawn() for _ in range(8)])
    for spawned in (item for answer in answers for item in answer):
        session = spawned["lifecycle"]["session_id"]
        check_end(host, spawned, exited(code=0), terminated(session, code=0))


@pytest.mark.parametrize("seed", range(4))
def test_there_is_one_end_whatever_happens(host, seed):
    """Signals to both at random moments."""
    dice = random.Random(seed)
    spawned = [host.spawn() for _ in range(6)]

    def trouble(number: int) -> None:
        _, shim, runtime = ids(spawned[number])
        for _ in range(4):
            target = dice.choice([shim, runtime])
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, dice.choice([signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT]))
        for target in (runtime, shim):
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGCONT)
        with contextlib.suppress(ProcessLookupError):
            os.kill(runtime, signal.SIGKILL)

    assert at_once(6, trouble) == [None] * 6
    for item in spawned:
        host.rpc.wait_for_end(item["lifecycle"]["session_id"])
    host.rpc.wait_for_watchers(process_exit_watchers=0)
    host.wait_for_rest()
    for item in spawned:
        events = host.rpc.events_of(item["lifecycle"]["session_id"])
        assert len(events) == 2 and events[0] == item["event"], events
        assert events[1]["type"] in ("terminated", "lost")


# When something changed


def instant(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def changed_since(host, moment: datetime) -> list[str]:
    return [row["session_id"] for row in host.rpc.status(updated_since=instant(moment))]


def test_a_change_moves_the_time_of_a_row(host):
    start = datetime.now(UTC)
    session = host.start_runtime()
    running = datetime.now(UTC)
    assert changed_since(host, start) == [session]
    eventually(lambda: changed_since(host, datetime.now(UTC) - timedelta(milliseconds=20)) == [], "some time passes")
    assert changed_since(host, running + timedelta(milliseconds=5)) == []

    other = host.start_runtime()
    assert changed_since(host, running + timedelta(milliseconds=5)) == [other]
    host.rpc.kill(session)
    host.rpc.wait_for_end(session)
    assert changed_since(host, running + timedelta(milliseconds=5)) == sorted([session, other])
    assert changed_since(host, datetime.now(UTC) + timedelta(hours=1)) == []


def test_the_moment_itself_counts(host):
    """`updated_since` is inclusive: by halves the moment of the last change is found, and asked for exactly."""
    low = datetime.now(UTC)
    session = host.start_runtime()
    high = datetime.now(UTC) + timedelta(seconds=1)
    while high - low > timedelta(microseconds=1):
        middle = low + (high - low) / 2
        if changed_since(host, middle) == [session]:
            low = middle
        else:
            high = middle
    assert changed_since(host, low) == [session]
    assert changed_since(host, high) == []


# Rows of others, and the sweep (§4.3, §4.4)


@pytest.fixture
def sweeping(make_host):
    return make_host(RTM_PROBE_SWEEP_INTERVAL_MS="100").start()


@pytest.fixture
def stranger():
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


def started(pid: int) -> datetime:
    """When the process was started, as the kernel tells it."""
    ticks = int(processes.read(pid, "stat").rsplit(b") ", 1)[1].split()[19])
    with open("/proc/stat") as file:
        boot = int(next(line.split()[1] for line in file if line.startswith("btime ")))
    return datetime.fromtimestamp(boot + ticks / os.sysconf("SC_CLK_TCK"), UTC)


def write_row(host, session: str, pid: int | None, start: datetime | None, state: str = "Running") -> None:
    """What another program does that knows the table (§11)."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    row = (session, "claude", state, pid, pid, start and start.isoformat(timespec="milliseconds"), now, now)
    with contextlib.closing(sqlite3.connect(host.home / "drover.db", timeout=10)) as database, database:
        database.execute(
            "INSERT INTO lifecycle (session_id, runtime, state, shim_pid, runtime_pid, start_time, spawned_at,"
            " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )


def test_a_row_that_another_program_wrote_is_picked_up(sweeping, stranger):
    session = new_id()
    write_row(sweeping, session, stranger.pid, started(stranger.pid))
    row = sweeping.rpc.wait_for_state(session, "running")
    assert row["runtime_pid"] == stranger.pid
    sweeping.rpc.wait_for_watchers(process_exit_watchers=1)
    stranger.kill()
    sweeping.rpc.wait_for_end(session)
    assert len(sweeping.rpc.events_of(session)) == 1


def test_a_row_of_a_process_that_is_gone_is_lost(sweeping):
    process = subprocess.Popen(["true"])
    process.wait()
    session = new_id()
    write_row(sweeping, session, process.pid, datetime.now(UTC))
    row = sweeping.rpc.wait_for_end(session)
    assert row["state"] == {"lost": "pid_not_alive"}
    assert sweeping.rpc.events_of(session) == [lost(session, "pid_not_alive")]


def test_a_row_whose_number_belongs_to_somebody_else_is_lost(sweeping, stranger):
    session = new_id()
    write_row(sweeping, session, stranger.pid, started(stranger.pid) - timedelta(hours=1))
    row = sweeping.rpc.wait_for_end(session)
    assert row["state"] == {"lost": "pid_reuse_detected"}
    assert sweeping.rpc.events_of(session) == [lost(session, "pid_reuse_detected")]
    (entry,) = sweeping.rpc.doctor()["recent_lost"]
    assert (entry["session_id"], entry["evidence"]) == (session, "pid_reuse_detected")

    for name in ("term", "kill"):
        sweeping.rpc.kill(session, name, 0)
    assert stranger.poll() is None, "the stranger was not signalled"


def test_one_bad_row_does_not_stop_the_sweep(sweeping, stranger):
    sessions = [new_id() for _ in range(3)]
    with contextlib.closing(sqlite3.connect(sweeping.home / "drover.db", timeout=10)) as database, database:
        now = datetime.now(UTC).isoformat()
        database.execute(
            "INSERT INTO lifecycle (session_id, runtime, state, runtime_pid, start_time, spawned_at, updated_at)"
            " VALUES ('not an id', 'claude', 'Dreaming', -7, 'yesterday', ?, ?)",
            (now, now),
        )
    write_row(sweeping, sessions[0], 2**31 - 2, datetime.now(UTC))
    write_row(sweeping, sessions[1], stranger.pid, started(stranger.pid))
    sweeping.rpc.wait_for_state(sessions[0], {"lost": "pid_not_alive"})
    sweeping.rpc.wait_for_state(sessions[1], "running")


def test_the_time_of_a_sweep_is_told_though_nothing_runs(sweeping):
    first = sweeping.rpc.doctor()["last_probe_sweep"]
    assert first is not None
    eventually(lambda: sweeping.rpc.doctor()["last_probe_sweep"] > first, "it sweeps again")


def test_sweeps_do_not_disturb_those_who_live(sweeping):
    session = sweeping.start_runtime()
    before = sweeping.rpc.doctor()["last_probe_sweep"]
    seen = set()

    def five_times():
        seen.add(sweeping.rpc.doctor()["last_probe_sweep"])
        return len(seen - {before}) >= 5

    eventually(five_times, "it has swept five times")
    assert sweeping.rpc.lifecycle(session)["state"] == "running"
    assert sweeping.rpc.watchers()["process_exit_watchers"] == 1
    assert len(sweeping.rpc.events_of(session)) == 1


@pytest.mark.parametrize(
    "name", ["RTM_PROBE_SWEEP_INTERVAL_MS", "RTM_RESUME_POLL_INTERVAL_MS", "RTM_RESUME_GAP_THRESHOLD_MS"]
)
def test_an_interval_that_is_no_number_is_refused_with_a_sentence(make_host, name):
    host = make_host(**{name: "soon"})
    assert host.launch().wait() == 1
    assert name in host.log_text() and "soon" in host.log_text()
    assert "Fatal" not in host.log_text()
    assert not host.socket.exists()
