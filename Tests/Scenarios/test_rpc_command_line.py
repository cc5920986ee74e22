"""The command line `rtm` (§10): every command, both formats, exit codes and messages."""

import json
import re
import subprocess

import pytest

from harness.program import Program
from harness.rpc import new_id
from harness.rtm import RTM
from harness.waiting import eventually


@pytest.fixture
def rtm(host) -> RTM:
    return RTM(host)


@pytest.fixture
def shared_rtm(shared_host) -> RTM:
    return RTM(shared_host)


@pytest.fixture
def rtm_in_tmux(tmux_host) -> RTM:
    return RTM(tmux_host)


@pytest.fixture
def alone(make_host) -> RTM:
    """Without a daemon."""
    return RTM(make_host())


def in_offset(time: str) -> str:
    return time.replace("Z", "+00:00")


def test_its_version(alone):
    ran = alone.run("--version")
    assert ran.returncode == 0
    assert re.fullmatch(r"runtime-matters \S+\n", ran.stdout.decode())


def test_the_daemons_version(shared_rtm):
    version = shared_rtm.host.rpc.version()
    assert shared_rtm.json("version") == version
    assert shared_rtm.json("version", "--format", "json") == version
    assert shared_rtm.json("version", "--format=json") == version
    line = f"version={version['version']} git_sha={version['git_sha']} protocol=0.3\n"
    assert shared_rtm.human("version") == line
    assert shared_rtm.run("version", "--format=human").stdout.decode() == line


USAGE = {
    "an unknown command": ["launch"],
    "an unknown option": ["version", "--color"],
    "an unknown format": ["version", "--format", "yaml"],
    "a format without a value": ["version", "--format"],
    "spawn without anything": ["spawn"],
    "spawn without a target": ["spawn", "--runtime", "claude", "--session-id", new_id()],
    "spawn without an id": ["spawn", "--runtime", "claude", "--target", "headless"],
    "spawn without a runtime": ["spawn", "--session-id", new_id(), "--target", "headless"],
    "an id that is none": ["spawn", "--runtime", "claude", "--session-id", "nobody", "--target", "headless"],
    "kill without anybody": ["kill"],
    "kill of two": ["kill", "--session-id", new_id(), "--pid", "2147483646"],
    "kill with an unknown signal": ["kill", "--session-id", new_id(), "--signal", "USR1"],
    "kill with a prefix in small letters": ["kill", "--session-id", new_id(), "--signal", "sigterm"],
    "kill with a pid that is none": ["kill", "--pid", "me"],
    "nudge without content": ["nudge", "--session-id", new_id()],
    "capture without anybody": ["capture"],
    "capture of lines that are no number": ["capture", new_id(), "--scrollback-lines", "many"],
    "status since when": ["status", "--updated-since", "yesterday"],
    "events since what": ["events", "--since", "-1"],
    "too much": ["version", "more"],
    "daemon what": ["daemon"],
    "daemon something": ["daemon", "sleep"],
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE.keys())
def test_a_wrong_word_is_a_usage_error(shared_rtm, words):
    ran = shared_rtm.run(*words)
    assert ran.returncode == 2, ran
    assert ran.stdout == b""
    assert ran.stderr


@pytest.mark.parametrize(
    "words",
    [["version"], ["doctor"], ["status"], ["events"], ["capture", new_id()], ["kill", "--session-id", new_id()]],
    ids=lambda words: words[0],
)
def test_without_a_daemon_commands_say_so(alone, words):
    path = alone.host.environment["RTM_SOCKET_PATH"]
    message = alone.failure(*words)
    assert message.startswith(f"rtmd unavailable at {path}: "), message

    ran = alone.run(*words, "--format", "human")
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert f"rtmd unavailable at {path}: " in ran.stderr.decode()
    assert not ran.stderr.startswith(b"{")


# Starting


def spawn_words(session: str, runtime: str = "claude", target: str = "headless") -> list[str]:
    return ["spawn", "--runtime", runtime, "--session-id", session, "--target", target]


def test_spawn_gives_the_whole_answer(rtm):
    session = new_id()
    answer = rtm.json(*spawn_words(session))
    assert answer["type"] == "spawned"
    assert answer["payload"]["lifecycle"] == rtm.host.rpc.lifecycle(session)
    assert answer["payload"]["event"]["type"] == "running"


def test_spawn_for_people(rtm):
    session = new_id()
    line = rtm.human(*spawn_words(session))
    row = rtm.host.rpc.lifecycle(session)
    logs = row["log_availability"]["payload"]
    folder = logs["stdout_path"].removesuffix("/stdout.log")
    assert line == (
        f"spawn OK; lifecycle state=Running; runtime event=Running; runtime_pid={row['runtime_pid']} "
        f"log_dir={folder} stdout_path={logs['stdout_path']} stderr_path={logs['stderr_path']}\n"
    )


