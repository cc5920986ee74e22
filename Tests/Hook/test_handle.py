"""What a hook call becomes, through a real shell and a socket."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest
from payloads import CLAUDE, COMMON, EXTRAS, claude


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("event", CLAUDE)
def test_every_event_of_claude_arrives(reporter, daemon, event, shell):
    reporter.handle(claude(event), shell=shell)
    [request] = daemon.requests
    assert request["protocol_version"] == 1
    assert request["method"] == ("x_event" if event in EXTRAS else "event")
    params = request["params"]
    assert request["id"] == params["event_id"]
    assert re.fullmatch(r"evt-\d{13}-\d+-[0-9a-f]+", params["event_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", params["recorded_at"])
    assert params["event_type"] == snake(event)
    assert params["session_id"] == "5f1c"
    assert params["cwd"] == "/src/demo"
    assert params["metadata"]["transcript_path"] == COMMON["transcript_path"]
    assert "secret" not in json.dumps(request)
    assert not reporter.spooled


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_pid_is_the_agents_and_not_the_shells(reporter, daemon, shell):
    reporter.handle(claude("Stop"), shell=shell)
    # Two shells and env in between, which stay since they have more to do.
    deep = f"sh -c 'env {reporter.program} handle; true'; true"
    subprocess.run([shell, "-c", deep], input=json.dumps(claude("Stop")).encode(), env=reporter.environment, check=True)
    assert [event["pid"] for event in daemon.events] == [os.getpid()] * 2
    assert f"-{os.getpid()}-" in daemon.events[0]["event_id"]


def test_no_pid_is_told_when_the_shell_has_gone(reporter, daemon, tmp_path):
    """The hook's parent leaves before the hook looks: whoever adopted it is not the agent."""
    fifo = tmp_path / "input"
    os.mkfifo(fifo)
    # exec'd only when the fifo has a writer, by which time the shell above has gone.
    script = f"(read line < {fifo}; printf '%s' \"$line\" | {reporter.program} handle) & exit 0"
    subprocess.run(["dash", "-c", script], env=reporter.environment, check=True)
    fifo.write_text(json.dumps(claude("Stop")) + "\n")
    wait_for(lambda: daemon.requests)
    adopter = daemon.events[0].get("pid")
    # An orphan belongs to pid 1 or to a sub-reaper; where the latter is a program of its own it may be named.
    assert adopter != os.getpid()


def test_tools_and_files(reporter, daemon):
    reporter.handle(claude("PreToolUse"))
    reporter.handle(claude("PreToolUse", tool_name="Glob", tool_input={"path": "src"}))
    reporter.handle(claude("PostToolUse", tool_input="a text", tool_response={"filePath": "b.py"}))
    reporter.handle(claude("PostToolUse", tool_input=["a"], tool_response="a text"))
    told = [(event["tool"], event.get("file_path")) for event in daemon.events]
    assert told == [("Edit", "/src/demo/a.py"), ("Glob", "src"), ("Edit", "b.py"), ("Edit", None)]


def test_stop_and_notification_carry_what_the_daemon_asks_for(reporter, daemon):
    reporter.handle(claude("Stop", stop_hook_active=True))
    stop = claude("Stop")
    del stop["stop_hook_active"]
    reporter.handle(stop)
    reporter.handle(claude("Notification"))
    assert [event.get("stop_hook_active") for event in daemon.events] == [True, False, None]
    assert daemon.events[2]["notification_type"] == "permission_prompt"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"  \n",
        b"not json",
        b"[1,2]",
        {"session_id": "s", "cwd": "/x"},
        {"hook_event_name": "Stop", "cwd": "/x"},
        {"hook_event_name": "Party", "session_id": "s", "cwd": "/x"},
        {"hook_event_name": "Stop", "session_id": "s", "cwd": "/x", "agent_id": "a"},
        {"hook_event_name": "Notification", "session_id": "s", "cwd": "/x", "notification_type": " "},
    ],
    ids=str,
)
def test_what_is_no_news_is_not_sent(reporter, daemon, payload):
    reporter.handle(payload)
    assert daemon.connections == 0
    assert not reporter.spooled


