"""The command line beyond a newcomer's first steps: attaching, watching, and results for other programs."""

import json

import pytest

from harness import processes
from harness.tty import Terminal
from harness.waiting import eventually


@pytest.fixture
def at_a_terminal(daemon):
    """Runs `drover` as a person at a terminal does."""
    opened: list[Terminal] = []

    def run(*words: str, **options) -> Terminal:
        terminal = Terminal([str(daemon.binary), *words], daemon.environment, folder=daemon.folder, **options)
        opened.append(terminal)
        return terminal

    yield run
    for terminal in opened:
        terminal.close()


def test_somebody_who_attaches_sits_at_the_programs_terminal(daemon, at_a_terminal):
    session = daemon.run_script('echo before; read -p "go? " x; echo got $x; stty size; exit 3', name="ask")
    daemon.wait_for_output(session, b"go? ")
    terminal = at_a_terminal("attach", "--exit-code", "ask", cols=93, rows=27)
    terminal.wait_for(b"before")
    terminal.wait_for(b"go? ")
    eventually(lambda: daemon.session("ask")["terminal"]["cols"] == 93, "the program has this terminal's size")
    terminal.type("yes\r")
    terminal.wait_for(b"got yes")
    assert terminal.wait() == 3
    assert daemon.wait_for_end("ask")["exitCode"] == 3
    assert b"93\r\n" in daemon.output("ask")


def test_a_terminal_that_is_resized_resizes_the_program(daemon, at_a_terminal):
    session = daemon.run_script('trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done', name="sized")
    daemon.wait_for_output(session, b"ready")
    terminal = at_a_terminal("attach", "sized", cols=80, rows=24)
    terminal.wait_for(b"ready")
    terminal.resize(101, 33)
    daemon.wait_for_output(session, b" 101\r\n")
    daemon.cli("kill", "sized")
    terminal.wait()


def test_somebody_who_detaches_leaves_the_program_running_and_the_terminal_as_it_was(daemon, at_a_terminal):
    session = daemon.run_script("stty raw -echo; echo ready; sleep 1000", name="kept")
    daemon.wait_for_output(session, b"ready")
    terminal = at_a_terminal("attach", "--detach-key", "Ctrl-]", "kept")
    terminal.wait_for(b"ready")
    terminal.type(b"\x1d")
    assert terminal.wait() == 0
    assert daemon.session("kept")["state"] == "RUNNING"


def test_a_terminal_is_given_back_as_it_was(daemon):
    """Raw mode, the other screen and a hidden cursor are the program's; the shell gets its own back."""
    session = daemon.run("vim", "-u", "NONE", "-N", name="editor")
    daemon.wait_for_output(session, b"\x1b[?1049h")
    script = (
        f'before=$(stty -g); "{daemon.binary}" attach --detach-key Ctrl-] editor; '
        '[ "$before" = "$(stty -g)" ] && echo "the same" || echo "changed"'
    )
    with Terminal(["bash", "-c", script], daemon.environment, folder=daemon.folder) as terminal:
        terminal.wait_for(b"\x1b[?1049h")
        terminal.type(b"\x1d")
        terminal.wait_for(b"the same")
        assert terminal.wait() == 0
    assert b"\x1b[?1049l" in terminal.screen
    assert daemon.session("editor")["state"] == "RUNNING"


def test_two_people_at_one_terminal_see_the_same(daemon, at_a_terminal):
    session = daemon.run_script("while read x; do echo got $x; done", name="shared")
    daemon.wait_for_state(session, "RUNNING")
    one, two = at_a_terminal("attach", "shared"), at_a_terminal("attach", "shared")
    eventually(lambda: daemon.session("shared")["state"] == "RUNNING", "it runs")
    one.type("one\r")
    one.wait_for(b"got one")
    two.wait_for(b"got one")
    two.type("two\r")
    one.wait_for(b"got two")
    daemon.cli("stop", "shared")
    one.wait()
    two.wait()


def test_a_pipe_is_typed_into_the_program(daemon):
    session = daemon.run_script("read a; read b; echo $a and $b", name="piped")
    daemon.wait_for_state(session, "RUNNING")
    answer = daemon.cli("attach", "piped", input=b"one\ntwo\n")
    assert answer.returncode == 0, answer
    daemon.wait_for_end("piped")
    assert b"one and two" in daemon.output("piped")


def test_a_program_is_run_and_attached_to_at_once(daemon, at_a_terminal):
    terminal = at_a_terminal("run", "--attach", "--name", "here", "--", "bash", "-c", "stty size; read x; echo got $x")
    terminal.wait_for(b"30 100")
    terminal.type("it\r")
    terminal.wait_for(b"got it")
    terminal.wait()
    assert daemon.wait_for_end("here")["state"] == "COMPLETED"


