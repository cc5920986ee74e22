"""A journal that cannot be written for a while: somebody else holds the database here. A full disk is the same."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator

from harness import processes
from harness.rpc import at_once
from harness.waiting import eventually


@contextlib.contextmanager
def unwritable(host) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(host.home / "drover.db", isolation_level=None, timeout=20)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


def timed(work) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_everybody_is_answered_and_nothing_is_lost(host):
    kept, ended = host.spawn()["lifecycle"], host.spawn()["lifecycle"]
    with unwritable(host):
        requests = [host.spawn_request(), host.spawn_request(runtime="codex")]
        started = time.monotonic()

        def ask(number: int):
            if number < 2:
                return host.rpc.answer("spawn", requests[number], timeout=40)
            # Whatever waits for the disk, the others do not wait for it.
            for question in (host.rpc.version, host.rpc.status, host.rpc.watchers, host.rpc.doctor):
                assert timed(question) < 3
            assert timed(lambda: host.rpc.kill(ended["session_id"])) < 5
            return None

        *answers, well = at_once(3, ask)
        assert well is None, well
        assert all(isinstance(answer, dict) for answer in answers), f"no answer: {answers}"
        assert time.monotonic() - started < 32
        # Nothing is told before it is durable.
        assert [answer["type"] for answer in answers] == ["error", "error"]
        assert {answer["payload"]["code"] for answer in answers} == {"launch_failed"}
        assert host.rpc.cursor() == 2

    end = host.rpc.wait_for_end(ended["session_id"])
    assert end["state"] == {"exited": {"code": None, "signal": 15}}
    assert host.rpc.lifecycle(kept["session_id"])["state"] == "running"

    def only_one_runs():
        running = [row["session_id"] for row in host.rpc.status(state="running")]
        assert running == [kept["session_id"]]
        resting = [pid for pid in host.runtimes() if b"1000" in processes.read(pid, "cmdline")]
        assert resting == [kept["runtime_pid"]], "what was said to have failed does not run"
        return True

    eventually(only_one_runs, "the failed starts have ended")
    session = host.start_runtime("exit 0")
    host.rpc.wait_for_end(session)
    events = host.rpc.events_of(ended["session_id"])
    assert [event["type"] for event in events] == ["running", "terminated"]


def test_a_daemon_that_cannot_write_can_be_ended(host):
    lifecycle = host.spawn()["lifecycle"]
    with unwritable(host):
        host.rpc.kill(lifecycle["session_id"], "kill")
        host.rpc.stop()
        # It tries for a while, and says by its exit code whether it could.
        assert isinstance(host.program.wait(40), int)
    host.start()
    assert host.rpc.lifecycle(lifecycle["session_id"])["state"] == {"lost": "pid_not_alive"}