def test_where_the_directory_comes_from(reporter, daemon):
    bare = {"hook_event_name": "Stop", "session_id": "s"}
    reporter.handle(bare, CLAUDE_PROJECT_DIR="/project//")
    # A shell sets PWD by itself, so the program is called directly.
    subprocess.run(
        [reporter.program, "handle"], input=json.dumps(bare).encode(), env=reporter.environment | {"PWD": "/p/"}
    )
    end = {"hook_event_name": "SessionEnd", "session_id": "s"}
    none = {name: value for name, value in reporter.environment.items() if name != "PWD"}
    for payload in (bare, end):
        subprocess.run([reporter.program, "handle"], input=json.dumps(payload).encode(), env=none, check=True)
    assert [(event["event_type"], event.get("cwd")) for event in daemon.events] == [
        ("stop", "/project"),
        ("stop", "/p"),
        ("session_end", None),
    ]


def test_torn_and_strange_input_costs_only_the_field_it_is_in(reporter, daemon):
    whole = json.dumps(claude("Stop")).encode()
    reporter.handle(whole[:-1] + b',"model":"\xff\xfe","tool_response":{"a":[1,{"b":')
    [event] = daemon.events
    assert event["event_type"] == "stop"
    assert event["session_id"] == "5f1c"


def test_huge_input_takes_little_memory(reporter, daemon):
    payload = claude("PostToolUse", tool_response={"content": 'x"\\\n' * 5_000_000})
    reporter.handle(payload)
    assert 0 < daemon.memory[0] <= 8 * 1024
    assert daemon.events[0]["file_path"] == "/src/demo/a.py"


def test_metadata_is_an_allow_list_with_a_bound(reporter, daemon):
    reporter.handle(
        claude(
            "SessionStart", capabilities=["c" * 12_000], model="m" * 12_000, agent_id="a1", source="resume", prompt="p"
        ),
        DROVER_SESSION_ID="0b8e",
        RTM_SESSION_ID="other",
    )
    metadata = daemon.events[0]["metadata"]
    assert len(json.dumps(metadata, separators=(",", ":"))) <= 16_384
    assert metadata["drover_session_id"] == "0b8e"
    assert metadata["agent_id"] == "a1"
    assert metadata["source"] == "resume"
    assert "model" in metadata and "capabilities" not in metadata and "prompt" not in metadata


def test_a_turn_that_failed_tells_its_category_only(reporter, daemon):
    reporter.handle(claude("StopFailure"), RTM_SESSION_ID="0b8e")
    assert daemon.events[0]["metadata"]["error"] == "rate_limit"
    assert daemon.events[0]["metadata"]["drover_session_id"] == "0b8e"


def test_switched_off(reporter, daemon):
    reporter.handle(claude("Stop"), HUD_SUMMARY_GEN="1")
    for value in ("0", "", "no"):
        reporter.handle(claude("Stop"), CAPACITOR_DAEMON_ENABLED=value)
    assert daemon.connections == 0
    assert not reporter.spooled
    reporter.handle(claude("Stop"), CAPACITOR_DAEMON_ENABLED="yes")
    assert len(daemon.requests) == 1


def test_heartbeat_is_rewritten_on_success_only(reporter, make_daemon):
    heartbeat = reporter.capacitor / "hud-hook-heartbeat"
    reporter.handle(claude("Stop"))
    assert not heartbeat.exists()
    make_daemon()
    reporter.handle(claude("Stop"))
    assert abs(int(heartbeat.read_text()) - time.time()) < 30


def test_another_name(reporter, daemon, tmp_path):
    reporter.program = tmp_path / "hud-hook"
    reporter.program.symlink_to(shutil.which("drover-hook", path=reporter.environment["PATH"]))
    reporter.handle(claude("Stop"))
    assert daemon.events[0]["event_type"] == "stop"


