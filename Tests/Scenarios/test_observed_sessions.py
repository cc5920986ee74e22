"""Agents that nobody launched through Drover: in the list, with their evidence, and gone when they go."""

import json
import os
import subprocess
import sys
import time

import pytest

from harness.sensing import SensingDaemon
from harness.viewer import Viewer
from harness.waiting import eventually


@pytest.fixture
def host():
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def listed(host, session: str) -> dict | None:
    items = host.get("/api/fleet").json()["items"]
    return next((item for item in items if item["id"] == session), None)


def shows(host, session: str, activity: str, within: float = 20) -> dict:
    return eventually(
        lambda: (found := listed(host, session)) and found.get("activity") == activity and found,
        f"{session} is {activity}",
        within=within,
    )


def test_an_agent_that_reports_is_in_the_list_with_what_it_does(host):
    host.ipc.event("session_start", session_id="mine", pid=os.getpid(), cwd=str(host.repo))
    seen = shows(host, "mine", "ready")
    assert (seen["origin"], seen["agent"], seen["live"]) == ("observed", "claude_code", True)
    assert seen["project"] == {"path": str(host.repo), "name": "repo"}
    assert seen["process"]["pid"] == os.getpid()

    host.ipc.event("permission_request", session_id="mine", pid=os.getpid(), cwd=str(host.repo))
    seen = shows(host, "mine", "waiting")
    assert seen["state"] == "WAITING_FOR_APPROVAL"
    assert seen["evidence"]["event"] == "permission_request"
    table = host.cli("ls", text=True).stdout
    assert "waiting" in table
    assert "claude" in table
    assert "drover why" in table

    host.ipc.event("session_end", session_id="mine", cwd=str(host.repo))
    eventually(lambda: listed(host, "mine")["state"] == "COMPLETED", "it has ended")


def test_a_turn_that_ended_shows_as_ready_three_seconds_later(host):
    host.ipc.event("user_prompt_submit", session_id="turn", pid=os.getpid(), cwd=str(host.repo))
    shows(host, "turn", "working")
    began = time.monotonic()
    host.ipc.event("stop", session_id="turn", pid=os.getpid(), cwd=str(host.repo), stop_hook_active=False)
    shows(host, "turn", "ready")
    # Its time is in whole seconds on the wire, so the three may have begun up to one earlier.
    assert time.monotonic() - began > 1.5


def test_why_tells_the_event_and_what_else_was_said(host):
    host.ipc.event("user_prompt_submit", at=-2, session_id="asked", pid=os.getpid(), cwd=str(host.repo))
    host.ipc.event("permission_request", at=-1, session_id="asked", pid=os.getpid(), cwd=str(host.repo))
    host.ipc.event("subagent_stop", session_id="asked", pid=os.getpid(), cwd=str(host.repo))
    shows(host, "asked", "waiting")
    told = host.cli("why", "asked", text=True)
    assert told.returncode == 0, told.stderr
    assert "permission_request" in told.stdout
    assert "a hook of its agent" in told.stdout
    assert "user_prompt_submit" in told.stdout
    assert "it says nothing about the state" in told.stdout
    report = json.loads(host.cli("why", "asked", "--json").stdout)["reported"]
    assert report["restsOn"]["verdict"] == "decided"
    assert {claim["event"] for claim in report["competing"]} == {"user_prompt_submit", "subagent_stop"}


def test_a_person_who_watches_hears_of_it(host):
    with Viewer(host.url) as viewer:
        viewer.join("fleet")
        host.ipc.event("user_prompt_submit", session_id="watched", pid=os.getpid(), cwd=str(host.repo))
        viewer.wait_for("fleet_changed", lambda payload: payload["session"].get("activity") == "working")


