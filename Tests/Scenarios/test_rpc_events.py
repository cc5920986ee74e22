"""The cursor over what happened (§8): replay, waiting for the next, expiry, and the log of another program."""

import json
import select
import time

import pytest

from harness import processes
from harness.rpc import Peer, request_line
from harness.waiting import eventually


def brief_life(host) -> str:
    session = host.start_runtime("exit 0")
    host.rpc.wait_for_end(session)
    return session


def expired(host, since: int, **more) -> int | None:
    answer = host.rpc.answer("events", {"since": since, **more})
    return answer["payload"]["oldest"] if answer["type"] == "cursor_expired" else None


def wait_in_line(host, since: int | None, wait_ms: int, count: int = 1) -> list[Peer]:
    """Opens connections that ask for the next event, and waits until the daemon knows of all."""
    before = host.rpc.watchers()["event_waiters"]
    peers = []
    for _ in range(count):
        peer = host.rpc.connect(timeout=70)
        peer.send(request_line("events", {"wait_ms": wait_ms} | ({} if since is None else {"since": since})))
        peers.append(peer)
    host.rpc.wait_for_watchers(event_waiters=before + count)
    return peers


def close(peers: list[Peer]) -> None:
    for peer in peers:
        peer.close()


def test_events_are_replayed_from_a_cursor(host):
    sessions = [brief_life(host) for _ in range(3)]
    everything = host.rpc.events(0)
    assert everything["cursor"] == 6
    assert [event["payload"]["session_id"] for event in everything["events"]] == [s for s in sessions for _ in "re"]
    assert [event["type"] for event in everything["events"]] == ["running", "terminated"] * 3
    assert host.rpc.events(None) == everything
    for since in range(7):
        assert host.rpc.events(since) == {"events": everything["events"][since:], "cursor": 6}
        assert host.rpc.events(since, wait_ms=0) == host.rpc.events(since)


def test_an_empty_log_gives_back_what_it_was_given(host):
    assert host.rpc.events(0) == {"events": [], "cursor": 0}
    assert host.rpc.events(None) == {"events": [], "cursor": 0}
    assert expired(host, 1) == 0


def test_a_cursor_beyond_the_end_is_expired(host):
    """The log was lost or is another one: who believes in that cursor would wait for ever (D-23)."""
    brief_life(host)
    assert expired(host, 2) is None
    for since in (3, 1000, 2**63, 2**64 - 1):
        assert expired(host, since) == 0
        # At once, however long it would wait.
        assert expired(host, since, wait_ms=60_000) == 0


def test_who_has_something_to_read_does_not_wait(host):
    brief_life(host)
    started = time.monotonic()
    assert len(host.rpc.events(0, wait_ms=60_000)["events"]) == 2
    assert len(host.rpc.events(1, wait_ms=60_000)["events"]) == 1
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("since", [0, None])
def test_one_who_waits_is_woken_by_the_next_event(host, since):
    (peer,) = wait_in_line(host, since, 60_000)
    session = host.start_runtime()
    answer = peer.answer()
    assert answer["payload"]["cursor"] == 1
    assert [event["payload"]["session_id"] for event in answer["payload"]["events"]] == [session]
    peer.close()
    host.rpc.wait_for_watchers(event_waiters=0)


def test_a_hundred_who_wait_are_woken_by_one_event(host):
    brief_life(host)
    peers = wait_in_line(host, 2, 60_000, count=100)
    session = host.start_runtime()
    answers = [peer.answer() for peer in peers]
    close(peers)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["payload"]["cursor"] == 3
    assert [event["payload"]["session_id"] for event in answers[0]["payload"]["events"]] == [session]
    host.rpc.wait_for_watchers(event_waiters=0)


def test_who_waits_in_vain_gets_nothing_and_keeps_the_cursor(host):
    brief_life(host)
    started = time.monotonic()
    assert host.rpc.events(2, wait_ms=300) == {"events": [], "cursor": 2}
    assert 0.28 < time.monotonic() - started < 5
    host.rpc.wait_for_watchers(event_waiters=0)


def test_more_than_a_minute_is_not_rejected(host):
    for wait in (60_001, 2**32 - 1):
        peers = wait_in_line(host, 0, wait)
        assert select.select([peers[0].socket], [], [], 0.1)[0] == []
        close(peers)
    host.rpc.wait_for_watchers(event_waiters=0)


@pytest.mark.parametrize("how", ["half-close", "close"])
def test_who_leaves_is_not_answered_and_not_counted(host, how):
    peers = wait_in_line(host, 0, 60_000, count=5)
    for peer in peers[:4]:
        if how == "half-close":
            peer.half_close()
            assert peer.read_to_end() == b"", "a wait that was called off has no answer"
        peer.close()
    host.rpc.wait_for_watchers(event_waiters=1)
    host.start_runtime()
    assert peers[4].answer()["payload"]["cursor"] == 1
    peers[4].close()


def test_who_half_closes_without_waiting_is_answered(host):
    session = brief_life(host)
    for payload in ({}, {"since": 0}, {"since": 0, "wait_ms": 0}):
        answer = host.rpc.exchange(request_line("events", payload), half_close=True)
        assert answer["payload"]["events"][0]["payload"]["session_id"] == session


def test_what_is_said_while_waiting_is_not_heard(host):
    (peer,) = wait_in_line(host, 0, 60_000)
    peer.send(b'{"type":"stop"}\n' + b"x" * 100_000)
    host.start_runtime()
    assert peer.answer()["payload"]["cursor"] == 1
    peer.close()
    assert host.program.is_running()


def test_waiting_costs_nothing(host):
    peers = wait_in_line(host, 0, 60_000, count=50)

    def ticks() -> int:
        fields = processes.read(host.pid, "stat").rsplit(b") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before, since = ticks(), time.monotonic()
    eventually(lambda: time.monotonic() - since > 1, "a second has passed", every=0.1)
    assert ticks() - before <= 5
    close(peers)


def test_those_who_wait_are_let_go_when_the_daemon_ends(host):
    peers = wait_in_line(host, 0, 60_000, count=3)
    started = time.monotonic()
    assert host.stop() == 0
    assert time.monotonic() - started < 5
    for peer in peers:
        received = peer.read_to_end()
        assert not received or json.loads(received)["type"] in ("events", "error")
    close(peers)


def test_a_follower_misses_nothing_and_sees_nothing_twice(host):
    """Over restarts, by long polls, while runtimes come and go."""
    seen, cursor = [], 0
    host.plant("claude", "#!/bin/true\n")
    for turn in range(3):
        for _ in range(10):
            host.start_runtime()
        host.rpc.wait_for_watchers(process_exit_watchers=0)
        while len(seen) < 20 * (turn + 1):
            page = host.rpc.events(cursor, wait_ms=5000)
            assert page["events"], f"after {cursor} nothing came"
            assert page["cursor"] == cursor + len(page["events"])
            seen, cursor = seen + page["events"], page["cursor"]
        if turn == 0:
            host.kill()
            host.start()
        elif turn == 1:
            host.restart()
    assert host.rpc.events(0) == {"events": seen, "cursor": 60}