def test_spawn_into_a_pane(rtm_in_tmux):
    rtm, session = rtm_in_tmux, new_id()
    line = rtm.human(*spawn_words(session, "codex", "tmux:work:0.0"))
    assert "log_dir=- stdout_path=- stderr_path=-" in line
    assert rtm.host.rpc.lifecycle(session)["tmux_pane"] == "work:0.0"


def test_spawn_passes_on_where_and_with_what_it_was_called(rtm):
    host, session = rtm.host, new_id()
    host.plant("claude", '#!/bin/bash\n/bin/pwd -P\n/bin/cat "/proc/$$/environ"')
    cwd = host.folder / "où"
    cwd.mkdir()
    kept = {
        "ANTHROPIC_API_KEY": "sk-1",
        "CLAUDE_CONFIG_DIR": "/c",
        "CLAUDE": "1",
        "CLAUDECODE_X": "1",
        "TMUX_TMPDIR": "/t",
        "RTM_HOME": "/h",
        "EMPTY": "",
        "LINES_2": "one\ntwo",
    }
    dropped = {
        "CLAUDECODE": "1",
        "TMUX": "/x,1,0",
        "TMUX_PANE": "%1",
        "RTM_DB_PATH": "/db",
        "HELIOY_SESSION_ID": "wrong",
        "HELIOY_RUNTIME": "wrong",
        "RTM_SESSION_ID": "wrong",
        "RTM_RUNTIME_KIND": "wrong",
        "CLAUDE_CODE_ENTRYPOINT": "cli",
        "CLAUDE_CODE_": "1",
        "CLAUDE_PLUGIN_ROOT": "/p",
    }
    rtm.json(*spawn_words(session), env=kept | dropped, cwd=cwd)
    row = host.rpc.wait_for_end(session)
    with open(row["log_availability"]["payload"]["stdout_path"], "rb") as log:
        folder, _, block = log.read().partition(b"\n")
    assert folder.decode() == str(cwd)
    found = dict(item.split("=", 1) for item in block.decode().split("\0") if item)
    expected = {key: value for key, value in host.environment.items() if key != "RTM_SOCKET_PATH"} | kept
    expected |= {"HELIOY_SESSION_ID": session, "HELIOY_RUNTIME": "claude"}
    expected |= {"RTM_SESSION_ID": session, "RTM_RUNTIME_KIND": "claude"}
    # A shell of ours may have been in between; PWD and the like are not what is asked about.
    assert found == expected


def test_a_variable_that_is_not_utf_8_passes_with_a_mark(rtm):
    host, session = rtm.host, new_id()
    host.plant("claude", '#!/bin/bash\n/bin/cat "/proc/$$/environ"')
    environment = {key.encode(): value.encode() for key, value in host.environment.items()} | {b"ODD": b"a\xffb"}
    ran = subprocess.run([str(rtm.program), *spawn_words(session)], env=environment, capture_output=True, timeout=30)
    assert ran.returncode == 0, ran
    row = host.rpc.wait_for_end(session)
    with open(row["log_availability"]["payload"]["stdout_path"], "rb") as log:
        assert "ODD=a\ufffdb".encode() in log.read().split(b"\0")


def test_a_spawn_that_is_refused_says_how(rtm):
    session = rtm.host.start_runtime()
    assert rtm.failure(*spawn_words(session)) == f"rtmd returned invalid_target: session {session} already exists"
    message = rtm.failure(*spawn_words(new_id(), "gemini"))
    assert message == "rtmd returned runtime_unavailable: no launcher registered for runtime kind: gemini"
    message = rtm.failure(*spawn_words(new_id(), target="tmux:nobody:0.0"))
    assert message == "rtmd returned tmux_pane_dead: tmux address nobody:0.0 is not alive"


@pytest.mark.parametrize("target", ["", "screen:1", "tmux:work", "Headless"])
def test_a_target_that_is_none_is_refused(rtm, target):
    ran = rtm.run(*spawn_words(new_id(), target=target))
    assert ran.returncode in (1, 2)
    assert ran.stdout == b"" and ran.stderr
    assert rtm.host.rpc.status() == []


# Ending