def test_the_list_that_keeps_itself_up_to_date_shows_agents(host):
    watch = subprocess.Popen(
        [str(host.binary), "ls", "--watch", "--json"], env=host.environment, stdout=subprocess.PIPE, text=True
    )
    with watch.stdout:
        assert json.loads(watch.stdout.readline())["items"] == []
        host.ipc.event("permission_request", session_id="news", pid=os.getpid(), cwd=str(host.repo))
        items = json.loads(watch.stdout.readline())["items"]
        while not (items and items[0].get("activity") == "waiting"):
            items = json.loads(watch.stdout.readline())["items"]
        assert items[0]["id"] == "news"
        watch.terminate()
        watch.wait(10)


def test_a_restart_forgets_nobody_and_ends_nobody(host):
    host.ipc.event("permission_request", session_id="stays", pid=os.getpid(), cwd=str(host.repo))
    before = shows(host, "stays", "waiting")
    host.kill()
    host.insert(
        {
            "event_id": "while-down", "recorded_at": "2030-01-01T00:00:00Z", "event_type": "session_end",
            "session_id": "nobody", "cwd": str(host.repo),
        }
    )  # fmt: skip
    host.start_afresh()
    after = shows(host, "stays", "waiting")
    assert after["live"] is True
    assert after["createdAt"] == before["createdAt"]


def test_what_happened_while_the_daemon_was_down_is_caught_up_with(host):
    host.ipc.event("user_prompt_submit", at=-5, session_id="late", pid=os.getpid(), cwd=str(host.repo))
    shows(host, "late", "working")
    host.kill()
    from harness.ipc import new_event

    host.insert(new_event("permission_request", session_id="late", pid=os.getpid(), cwd=str(host.repo)))
    host.insert(new_event("permission_request", session_id="unheard", pid=os.getpid(), cwd=str(host.repo)))
    host.start_afresh()
    shows(host, "late", "waiting")
    shows(host, "unheard", "waiting")


def test_an_agent_that_died_without_a_word_is_idle_with_evidence(host):
    agent = subprocess.Popen(["sleep", "1000"])
    host.ipc.event("user_prompt_submit", session_id="dead", pid=agent.pid, cwd=str(host.repo))
    shows(host, "dead", "working")
    agent.kill()
    agent.wait()
    seen = shows(host, "dead", "idle", within=40)
    assert seen["activityEvent"] == "dead_pid_reconcile_periodic"
    assert "its process is gone" in host.cli("why", "dead", text=True).stdout


def test_an_answer_in_the_terminal_ends_the_waiting(host):
    """The agent starts the program that it had asked for, and says nothing."""
    script = "import subprocess, sys; sys.stdin.readline(); subprocess.run(['sleep', '60'])"
    agent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, start_new_session=True)
    try:
        host.ipc.event("permission_request", at=-2, session_id="asks", pid=agent.pid, cwd=str(host.repo))
        shows(host, "asks", "waiting")
        # It must have been looked at once before.
        time.sleep(1.5)
        assert listed(host, "asks")["activity"] == "waiting"
        agent.stdin.write(b"yes\n")
        agent.stdin.flush()
        assert shows(host, "asks", "working")["activityEvent"] == "child_started"
    finally:
        os.killpg(agent.pid, 9)
        agent.stdin.close()
        agent.wait()


def test_an_agent_in_a_session_of_ours_speaks_for_it(host):
    """The hook finds the session's id in its environment."""
    hook = os.environ.get("DROVER_HOOK_BIN") or str(host.binary.parent / "drover-hook")
    payload = json.dumps(
        {"session_id": "inner", "cwd": str(host.repo), "hook_event_name": "PermissionRequest", "tool_name": "Bash"}
    )
    command = f"printf '%s' '{payload}' | {hook} handle; exec sleep 1000"
    started = host.cli("run", "--name", "shell", "--", "sh", "-c", command, text=True)
    assert started.returncode == 0, started.stderr
    ours = eventually(
        lambda: next(
            (item for item in host.get("/api/fleet").json()["items"] if item.get("activity") == "waiting"), None
        ),
        "the session of ours waits",
    )
    assert (ours["name"], ours["origin"], ours["state"]) == ("shell", "launched", "RUNNING")
    assert listed(host, "inner") is None
    assert "permission_request" in host.cli("why", "shell", text=True).stdout
    host.cli("kill", "shell")


