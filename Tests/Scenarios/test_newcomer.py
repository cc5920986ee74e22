"""The story of somebody who uses Drover for the first time."""

import json
import time

from harness.tty import Terminal
from harness.viewer import Viewer
from harness.waiting import eventually

SCRIPT = 'for i in 1 2 3; do echo step $i; sleep 1; done; read -p "go? " x; echo got $x'


def test_a_newcomer_runs_a_build_watches_it_and_answers_it(daemon):
    began = int(time.time() * 1000)
    command = [str(daemon.binary), "run", "--name", "build", "--", "bash", "-c", SCRIPT]
    with Terminal(command, daemon.environment, folder=daemon.folder) as terminal:
        eventually(lambda: daemon.get("/api/fleet/build").status_code == 200, "the session is there")
        session = daemon.wait_for_state("build", "RUNNING")

        with Viewer(daemon.url) as viewer:
            joined = viewer.join("session", sessionId=session["id"])
            assert joined["terminal"]["cols"] > 0
            daemon.wait_for_output(session["id"], b"go? ")
            answer = viewer.ask("terminal_input", {"sessionId": session["id"], "data": "yes", "mode": "line"})
            assert answer == {"ok": True}
            viewer.wait_for("terminal_output", lambda chunk: "got yes" in chunk["data"])

        ended = daemon.wait_for_end("build")
        terminal.wait()

    assert (ended["state"], ended["exitCode"]) == ("COMPLETED", 0)
    assert began <= ended["startedAt"] <= ended["endedAt"] <= int(time.time() * 1000)
    assert ended["endedAt"] - ended["startedAt"] >= 3000, "it slept for three seconds"
    assert ended["title"].startswith("bash -c")
    assert ended["command"]["argv"] == ["bash", "-c", SCRIPT]

    recorded = daemon.output("build")
    assert recorded == b"step 1\r\nstep 2\r\nstep 3\r\ngo? yes\r\ngot yes\r\n"
    assert daemon.cli("logs", "build").stdout == recorded
    assert ended["terminal"]["bytes"] == len(recorded)

    listed = json.loads(daemon.cli("ls", "--json").stdout)
    items = listed["items"] if isinstance(listed, dict) else listed
    assert [item["name"] for item in items] == ["build"]
    assert b"build" in daemon.cli("ls").stdout


def test_the_program_alone_tells_what_to_do_next(daemon):
    answer = daemon.cli()
    assert answer.returncode == 0
    assert b"drover run" in answer.stdout


def test_every_command_says_what_it_takes(daemon):
    for words in (["--help"], ["run", "--help"], ["ls", "--help"], ["logs", "--help"]):
        answer = daemon.cli(*words)
        assert answer.returncode == 0, (words, answer)
        assert b"drover" in answer.stdout


def test_a_misspelt_word_gets_the_closest_one(daemon):
    answer = daemon.cli("lss")
    assert answer.returncode == 2
    assert b"ls" in answer.stderr
    answer = daemon.cli("statuss")
    assert answer.returncode == 2


def test_a_wrong_option_is_a_usage_error(daemon):
    assert daemon.cli("ls", "--no-such-option").returncode == 2
    assert daemon.cli("run").returncode == 2
    assert daemon.cli("logs").returncode == 2


def test_without_a_daemon_a_command_says_how_to_start_one(make_daemon):
    daemon = make_daemon()
    for words in (["ls"], ["run", "--", "true"], ["logs", "build"], ["stop", "build"]):
        answer = daemon.cli(*words)
        assert answer.returncode == 3, (words, answer)
        assert b"drover up" in answer.stderr


def test_an_unknown_session_is_an_error_and_not_silence(daemon):
    for words in (["logs", "nobody"], ["stop", "nobody"], ["send", "nobody", "hello"], ["show", "nobody"]):
        answer = daemon.cli(*words)
        assert answer.returncode == 1, (words, answer)
        assert b"nobody" in answer.stderr


def test_text_is_sent_and_a_session_is_stopped_from_the_command_line(daemon):
    session = daemon.run_script("read x; echo got $x; sleep 1000", name="ask")
    daemon.wait_for_state(session, "RUNNING")
    assert daemon.cli("send", "ask", "hello").returncode == 0
    daemon.wait_for_output("ask", b"got hello")
    assert daemon.cli("stop", "ask").returncode == 0
    assert daemon.wait_for_end("ask")["state"] == "COMPLETED"


def test_a_session_is_found_by_the_beginning_of_its_id(daemon):
    session = daemon.run("echo", "hello")
    daemon.wait_for_end(session)
    assert daemon.cli("logs", session[:8]).stdout == b"hello\r\n"
    assert daemon.session(session[:8])["id"] == session


def test_logs_follow_a_session_to_its_end(daemon):
    session = daemon.run_script("echo one; read x; echo two", name="follow")
    daemon.wait_for_output(session, b"one")
    command = [str(daemon.binary), "logs", "-f", "follow"]
    with Terminal(command, daemon.environment) as terminal:
        terminal.wait_for(b"one")
        daemon.type(session, "\n")
        terminal.wait_for(b"two")
        assert terminal.wait() == 0


def test_the_version_is_the_daemons(daemon):
    answer = daemon.cli("version")
    assert answer.returncode == 0
    assert daemon.ready["version"].encode() in answer.stdout


def test_the_exit_code_of_a_program_is_told(daemon):
    session = daemon.run_script("exit 7", name="seven")
    daemon.wait_for_end(session)
    shown = json.loads(daemon.cli("show", "seven", "--json").stdout)
    assert (shown["state"], shown["exitCode"]) == ("FAILED", 7)


def test_output_into_a_closed_pipe_is_no_crash(daemon):
    session = daemon.run_script("seq 1 100000", name="long")
    daemon.wait_for_end(session)
    script = f'"{daemon.binary}" logs long | head -1; echo "${{PIPESTATUS[0]}}"'
    with Terminal(["bash", "-c", script], daemon.environment) as terminal:
        terminal.wait()
        first, code = terminal.screen.split()
    assert first == b"1"
    # Ended by the closed pipe, or having noticed it: in good order either way.
    assert code in (b"0", b"1", b"141")