@pytest.mark.parametrize(
    "words, number",
    [
        ([], 15),
        (["--signal", "INT"], 2),
        (["--signal", "SIGHUP"], 1),
        (["--signal", "kill"], 9),
        (["--signal=SIGTerm"], 15),
    ],
    ids=["default", "INT", "SIGHUP", "kill", "SIGTerm"],
)
def test_kill_ends_a_session(rtm, words, number):
    session = rtm.host.start_runtime()
    assert rtm.json("kill", "--session-id", session, *words) == {"session_id": session}
    assert rtm.host.rpc.wait_for_end(session)["state"] == {"exited": {"code": None, "signal": number}}
    assert rtm.human("kill", "--session-id", session, *words) == f"kill OK; session_id={session}\n"


def test_kill_takes_the_id_without_its_flag(rtm):
    session = rtm.host.start_runtime()
    assert rtm.json("kill", session) == {"session_id": session}


def test_kill_has_a_grace(rtm):
    spawned = rtm.host.spawn("trap '' TERM; echo deaf; rest")
    session = spawned["lifecycle"]["session_id"]
    with open(spawned["stdout_path"]) as log:
        eventually(lambda: "deaf" in log.read(), "it ignores the signal")
    rtm.json("kill", "--session-id", session, "--grace-secs", "0")
    assert rtm.host.rpc.wait_for_end(session)["state"] == {"exited": {"code": None, "signal": 9}}


def test_kill_ends_a_process(rtm):
    row = rtm.host.spawn()["lifecycle"]
    answer = rtm.json("kill", "--pid", str(row["runtime_pid"]))
    assert answer == {"pid": row["runtime_pid"], "signal": 15, "killed_after_grace": False}
    row = rtm.host.spawn()["lifecycle"]
    line = rtm.human("kill", "--pid", str(row["runtime_pid"]), "--signal", "KILL")
    assert line == f"kill OK; pid={row['runtime_pid']} signal=9 killed_after_grace=false\n"


def test_kill_of_nobody_fails(rtm):
    session = new_id()
    assert (
        rtm.failure("kill", "--session-id", session) == f"rtmd returned session_not_found: session {session} not found"
    )
    assert rtm.failure("kill", "--pid", "2147483646").startswith("rtmd returned runtime_unavailable: ")
    assert rtm.failure("kill", "--pid", "1").startswith("rtmd returned protocol_mismatch: ")


# Typing and looking


def test_nudge(rtm_in_tmux):
    rtm = rtm_in_tmux
    session, file = rtm.host.start_reader("work:0.0")
    delivered = {"delivered": True, "outcome": {"kind": "delivered"}}
    assert rtm.json("nudge", "--session-id", session, "--content", "-one;") == delivered
    assert rtm.human("nudge", session, "--content", "two") == "nudge delivered\n"
    eventually(lambda: file.read_bytes() == b"-one;\rtwo\r", "both were typed")

    headless = rtm.host.start_runtime()
    words = ["nudge", "--session-id", headless, "--content", "x"]
    expected = f"nudge unsupported; reason=headless_lifecycle session_id={headless}"
    assert rtm.failure(*words) == expected
    ran = rtm.run(*words, "--format=human")
    assert ran.returncode == 1 and expected in ran.stderr.decode()
    rtm.host.rpc.kill(session)
    expected = f"nudge failed; reason=tmux_pane_dead session_id={session}"
    assert rtm.failure("nudge", "--session-id", session, "--content", "x") == expected


def test_capture(rtm_in_tmux):
    rtm = rtm_in_tmux
    session = rtm.host.start_runtime("echo hello; rest", address="work:0.0")
    rtm.host.tmux.wait_for_text("work:0.0", "hello")
    snapshot = rtm.json("capture", session, "--scrollback-lines", "7")
    assert snapshot["content"].startswith("hello\n")
    assert snapshot["scrollback_lines_requested"] == 7
    assert rtm.json("capture", "--session-id", session)["scrollback_lines_requested"] == 1000
    head, _, content = rtm.human("capture", session).partition("\n")
    assert re.fullmatch(
        r"pane snapshot; captured_at_ms=\d+ scrollback_lines_requested=1000 "
        r"scrollback_lines_included=\d+ pane_history_lines=0",
        head,
    )
    assert content.startswith("hello\n")
    assert rtm.failure("capture", new_id())
    assert rtm.failure("capture", rtm.host.start_runtime())