def test_other_agents_are_called_by_their_names(host):
    payload = {"session_id": "codexed", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"}
    host.hook(payload, "--agent", "codex")
    assert shows(host, "codexed", "working")["agent"] == "codex"


def test_events_beyond_the_contract_are_kept_and_understood(host):
    payload = {"session_id": "more", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"}
    host.hook(payload)
    shows(host, "more", "working")
    host.hook(payload | {"hook_event_name": "StopFailure", "error": "rate_limit", "prompt": "hush-7"})
    assert shows(host, "more", "waiting")["activityEvent"] == "stop_failure"
    items = host.get("/api/events", headers={"Accept": "application/json"}, params={"since": 0}).json()["items"]
    (kept,) = [item for item in items if item["type"] == "stop_failure"]
    assert (kept["source"], kept["sessionId"]) == ("agent", "more")
    assert kept["payload"]["metadata"]["error"] == "rate_limit"
    assert "hush-7" not in json.dumps(items)
    # It does not stand in the way of the next start.
    host.kill()
    host.start_afresh()
    shows(host, "more", "waiting")


def test_a_stop_that_leaves_work_behind_is_not_ready(host):
    payload = {"session_id": "busy", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"}
    host.hook(payload)
    stop = payload | {
        "hook_event_name": "Stop", "stop_hook_active": False,
        "background_tasks": [{"id": "b1", "type": "shell", "status": "running", "command": "secret"}],
    }  # fmt: skip
    host.hook(stop)
    stored = host.row("SELECT payload FROM events WHERE event_type = 'stop'")[0]
    assert json.loads(stored)["metadata"]["background_tasks"] == [{"id": "b1", "type": "shell", "status": "running"}]
    time.sleep(4)
    assert listed(host, "busy")["activity"] == "working"
    host.hook(stop | {"background_tasks": []})
    shows(host, "busy", "ready")


def test_it_cannot_be_typed_into_and_says_where_it_is(host):
    host.ipc.event("permission_request", session_id="elsewhere", pid=os.getpid(), cwd=str(host.repo))
    shows(host, "elsewhere", "waiting")
    for words in (["send", "elsewhere", "yes"], ["stop", "elsewhere"], ["attach", "elsewhere"]):
        told = host.cli(*words, text=True)
        assert told.returncode == 1, words
        assert "started elsewhere" in told.stderr
        assert "drover where" in told.stderr


def test_files_that_tools_touch_are_shown(host):
    host.ipc.event("user_prompt_submit", session_id="files", pid=os.getpid(), cwd=str(host.repo))
    tool = {"session_id": "files", "pid": os.getpid(), "cwd": str(host.repo)}
    host.ipc.event("post_tool_use", tool="Edit", file_path=str(host.repo / "src" / "main.rs"), **tool)
    host.ipc.event("post_tool_use", tool="Read", file_path="package.json", **tool)
    files = eventually(
        lambda: len(found := host.get("/api/fleet/files").json()["files"]) == 2 and found, "both are there"
    )
    assert [(file["path"], file["reason"]) for file in files] == [("src/main.rs", "write"), ("package.json", "read")]


def test_one_line_for_the_status_bar(host):
    assert host.cli("status", text=True).stdout == "Nothing goes on.\n"
    assert host.cli("status", "--tmux").stdout == b""
    host.ipc.event("permission_request", session_id="one", pid=os.getpid(), cwd=str(host.repo))
    host.ipc.event("user_prompt_submit", session_id="two", pid=os.getpid(), cwd=str(host.repo))
    shows(host, "one", "waiting")
    shows(host, "two", "working")
    line = host.cli("status", "--tmux", text=True).stdout
    assert line.count("\n") == 1
    assert "1 waiting" in line
    assert "1 working" in line
    assert line.index("waiting") < line.index("working")
    counts = json.loads(host.cli("status", "--json").stdout)
    assert (counts["waiting"], counts["working"], counts["ready"]) == (1, 1, 0)
    assert host.stop() == 0
    told = host.cli("status", "--tmux")
    assert (told.returncode, told.stdout, told.stderr) == (0, b"", b"")


def test_a_program_of_the_users_is_told_who_waits_and_who_is_done():
    daemon = SensingDaemon()
    try:
        told = daemon.folder / "told"
        script = daemon.folder / "notify"
        script.write_text(f'#!/bin/sh\nprintf "%s|%s|%s\\n" "$1" "$DROVER_EVENT" "$DROVER_SESSION" >> {told}\n')
        script.chmod(0o755)
        (daemon.home / "config.json").write_text(
            json.dumps({"notifications": {"command": [str(script), "{text}"], "on": ["waiting", "done"]}})
        )
        daemon.start()
        daemon.ipc.event("user_prompt_submit", at=-9, session_id="n", pid=os.getpid(), cwd=str(daemon.repo))
        daemon.ipc.event("permission_request", at=-8, session_id="n", pid=os.getpid(), cwd=str(daemon.repo))
        eventually(lambda: told.exists() and "waiting" in told.read_text(), "it was told of the question")
        daemon.ipc.event("post_tool_use", at=-7, session_id="n", pid=os.getpid(), cwd=str(daemon.repo))
        daemon.ipc.event("stop", at=-6, session_id="n", pid=os.getpid(), cwd=str(daemon.repo), stop_hook_active=False)
        eventually(lambda: "done" in told.read_text(), "it was told of the end")
        assert told.read_text().splitlines() == ["repo waits for you|waiting|n", "repo is done|done|n"]
    finally:
        daemon.close()


def test_doctor_knows_why_hooks_are_silent(host):
    claude = host.person / ".claude"
    claude.mkdir()
    (claude / "settings.json").write_text(json.dumps({"disableAllHooks": True}))
    assert host.cli("hooks", "install", "--agent", "claude", "--yes").returncode == 0
    checks = {check["name"]: check for check in json.loads(host.cli("doctor", "--json").stdout)["checks"]}
    assert checks["hooks of claude"]["ok"] is False
    assert "disableAllHooks" in checks["hooks of claude"]["detail"]
    settings = json.loads((claude / "settings.json").read_text())
    (claude / "settings.json").write_text(json.dumps({"hooks": settings["hooks"]}))
    checks = {check["name"]: check for check in json.loads(host.cli("doctor", "--json").stdout)["checks"]}
    assert checks["hooks of claude"]["ok"] is True


def test_the_database_of_the_program_before_is_taken_over_once():
    import contextlib
    import sqlite3

    daemon = SensingDaemon()
    try:
        folder = daemon.person / ".capacitor" / "daemon"
        folder.mkdir(parents=True, mode=0o700)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with contextlib.closing(sqlite3.connect(folder / "state.db")) as old, old:
            old.execute(
                "CREATE TABLE sessions (session_id TEXT PRIMARY KEY, pid INTEGER, state TEXT NOT NULL, cwd TEXT,"
                " updated_at TEXT, state_changed_at TEXT, last_event TEXT)"
            )
            old.execute(
                "INSERT INTO sessions VALUES ('old', ?, 'waiting', ?, ?, ?, 'permission_request')",
                (os.getpid(), str(daemon.repo), now, now),
            )
        daemon.start()
        assert daemon.ipc.sessions()["old"]["state"] == "waiting"
        shows(daemon, "old", "waiting")
        daemon.ipc.event("session_end", session_id="old", cwd=str(daemon.repo))
        daemon.restart()
        assert "old" not in daemon.ipc.sessions()
    finally:
        daemon.close()