def test_a_program_that_cannot_be_started_is_told_at_once(daemon):
    answer = daemon.cli("run", "--", "no-such-program-anywhere")
    assert answer.returncode == 1
    assert b"no-such-program-anywhere" in answer.stderr
    answer = daemon.cli("run", "--cwd", "/no/such/folder", "--", "true")
    assert answer.returncode == 1
    assert b"/no/such/folder" in answer.stderr


def test_a_variable_is_given_to_the_program(daemon):
    daemon.cli("run", "--name", "env", "--env", "GREETING=good morning", "--", "sh", "-c", "echo $GREETING")
    daemon.wait_for_end("env")
    assert daemon.output("env") == b"good morning\r\n"


def test_a_program_runs_where_it_was_started_from(daemon):
    folder = daemon.folder / "project with a space"
    folder.mkdir()
    daemon.cli("run", "--name", "here", "--", "pwd", cwd=folder)
    daemon.wait_for_end("here")
    assert daemon.output("here").decode().strip() == str(folder)


@pytest.mark.parametrize(
    "words",
    [
        ["ls", "--json"],
        ["show", "one", "--json"],
        ["why", "one", "--json"],
        ["approvals", "--json"],
        ["doctor", "--json"],
    ],
    ids=lambda words: words[0],
)
def test_results_for_programs_are_json(daemon, words):
    daemon.wait_for_end(daemon.run("true", name="one"))
    answer = daemon.cli(*words)
    assert answer.returncode in (0, 1) if words[0] == "doctor" else answer.returncode == 0, answer
    json.loads(answer.stdout)


def test_events_are_lines_of_json_that_go_on(daemon, at_a_terminal):
    session = daemon.mock("all")
    daemon.wait_for_end(session)
    lines = daemon.cli("events", "--session", session, "--json").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["rowid"] for event in events] == [event["rowid"] for event in daemon.journal(session=session)]

    terminal = at_a_terminal("events", "--follow", "--type", "SESSION_ENDED")
    later = daemon.run("true")
    daemon.wait_for_end(later)
    terminal.wait_for(later[:8].encode())
    terminal.interrupt()
    terminal.wait()


def test_a_list_that_is_watched_follows_the_fleet(daemon, at_a_terminal):
    terminal = at_a_terminal("ls", "--watch")
    session = daemon.run("sleep", "1000", name="sleeper")
    terminal.wait_for(b"sleeper")
    daemon.post(f"/api/runner/sessions/{session}/stop")
    daemon.wait_for_end(session)
    terminal.type("q")
    assert terminal.wait() == 0


def test_a_session_is_paused_resumed_and_killed(daemon):
    session = daemon.run_script("while :; do sleep 0.05; done", name="loop")
    daemon.wait_for_state(session, "RUNNING")
    pid = daemon.session("loop")["process"]["pid"]
    assert daemon.cli("pause", "loop").returncode == 0
    daemon.wait_for_state("loop", "PAUSED_BY_HUMAN")
    eventually(lambda: processes.status(pid)["State"].startswith("T"), "the program stands still")
    assert daemon.cli("resume", "loop").returncode == 0
    daemon.wait_for_state("loop", "RUNNING")
    assert daemon.cli("kill", "loop").returncode == 0
    assert daemon.wait_for_end("loop")["signal"] == "SIGKILL"


def test_why_names_the_evidence(daemon):
    daemon.wait_for_end(daemon.run_script("exit 4", name="four"))
    answer = daemon.cli("why", "four")
    assert answer.returncode == 0
    assert b"4" in answer.stdout
    assert daemon.session("four")["evidence"]["event"].encode() in answer.stdout


def test_several_sessions_are_stopped_at_once(daemon):
    sessions = [daemon.run("sleep", "1000") for _ in range(3)]
    for session in sessions:
        daemon.wait_for_state(session, "RUNNING")
    listed = daemon.cli("ls", "--ids", "--state", "live").stdout.decode().split()
    assert sorted(listed) == sorted(sessions)
    assert daemon.cli("stop", *listed).returncode == 0
    for session in sessions:
        assert daemon.wait_for_end(session)["state"] == "COMPLETED"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_printed(daemon, shell):
    answer = daemon.cli("completion", shell)
    assert answer.returncode == 0
    assert b"drover" in answer.stdout


def test_a_name_with_escape_codes_does_not_reach_the_terminal(daemon):
    daemon.wait_for_end(daemon.run("printf", "x\x1b]0;owned\x07\x1b[31m"))
    for words in (["ls", "--all"], ["ls"], []):
        assert b"\x1b]0;" not in daemon.cli(*words).stdout
