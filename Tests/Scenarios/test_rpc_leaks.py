"""After many runtimes the daemon is as it was before, and many at once do not weigh much."""

from pathlib import Path

import pytest

from harness import processes
from harness.rpc import at_once
from harness.waiting import eventually

MEBIBYTE = 1024 * 1024


def files(host) -> set[str]:
    """What lies about, but for what belongs to a session by its name: logs and recordings."""
    sessions = [row["session_id"] for row in host.rpc.status()]
    found = set()
    for root in (host.home, host.folder / "run", host.folder / "person"):
        for path in Path(root).rglob("*"):
            if path.is_file() and not any(session in str(path) for session in sessions):
                found.add(str(path))
    return found


def rest(host) -> tuple[int, int]:
    host.wait_for_rest()
    host.rpc.wait_for_watchers(process_exit_watchers=0, shim_sockets=0, event_waiters=0)
    assert host.rpc.status(state="forking") == host.rpc.status(state="running") == []
    eventually(lambda: processes.children(host.pid) == [], "no child is left, not even a dead one")
    return len(processes.descriptors(host.pid)), processes.threads(host.pid)


def check_as_before(host, descriptors: int, threads: int) -> None:
    def as_before():
        now = rest(host)
        assert now[0] <= descriptors + 2, processes.descriptors(host.pid)
        # Workers may be there that are about to go.
        assert now[1] <= threads + 4
        return True

    eventually(as_before, "descriptors and threads are as before")


@pytest.mark.timeout(180)
def test_five_hundred_runtimes_leave_nothing_behind(host):
    host.plant("claude", "#!/bin/true\n")
    for _ in range(20):
        host.start_runtime()
    descriptors, threads = rest(host)
    before = files(host)
    for _ in range(500):
        host.start_runtime()
    check_as_before(host, descriptors, threads)
    assert files(host) == before
    rows = host.rpc.status()
    assert len(rows) == 520
    assert all(row["state"] == {"exited": {"code": 0, "signal": None}} for row in rows)
    assert host.rpc.cursor() == 1040


def test_fifty_at_once_leave_nothing_behind(host):
    host.plant("claude", "#!/bin/true\n")
    host.start_runtime()
    descriptors, threads = rest(host)
    for _ in range(2):
        answers = at_once(50, lambda _: host.start_runtime())
        assert all(isinstance(answer, str) for answer in answers), answers
    check_as_before(host, descriptors, threads)
    assert len(host.rpc.status(state="exited")) == 101


def test_starts_that_fail_leave_nothing_behind(host):
    host.plant("claude", "#!/no/such/interpreter\n")
    host.refusal()
    descriptors, threads = rest(host)
    for _ in range(30):
        host.refusal()
        host.refusal(runtime="gemini")
        host.refusal(cwd="/no/such/folder", runtime="codex")
        host.refusal(address="nobody:0.0", runtime="codex")
    check_as_before(host, descriptors, threads)
    assert host.rpc.status() == []


def test_fifty_shims_and_their_daemon_weigh_little(host):
    """Less than 90 MiB, even when what they share is counted each time (§3.3)."""
    answers = at_once(10, lambda _: [host.spawn()["lifecycle"]["shim_pid"] for _ in range(5)])
    shims = [pid for answer in answers for pid in answer]
    assert len(shims) == 50
    weight = sum(processes.resident_bytes(pid) for pid in shims) + processes.resident_bytes(host.pid)
    assert weight < 90 * MEBIBYTE, f"{weight / MEBIBYTE:.1f} MiB"


def test_questions_about_panes_leave_nothing_behind(tmux_host):
    session = tmux_host.start_runtime(address="work:0.0")

    def ask() -> None:
        tmux_host.rpc.validate("tmux:work:0.0")
        tmux_host.rpc.capture(session)
        tmux_host.rpc.nudge(session, "x")
        tmux_host.rpc.status()

    ask()
    descriptors = len(processes.descriptors(tmux_host.pid))
    for _ in range(20):
        ask()
    eventually(lambda: len(processes.descriptors(tmux_host.pid)) <= descriptors + 2, "descriptors are as before")
    eventually(lambda: len(processes.zombies(tmux_host.pid)) == 0, "nobody is left unwaited for")
    assert len(processes.children(tmux_host.pid)) <= 1, "one connection to tmux is enough"
