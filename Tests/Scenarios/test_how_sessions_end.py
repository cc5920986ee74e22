"""The ends a program can come to, and what is told of each."""

import time

import pytest

from harness import processes
from harness.waiting import eventually

STATES = ["PREPARING_WORKSPACE", "STARTING_PROVIDER", "RUNNING"]


def stop(daemon, session: str, **body):
    return daemon.post(f"/api/runner/sessions/{session}/stop", body)


def told(daemon, session: str) -> list[dict]:
    events = daemon.runner_events(session)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "SESSION_ENDED", "SESSION_ENDED is the last event of a session"
    assert sum(event["type"] == "SESSION_ENDED" for event in events) == 1
    return events


def test_a_program_that_succeeds_is_completed(daemon):
    before = int(time.time() * 1000)
    session = daemon.run("true")
    ended = daemon.wait_for_end(session)
    after = int(time.time() * 1000)

    assert (ended["state"], ended["exitCode"], ended["live"]) == ("COMPLETED", 0, False)
    assert "signal" not in ended and "errorMessage" not in ended
    assert before <= ended["createdAt"] <= ended["startedAt"] <= ended["endedAt"] <= after
    changes = [event["newState"] for event in told(daemon, session) if event["type"] == "SESSION_STATE_CHANGED"]
    assert changes == [*STATES, "COMPLETED"]
    assert [entry["state"] for entry in ended["timeline"]][-4:] == changes


@pytest.mark.parametrize("code", [1, 2, 127, 255])
def test_a_program_that_fails_is_failed_with_its_exit_code(daemon, code):
    session = daemon.run_script(f"exit {code}")
    ended = daemon.wait_for_end(session)
    assert (ended["state"], ended["exitCode"]) == ("FAILED", code)
    last = told(daemon, session)[-1]
    assert (last["finalState"], last["exitCode"]) == ("FAILED", code)
    assert last["totalDurationMs"] >= 0


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM", "SIGHUP"])
def test_a_program_that_a_signal_ends_is_failed_with_the_signal(daemon, name):
    session = daemon.run_script(f"kill -s {name[3:]} $$; sleep 1000")
    ended = daemon.wait_for_end(session)
    assert (ended["state"], ended["signal"]) == ("FAILED", name)


@pytest.mark.parametrize(
    "argv, command, words",
    [
        (["no-such-program-anywhere"], {}, ["no-such-program-anywhere"]),
        (["/no/such/program"], {}, ["/no/such/program"]),
        (["/etc/passwd"], {}, ["/etc/passwd"]),
        (["/"], {}, ["/"]),
        (["true"], {"cwd": "/no/such/folder"}, ["/no/such/folder"]),
    ],
    ids=["not on the path", "no such file", "not executable", "a folder", "no such working folder"],
)
def test_a_program_that_cannot_be_started_fails_with_a_reason(daemon, argv, command, words):
    session = daemon.run(*argv, **command)
    ended = daemon.wait_for_end(session)

    assert ended["state"] == "FAILED"
    for word in words:
        assert word in ended["errorMessage"]
    assert "exitCode" not in ended or ended["exitCode"] != 0
    events = told(daemon, session)
    assert "RUNNING" not in [event.get("newState") for event in events]
    assert any(event.get("reason") for event in events if event.get("newState") == "FAILED")