def test_status(rtm_in_tmux):
    rtm = rtm_in_tmux
    host = rtm.host
    assert rtm.json("status") == []
    assert rtm.human("status") == "no lifecycles\n"
    running = host.start_runtime(address="work:0.0", runtime="codex")
    ended = [host.start_runtime(do) for do in ("exit 3", "kill -9 $$")]
    for session in ended:
        host.rpc.wait_for_end(session)
    assert rtm.json("status") == host.rpc.status()
    assert [row["session_id"] for row in rtm.json("status", "--state", "running")] == [running]
    assert [row["session_id"] for row in rtm.json("status", "--runtime", "codex")] == [running]
    words = ["--session-id", ended[0], "--session-id", running]
    assert [row["session_id"] for row in rtm.json("status", *words)] == sorted([ended[0], running])
    assert rtm.json("status", "--updated-since", "2200-01-01T00:00:00Z") == []

    def line(session: str, state: str) -> str:
        row = host.rpc.lifecycle(session)
        return (
            f"session_id={session} state={state} runtime={row['runtime']} shim_pid={row['shim_pid']} "
            f"runtime_pid={row['runtime_pid']} start_time={in_offset(row['start_time'])} "
            f"tmux_pane={row['tmux_pane'] or '-'}"
        )

    text = rtm.human("status")
    for session, state in ((running, "Running"), (ended[0], "Exited(code=3)"), (ended[1], "Exited(signal=9)")):
        assert line(session, state) in text
    assert text.count("\n") == 3


def test_events(rtm):
    host = rtm.host
    assert rtm.json("events") == []
    session = host.start_runtime("exit 3")
    row = host.rpc.wait_for_end(session)
    events = host.rpc.events(0)["events"]
    assert rtm.json("events") == rtm.json("events", "--since", "0", "--wait-ms", "60000") == events
    assert rtm.json("events", "--since", "1") == events[1:]
    assert rtm.json("events", "--since", "2", "--wait-ms", "50") == []
    assert rtm.human("events").splitlines() == [
        f"runtime event=Running session_id={session} runtime_pid={row['runtime_pid']} "
        f"start_time={in_offset(row['start_time'])}",
        f"runtime event=Terminated session_id={session} exit_code=3 signal=- evidence=ShimExit",
    ]
    ran = rtm.run("events", "--since", "3")
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert json.loads(ran.stderr)["code"] == "runtime_error"


def test_doctor(rtm):
    host = rtm.host
    (host.bin / "codex").unlink()
    doctor = host.rpc.doctor()
    told = rtm.json("doctor")
    for key in set(doctor) - {"uptime_secs", "last_probe_sweep", "launchers"}:
        assert told[key] == doctor[key], key
    text = rtm.human("doctor")
    labels = ["rtmd", "sqlite", "lifecycles", "process exit watchers", "shim sockets", "event waiters", "launchers",
              "tmux", "last probe sweep", "recent lost"]  # fmt: skip
    places = [re.search(rf"^{label}\b", text, re.MULTILINE) for label in labels]
    assert all(places), text
    assert [place.start() for place in places] == sorted(place.start() for place in places)
    lines = {line[:22].strip(): line[22:] for line in text.splitlines() if line[:1].strip()}
    assert lines["process exit watchers"].strip() == "0"
    assert "(none in last 24h)" in text
    assert f"available ({doctor['tmux']['version']})" in text
    assert str(host.bin / "claude") in text
    assert re.search(r"\b\d\d:\d\d:\d\d\b", text), "how long it runs"


# The daemon


def test_the_daemon_in_the_foreground(alone):
    host = alone.host
    log = host.folder / "log"
    program = Program([str(alone.program), "daemon", "start"], host.environment, log, folder=host.folder)
    try:
        line = program._read_line(20).decode()
        path = host.environment["RTM_SOCKET_PATH"]
        assert line == f"rtmd listening on {path}\n"
        assert host.rpc.version()["protocol_version"] == "0.3"

        ran = alone.run("daemon", "status")
        assert (ran.returncode, ran.stdout.decode()) == (0, f"rtmd socket present at {path}\n")
        assert alone.run("daemon", "logs").returncode == 0
        ran = alone.run("daemon", "stop")
        assert (ran.returncode, ran.stdout.decode()) == (0, "rtmd stopped\n")
        assert program.wait() == 0
    finally:
        program.close()
    ran = alone.run("daemon", "status")
    assert (ran.returncode, ran.stdout.decode()) == (0, "rtmd not running\n")
    message = alone.failure("daemon", "stop")
    assert message.startswith(f"rtmd unavailable at {path}: ")


def test_a_database_can_be_made_without_a_daemon(alone):
    ran = alone.run("initdb")
    assert ran.returncode == 0, ran
    assert re.fullmatch(r"rtm db initialized at /\S+\n", ran.stdout.decode())


def test_the_socket_is_found_as_the_daemon_makes_it(make_host):
    host = make_host()
    del host.environment["RTM_SOCKET_PATH"]
    host.start()
    rtm = RTM(host)
    assert rtm.json("version")["protocol_version"] == "0.3"
    for path in ("/no/such/socket", str(host.folder / "no-such-socket")):
        message = rtm.failure("version", env={"RTM_SOCKET_PATH": path})
        assert message.startswith(f"rtmd unavailable at {path}: ")