def test_home_of_a_user_without_the_variable(reporter, daemon, tmp_path):
    """HOME is not set: the socket is named, and everything else is found in the user's own home."""
    environment = {name: value for name, value in reporter.environment.items() if name != "HOME"}
    environment["CAPACITOR_DAEMON_SOCKET"] = str(daemon.path)
    environment["CAPACITOR_DAEMON_ENABLED"] = "0"
    done = subprocess.run(
        [reporter.program, "handle"], input=json.dumps(claude("Stop")).encode(), env=environment, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


GEMINI = {
    "SessionStart": ({"source": "startup"}, "session_start"),
    "BeforeAgent": ({"prompt": "secret"}, "user_prompt_submit"),
    "BeforeTool": ({"tool_name": "write_file", "tool_input": {"file_path": "a"}}, "pre_tool_use"),
    "AfterTool": ({"tool_name": "write_file", "tool_response": {"llmContent": "secret"}}, "post_tool_use"),
    "PreCompress": ({"trigger": "auto"}, "pre_compact"),
    "Notification": ({"notification_type": "ToolPermission", "message": "m", "details": {}}, "notification"),
    "AfterAgent": ({"prompt": "p", "prompt_response": "secret", "stop_hook_active": False}, "stop"),
    "SessionEnd": ({"reason": "exit"}, "session_end"),
    "BeforeModel": ({"llm_request": {"secret": 1}}, "before_model"),
}


@pytest.mark.parametrize("event", GEMINI)
def test_gemini(reporter, daemon, event):
    fields, kind = GEMINI[event]
    payload = {"session_id": "g", "transcript_path": "/t", "cwd": "/w", "timestamp": "2026-01-01T00:00:00Z"}
    reporter.handle({**payload, "hook_event_name": event, **fields}, "--agent", "gemini")
    assert daemon.events[0]["event_type"] == kind
    assert daemon.events[0].get("notification_type") == ("permission_prompt" if event == "Notification" else None)
    assert "secret" not in json.dumps(daemon.requests)


def test_a_tool_of_gemini_that_failed(reporter, daemon):
    payload = {"session_id": "g", "cwd": "/w", "hook_event_name": "AfterTool", "tool_name": "t"}
    reporter.handle({**payload, "tool_response": {"error": {"message": "x"}}}, "--agent", "gemini")
    reporter.handle({**payload, "tool_response": {"error": None}}, "--agent=gemini")
    assert [event["event_type"] for event in daemon.events] == ["post_tool_use_failure", "post_tool_use"]


def test_codex(reporter, daemon):
    common = {"session_id": "c", "turn_id": "t", "transcript_path": None, "cwd": "/w", "model": "m"}
    for event in ("SessionStart", "PreToolUse", "Interrupt"):
        reporter.handle({**common, "hook_event_name": event, "tool_name": "Bash"}, "--agent", "codex")
    notify = {
        "type": "agent-turn-complete",
        "thread-id": "c",
        "turn-id": "t",
        "cwd": "/w",
        "input-messages": ["secret"],
    }
    done = reporter.run("handle", "--agent", "codex", json.dumps(notify))
    assert (done.returncode, done.stdout) == (0, b"")
    told = [(request["method"], request["params"]["event_type"]) for request in daemon.requests]
    assert told == [
        ("event", "session_start"),
        ("event", "pre_tool_use"),
        ("x_event", "interrupt"),
        ("event", "stop"),
    ]
    assert "secret" not in json.dumps(daemon.requests)


def test_an_agent_nobody_knows_is_said_on_stderr(reporter, daemon):
    done = reporter.handle(claude("Stop"), "--agent", "nobody", check=False)
    assert done.stdout == b"" and b"claude" in done.stderr
    assert done.returncode == 0


def wait_for(condition, limit: float = 20):
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)