def test_a_stop_ends_a_program_that_listens_to_it(daemon):
    session = daemon.run_script("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    daemon.wait_for_output(session, b"ready")
    assert stop(daemon, session).json() == {"ok": True}

    ended = daemon.wait_for_end(session)
    # It was asked to stop, so it has done what it was told, whatever its exit code.
    assert (ended["state"], ended["exitCode"]) == ("COMPLETED", 3)
    assert b"bye" in daemon.output(session)
    changes = [event["newState"] for event in told(daemon, session) if event["type"] == "SESSION_STATE_CHANGED"]
    assert changes == [*STATES, "STOPPING", "COMPLETED"]


def test_a_program_that_ignores_the_stop_is_killed(daemon):
    session = daemon.run_script("trap '' TERM INT HUP; echo ready; while :; do sleep 0.05; done")
    daemon.wait_for_output(session, b"ready")
    assert stop(daemon, session).status_code == 200
    assert stop(daemon, session).status_code in (200, 409)  # it may have ended by now

    ended = daemon.wait_for_end(session)
    assert (ended["state"], ended["signal"]) == ("COMPLETED", "SIGKILL")


def test_a_stop_without_grace_kills_at_once(daemon):
    session = daemon.run_script("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    daemon.wait_for_output(session, b"ready")
    assert stop(daemon, session, graceful=False).status_code == 200

    ended = daemon.wait_for_end(session)
    assert ended["signal"] == "SIGKILL"
    assert b"bye" not in daemon.output(session)


def test_a_stop_reaches_the_whole_process_group(daemon):
    session = daemon.run_script("trap '' HUP TERM; sleep 1000 & sleep 1001 & echo ready; wait")
    daemon.wait_for_output(session, b"ready")
    pid = daemon.session(session)["process"]["pid"]
    assert pid in daemon.processes(), "the test can see what it looks for"
    assert stop(daemon, session).status_code == 200
    daemon.wait_for_end(session)

    eventually(lambda: not processes.is_running(pid), "the program is gone")
    eventually(lambda: daemon.processes() == [daemon.pid], "what it had started is gone as well")


def test_a_program_ends_though_its_children_hold_on_to_the_terminal(daemon):
    session = daemon.run_script(
        "(trap 'sleep 0.2; exit' HUP; echo ready; while :; do sleep 0.05; done) & sleep 0.2; echo done"
    )
    ended = daemon.wait_for_end(session)
    assert (ended["state"], ended["exitCode"]) == ("COMPLETED", 0)
    assert b"done" in daemon.output(session)


def test_a_signal_is_sent_to_the_program(daemon):
    session = daemon.run_script("trap 'echo got it' USR1; echo ready; while :; do sleep 0.05; done")
    daemon.wait_for_output(session, b"ready")
    answer = daemon.post(f"/api/runner/sessions/{session}/signal", {"signal": "SIGUSR1"})
    assert answer.json() == {"ok": True}
    daemon.wait_for_output(session, b"got it")
    assert daemon.post(f"/api/runner/sessions/{session}/signal", {"signal": "SIGSTOP9"}).status_code == 400
    stop(daemon, session, graceful=False)


def test_the_last_words_of_a_program_are_kept(daemon):
    """Output that is written right before the end is read before the end is told."""
    sessions = [daemon.run_script(f"seq 1 2000; echo last word of {number}") for number in range(5)]
    for number, session in enumerate(sessions):
        daemon.wait_for_end(session)
        output = daemon.output(session)
        assert output.endswith(f"last word of {number}\r\n".encode())
        assert output.count(b"\n") == 2001


def test_a_program_runs_in_a_terminal_of_its_own(daemon):
    session = daemon.run_script(
        'test -t 0 && test -t 1 && test -t 2 && tty && echo "$TERM $COLORTERM $DROVER_SESSION_ID"'
    )
    assert daemon.wait_for_end(session)["exitCode"] == 0
    output = daemon.output(session)
    assert output.startswith(b"/dev/pts/")
    assert f"xterm-256color truecolor {session}".encode() in output


def test_a_program_gets_the_environment_it_was_given_and_not_the_daemons_secrets(make_daemon):
    daemon = make_daemon(SECRET_OF_THE_DAEMON="keep-this").start()
    answer = daemon.post(
        "/api/runner/sessions",
        {"providerId": "command", "command": {"argv": ["env"]}, "env": {"GREETING": "good morning"}},
    )
    session = answer.json()["sessionId"]
    daemon.wait_for_end(session)
    output = daemon.output(session)
    assert b"GREETING=good morning" in output
    assert b"keep-this" not in output


def test_a_program_starts_in_its_folder(daemon):
    session = daemon.run("pwd", cwd="/usr/share")
    daemon.wait_for_end(session)
    assert daemon.output(session) == b"/usr/share\r\n"
    assert daemon.session(session)["project"] == {"path": "/usr/share", "name": "share"}


def test_a_program_inherits_no_descriptors_of_the_daemon(daemon):
    session = daemon.run_script("ls -l /proc/self/fd")
    daemon.wait_for_end(session)
    # Its standard descriptors, and the one that `ls` reads the folder with.
    assert daemon.output(session).count(b" -> ") == 4, daemon.output(session)


def test_signals_are_as_a_program_expects_them(daemon):
    """Nothing is blocked or ignored because the daemon blocks or ignores it."""
    session = daemon.run("grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status")
    daemon.wait_for_end(session)
    # Two signals belong to the C library, which has its own way with them.
    internal = 1 << 31 | 1 << 32
    masks = [int(line.split()[1], 16) & ~internal for line in daemon.output(session).splitlines()]
    assert masks == [0, 0]
