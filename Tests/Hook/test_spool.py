"""What happens while the daemon is away, slow, or full."""

import json
import os
import stat
import subprocess
import threading
import time

from fake_daemon import accept, refuse
from payloads import claude


def test_what_could_not_be_sent_is_kept_and_sent_before_the_next(reporter, make_daemon):
    reporter.handle(claude("SessionStart"))
    reporter.handle(claude("UserPromptSubmit"))
    kept = reporter.spooled
    assert [event["event_type"] for event in kept] == ["session_start", "user_prompt_submit"]
    assert stat.S_IMODE(reporter.spool.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in reporter.spool.glob("*.json")} == {0o600}

    daemon = make_daemon()
    reporter.handle(claude("Stop"))
    assert daemon.events[:2] == kept
    assert daemon.events[2]["event_type"] == "stop"
    assert not reporter.spooled


def test_two_hundred_at_once_with_a_daemon(reporter, daemon):
    burst(reporter, 200)
    assert len({event["event_id"] for event in daemon.events}) == 200
    assert not reporter.spooled


def test_two_hundred_at_once_without_one_and_then_drained_once(reporter, make_daemon):
    burst(reporter, 200)
    assert len(reporter.spooled) == 200
    daemon = make_daemon()
    # One drainer at a time: with a patient daemon nobody sends what another has sent.
    deadline = time.monotonic() + 60
    calls = 0
    while reporter.spooled:
        assert time.monotonic() < deadline
        burst(reporter, 4)
        calls += 4
    ids = [event["event_id"] for event in daemon.events]
    assert len(ids) == len(set(ids)) == 200 + calls
    waited = [event["recorded_at"] for event in daemon.events if event["session_id"] == "5f1c"]
    assert len(waited) == 200 + calls


def test_a_drainer_that_dies_leaves_the_event(reporter, make_daemon):
    reporter.handle(claude("Stop"))
    [kept] = reporter.spooled
    asked = threading.Event()

    def silent(request):
        asked.set()

    daemon = make_daemon(silent)
    process = subprocess.Popen([reporter.program, "handle"], stdin=subprocess.PIPE, env=reporter.environment)
    process.stdin.write(json.dumps(claude("Stop")).encode())
    process.stdin.close()
    assert asked.wait(20)
    process.kill()
    process.wait()
    assert kept in reporter.spooled
    daemon.answer = accept
    reporter.handle(claude("Stop"))
    assert sum(event["event_id"] == kept["event_id"] for event in daemon.events) >= 2
    assert not reporter.spooled


def test_a_silent_daemon_is_given_up_on_and_asked_twice_with_the_same_event(reporter, make_daemon):
    daemon = make_daemon(lambda request: None)
    began = time.monotonic()
    reporter.handle(claude("Stop"))
    took = time.monotonic() - began
    assert 1.2 <= took < 10
    assert len(daemon.requests) == 2
    assert daemon.requests[0] == daemon.requests[1]
    assert [event["event_id"] for event in reporter.spooled] == [daemon.events[0]["event_id"]]


def test_a_daemon_that_is_full_for_a_moment(reporter, make_daemon):
    answers = [refuse("too_many_connections"), accept]
    daemon = make_daemon(lambda request: answers.pop(0)(request))
    reporter.handle(claude("Stop"))
    assert len(daemon.requests) == 2
    assert not reporter.spooled


def test_what_will_never_be_taken_is_not_kept(reporter, make_daemon):
    daemon = make_daemon(refuse("invalid_params"))
    reporter.handle(claude("Stop"))
    daemon.answer = refuse("unknown_method")
    reporter.handle(claude("StopFailure"))
    assert len(daemon.requests) == 2
    assert not reporter.spooled
    log = (reporter.capacitor / "drover-hook.log").read_text()
    assert "invalid_params" in log and "unknown_method" not in log


def test_only_the_newest_thousand_are_kept(reporter):
    reporter.spool.mkdir(parents=True)
    now = int(time.time() * 1000)
    for index in range(1050):
        (reporter.spool / f"{now - 100_000 + index:014}-evt-{index}.json").write_text("{}\n")
    reporter.handle(claude("Stop"))
    names = sorted(path.name for path in reporter.spool.glob("*.json"))
    assert len(names) == 1000
    assert names[0].endswith("evt-51.json")


def test_yesterdays_are_dropped_and_half_written_ones_too(reporter, daemon):
    reporter.spool.mkdir(parents=True)
    old = int((time.time() - 25 * 3600) * 1000)
    (reporter.spool / f"{old:014}-evt-1.json").write_text('{"id":"x","params":{}}\n')
    half = reporter.spool / ".new-1-x.json"
    half.write_text("{")
    os.utime(half, (time.time() - 3600,) * 2)
    stranger = reporter.spool / "README"
    stranger.write_text("mine")
    reporter.handle(claude("Stop"))
    assert [event["event_type"] for event in daemon.events] == ["stop"]
    assert {path.name for path in reporter.spool.iterdir()} == {".lock", "README"}


def burst(reporter, count: int) -> None:
    """So many hooks side by side, started as fast as can be."""
    data = json.dumps(claude("PreToolUse")).encode()
    processes = [
        subprocess.Popen([reporter.program, "handle"], stdin=subprocess.PIPE, env=reporter.environment)
        for _ in range(count)
    ]
    for process in processes:
        process.stdin.write(data)
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0] * count
