"""An answer means that the event is on the disk: what happens while the disk, or who holds the database, is slow."""

import contextlib
import json
import os
import select
import sqlite3
import time
from collections.abc import Iterator

import pytest

from harness.ipc import new_event
from harness.sensing import SensingDaemon
from harness.waiting import eventually


@pytest.fixture
def host():
    daemon = SensingDaemon()
    try:
        daemon.start()
        daemon.ipc.event("session_start", session_id="s", pid=os.getpid(), cwd=str(daemon.repo))
        yield daemon
    finally:
        daemon.close()


@contextlib.contextmanager
def held(host: SensingDaemon) -> Iterator[None]:
    """An operator's own transaction, for as long as which nobody else can write."""
    with contextlib.closing(sqlite3.connect(host.home / "drover.db", isolation_level=None)) as database:
        database.execute("PRAGMA busy_timeout = 5000")
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


def send(host: SensingDaemon, event: dict):
    peer = host.ipc.connect()
    request = {"protocol_version": 1, "method": "event", "id": event["event_id"], "params": event}
    peer.sendall(json.dumps(request).encode() + b"\n")
    return peer


def read(peer) -> dict:
    with peer, peer.makefile("rb") as file:
        return json.loads(file.readline())


def test_an_event_that_is_sent_again_is_accepted_no_sooner_than_it_is_durable(host):
    event = new_event("pre_tool_use", session_id="s", pid=os.getpid(), cwd=str(host.repo))
    with held(host):
        peers = [send(host, event) for _ in range(3)]
        # The daemon is well, and has had these before it.
        for _ in range(20):
            assert host.ipc.ask("get_health")["status"] == "ok"
        assert select.select(peers, [], [], 0.3)[0] == []
    answers = [read(peer) for peer in peers]
    assert [answer["ok"] for answer in answers] == [True] * 3
    assert sum("duplicate" not in answer["data"] for answer in answers) == 1
    assert host.row("SELECT count(*) FROM events WHERE id = ?", event["event_id"]) == (1,)
    assert host.ipc.sessions()["s"]["tools_in_flight"] == 1


def test_what_was_not_durable_when_the_daemon_died_is_sent_again_and_counts_once(host):
    event = new_event("pre_tool_use", session_id="s", pid=os.getpid(), cwd=str(host.repo))
    with held(host):
        peers = [send(host, event) for _ in range(2)]
        host.ipc.ask("get_health")
        host.kill()
    for peer in peers:
        with peer:
            assert peer.recv(4096) == b""
    host.start_afresh()
    assert host.ipc.sessions()["s"]["tools_in_flight"] == 0
    assert host.ipc.ask("event", event) == {"accepted": True}
    assert host.ipc.ask("event", event) == {"accepted": True, "duplicate": True}
    assert host.ipc.sessions()["s"]["tools_in_flight"] == 1


def test_a_hook_that_waits_in_vain_keeps_its_event_which_counts_once(host):
    tool = {"session_id": "s", "cwd": str(host.repo), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    with held(host):
        begin = time.monotonic()
        done = host.hook(tool)
        assert (done.returncode, done.stdout) == (0, "")
        # Two attempts of 600 ms each, and no more: an agent waits for it.
        assert time.monotonic() - begin < 10
        assert len(host.spool) == 1
    eventually(lambda: host.ipc.sessions()["s"]["tools_in_flight"] == 1, "the daemon has it all the same")
    host.hook(tool | {"hook_event_name": "UserPromptSubmit"})
    assert host.spool == []
    assert host.ipc.sessions()["s"]["tools_in_flight"] == 1
    assert host.row("SELECT count(*) FROM events WHERE event_type = 'pre_tool_use'") == (1,)


def test_a_database_that_stays_held_is_said_and_the_event_may_come_later(host):
    event = new_event("pre_tool_use", session_id="s", pid=os.getpid(), cwd=str(host.repo))
    with held(host):
        peers = [send(host, event) for _ in range(2)]
        assert [read(peer)["error"]["code"] for peer in peers] == ["sessions_error"] * 2
        assert host.ipc.ask("get_health")["status"] == "ok"
    eventually(lambda: host.ipc.ask("event", event).get("duplicate"), "it was written once there was room")
    assert host.ipc.sessions()["s"]["tools_in_flight"] == 1
