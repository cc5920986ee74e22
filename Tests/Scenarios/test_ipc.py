"""The daemon IPC over its real socket: the acceptance walk of the contract's appendix, and every code of refusal."""

import contextlib
import json
import os
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.ipc import new_event, stamp
from harness.sensing import SensingDaemon
from harness.waiting import eventually


@pytest.fixture
def host():
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def test_the_socket_and_its_folder_are_for_their_owner(host):
    socket = Path(host.ready["ipc"])
    assert socket.stat().st_mode & 0o777 == 0o600
    for folder in (host.person / ".capacitor", host.person / ".capacitor" / "daemon"):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert host.stop() == 0
    assert not socket.exists()


def test_a_fresh_daemon_is_healthy(host):
    health = host.ipc.ask("get_health")
    assert health["status"] == "ok"
    assert health["pid"] == host.ready["pid"]
    assert health["protocol_version"] == 1
    assert health["security"] == {"peer_auth_mode": "same_user", "rejected_connections": 0}
    assert health["runtime"]["active_connections"] >= 1
    assert health["runtime"]["max_active_connections"] == 64
    assert health["runtime"]["build_hash"].strip()
    assert health["dead_session_reconcile_interval_secs"] == 15
    assert health["dead_session_reconcile"]["startup"]["runs"] >= 1
    assert (health["hem_shadow"]["enabled"], health["hem_shadow"]["mode"]) == (False, "primary")
    assert health["hem_shadow"]["stable_state_agreement_gate_target"] == 0.995
    routing = health["routing"]
    assert (routing["enabled"], routing["dual_run_enabled"]) == (False, True)
    assert (routing["snapshots_emitted"], routing["dual_run_comparisons"]) == (0, 0)
    assert "status_agreement_rate" not in routing["rollout"]
    assert host.ipc.ask("get_config") == {
        "tmux_signal_fresh_ms": 5000,
        "shell_signal_fresh_ms": 600000,
        "shell_retention_hours": 24,
        "tmux_poll_interval_ms": 1000,
    }


def test_the_acceptance_walk(host):
    repo, pid = str(host.repo), os.getpid()
    assert host.ipc.event("session_start", session_id="walk", pid=pid, cwd=repo) == {"accepted": True}
    host.ipc.event("post_tool_use", 10, session_id="walk", pid=pid, cwd=repo, tool="Edit", file_path="src/main.rs")
    shell = {"tty": "/dev/pts/3", "tmux_session": "main", "tmux_client_tty": "/dev/pts/1"}
    host.ipc.event("shell_cwd", 12, pid=pid, cwd=repo, **shell)

    session = host.ipc.sessions()["walk"]
    assert (session["state"], session["project_path"], session["project_id"]) == ("working", repo, repo)
    assert session["is_alive"] is True
    (project,) = host.ipc.ask("get_project_states")
    assert (project["state"], project["session_id"], project["has_session"]) == ("working", "walk", True)
    (activity,) = host.ipc.ask("get_activity", {"limit": 5})
    assert (activity["file_path"], activity["tool_name"]) == (f"{repo}/src/main.rs", "Edit")
    liveness = host.ipc.ask("get_process_liveness", {"pid": pid})
    assert (liveness["is_alive"], liveness["identity_matches"]) == (True, True)
    assert host.ipc.ask("get_process_liveness", {"pid": 4194304}) == {"found": False, "pid": 4194304}
    assert host.ipc.ask("get_shell_state")["shells"][str(pid)]["tmux_session"] == "main"

    snapshot = host.ipc.ask("get_routing_snapshot", {"project_path": repo})
    assert snapshot["status"] in ("attached", "detached")
    assert snapshot["target"] == {"kind": "tmux_session", "value": "main"}
    assert host.ipc.code("get_routing_snapshot", {"project_path": "/etc"}) == "invalid_project_path"
    host.ipc.ask("get_routing_diagnostics", {"project_path": repo})
    before = host.ipc.ask("get_health")["routing"]
    assert (before["snapshots_emitted"], before["dual_run_comparisons"]) == (1, 1)
    assert before["rollout"]["status_gate_met"] is False

    host.restart()
    after = host.ipc.ask("get_health")["routing"]
    assert after["snapshots_emitted"] == 0
    for key in ("dual_run_comparisons", "last_snapshot_at"):
        assert after[key] == before[key]
    for key in ("first_comparison_at", "last_comparison_at"):
        assert after["rollout"][key] == before["rollout"][key]
    assert host.ipc.sessions()["walk"]["state"] == "working"

    host.ipc.event("session_end", 20, session_id="walk")
    for method in ("get_sessions", "get_project_states", "get_activity"):
        assert host.ipc.ask(method) == []
    (tombstone,) = host.ipc.ask("get_tombstones")
    assert tombstone["session_id"] == "walk"


def test_the_65th_connection_is_refused_at_once(host):
    silent = [host.ipc.connect() for _ in range(64)]
    try:
        refused = eventually(
            lambda: (answer := host.ipc.exchange(b"x\n"))["error"]["code"] == "too_many_connections" and answer,
            "all places are taken",
        )
        assert "id" not in refused
        silent.pop().close()
        health = eventually(lambda: host.ipc.answer("get_health").get("data"), "a place is free again")
        assert health["security"]["rejected_connections"] >= 1
    finally:
        for peer in silent:
            peer.close()


def test_a_client_that_says_nothing_or_half_of_it_is_told_after_two_seconds(host):
    def timed(said: bytes) -> tuple[str, float]:
        begin = time.monotonic()
        return host.ipc.exchange(said)["error"]["code"], time.monotonic() - begin

    with ThreadPoolExecutor() as pool:
        for code, seconds in pool.map(timed, [b"", b'{"protocol_version":1', b" "]):
            assert code == "read_timeout"
            assert 1.8 <= seconds < 10


def test_malformed_requests_do_no_harm(host):
    for _ in range(128):
        assert host.ipc.exchange(b'{"protocol_version":\n')["error"]["code"] == "invalid_json"
    assert host.ipc.ask("get_health")["security"]["rejected_connections"] == 0


def envelope(**changes) -> bytes:
    return json.dumps({"protocol_version": 1, "method": "get_config"} | changes).encode() + b"\n"


@pytest.mark.parametrize(
    ("request_bytes", "half_close", "code"),
    [
        (b"\n", False, "empty_request"),
        (b" \r\n", False, "empty_request"),
        (b"", True, "empty_request"),
        (b"[]\n", False, "invalid_json"),
        (b"not json\n", False, "invalid_json"),
        (envelope(extra=1), False, "invalid_json"),
        (b'{"protocol_version":1,"protocol_version":1,"method":"get_config"}\n', False, "invalid_json"),
        (b'{"protocol_version":1.0,"method":"get_config"}\n', False, "invalid_json"),
        (b'{"protocol_version":true,"method":"get_config"}\n', False, "invalid_json"),
        (envelope(protocol_version="1"), False, "invalid_json"),
        (envelope(protocol_version=2), False, "protocol_mismatch"),
        (envelope(method="nothing"), False, "unknown_method"),
        (b"x" * 1_048_577, False, "request_too_large"),
    ],
    ids=lambda value: value[:24].decode() if isinstance(value, bytes) else str(value),
)
def test_each_fault_of_the_envelope_has_its_code(host_of_all, request_bytes, half_close, code):
    assert host_of_all.ipc.exchange(request_bytes, half_close)["error"]["code"] == code


@pytest.fixture(scope="module")
def host_of_all():
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def fields(event_type: str, **changes) -> dict:
    event = new_event(event_type, session_id="s", cwd="/x", pid=1) | changes
    return {key: value for key, value in event.items() if value is not None}


FAULTS = [
    ("get_process_liveness", None, "invalid_params"),
    ("get_process_liveness", {"pid": -1}, "invalid_params"),
    ("get_process_liveness", {"pid": 1, "other": 1}, "invalid_params"),
    ("get_routing_snapshot", None, "invalid_params"),
    ("get_routing_snapshot", {}, "missing_field"),
    ("get_routing_snapshot", {"project_path": "  "}, "invalid_project_path"),
    ("get_routing_snapshot", {"project_path": "relative"}, "invalid_project_path"),
    ("get_routing_snapshot", {"project_path": "/usr"}, "invalid_project_path"),
    ("get_activity", [], "invalid_params"),
    ("event", None, "invalid_params"),
    ("event", fields("session_start", extra=1), "invalid_params"),
    ("event", fields("nothing"), "invalid_params"),
    ("event", fields("session_start", recorded_at="yesterday"), "invalid_timestamp"),
    ("event", fields("session_start", event_id=" "), "invalid_event_id"),
    ("event", fields("session_start", event_id="x" * 129), "invalid_event_id"),
    ("event", fields("session_start", session_id=None), "missing_field"),
    ("event", fields("session_start", cwd=" "), "missing_field"),
    ("event", fields("notification"), "missing_field"),
    ("event", fields("stop"), "missing_field"),
    ("event", fields("shell_cwd", pid=None), "invalid_pid"),
    ("event", fields("shell_cwd", tty=None), "missing_field"),
]


@pytest.mark.parametrize(
    ("method", "params", "code"), FAULTS, ids=[f"{number}-{fault[2]}" for number, fault in enumerate(FAULTS)]
)
def test_each_fault_of_the_parameters_has_its_code(host_of_all, method, params, code):
    answer = host_of_all.ipc.answer(method, params)
    assert (answer["error"]["code"], answer["id"]) == (code, "test")


def test_an_event_counts_once(host):
    host.ipc.event("session_start", session_id="once", pid=os.getpid(), cwd=str(host.repo))
    event = new_event("pre_tool_use", session_id="once", pid=os.getpid(), cwd=str(host.repo))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: host.ipc.ask("event", event), range(16)))
    assert all(answer["accepted"] for answer in answers)
    assert sum("duplicate" not in answer for answer in answers) == 1
    assert host.ipc.sessions()["once"]["tools_in_flight"] == 1
    assert host.row("SELECT count(*) FROM events WHERE id = ?", event["event_id"]) == (1,)


def test_what_was_inserted_while_the_daemon_was_dead_is_applied_once(host):
    """The conformance scenario of the contract: plain SQL, the six named columns."""
    repo = str(host.repo)
    host.ipc.event("session_start", session_id="replay", pid=os.getpid(), cwd=repo)
    host.kill()
    event = new_event("pre_tool_use", -1, session_id="replay", pid=os.getpid(), cwd=repo)
    with contextlib.closing(sqlite3.connect(host.home / "drover.db")) as database, database:
        rowid = database.execute(
            "INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload) VALUES (?, ?, ?, ?, ?, ?)",
            (event["event_id"], event["recorded_at"], "pre_tool_use", "replay", os.getpid(), json.dumps(event)),
        ).lastrowid
    cursor = "SELECT value FROM daemon_meta WHERE key = 'last_applied_event_rowid'"
    for _ in range(2):
        host.start_afresh()
        assert host.ipc.sessions()["replay"]["tools_in_flight"] == 1
        assert eventually(lambda: int(host.row(cursor)[0]) >= rowid, "the cursor is there")
        host.kill()
    host.start_afresh()


def test_an_agent_that_died_without_a_word_becomes_idle(host):
    agent = subprocess.Popen(["sleep", "1000"])
    host.ipc.event("user_prompt_submit", session_id="dead", pid=agent.pid, cwd=str(host.repo))
    assert host.ipc.sessions()["dead"]["state"] == "working"
    agent.kill()
    agent.wait()
    session = eventually(
        lambda: (found := host.ipc.sessions()["dead"])["state"] == "idle" and found, "it is idle", within=40
    )
    assert session["last_event"] == "dead_pid_reconcile_periodic"
    assert session["is_alive"] is False


def test_a_hook_reports_and_nothing_is_lost_while_the_daemon_is_away(host):
    payload = {"session_id": "hooked", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit", "prompt": "hush-7"}
    done = host.hook(payload)
    assert (done.returncode, done.stdout) == (0, "")
    assert host.ipc.sessions()["hooked"]["state"] == "working"

    host.kill()
    tool = {"session_id": "hooked", "cwd": str(host.repo), "tool_name": "Bash", "tool_input": {"command": "ls"}}
    for _ in range(3):
        done = host.hook(tool | {"hook_event_name": "PreToolUse"})
        assert (done.returncode, done.stdout) == (0, "")
    host.start_afresh()
    eventually(lambda: host.ipc.sessions()["hooked"]["tools_in_flight"] == 3, "the daemon takes what waited")
    host.hook(tool | {"hook_event_name": "PreToolUse"})
    assert host.ipc.sessions()["hooked"]["tools_in_flight"] == 4
    assert not any(b"hush-7" in file.read_bytes() for file in host.home.glob("drover.db*"))


def test_two_hundred_hooks_at_once(host):
    host.ipc.event("session_start", session_id="many", pid=os.getpid(), cwd=str(host.repo))
    payload = {"session_id": "many", "cwd": str(host.repo), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(lambda _: host.hook(payload), range(200)))
    assert {(result.returncode, result.stdout) for result in results} == {(0, "")}
    # What found no free place waits in the spool for the next hook.
    eventually(
        lambda: (
            host.hook(payload | {"hook_event_name": "UserPromptSubmit"})
            and host.ipc.sessions()["many"]["tools_in_flight"] == 200
        ),
        "all are counted",
    )


def test_reports_are_on_the_stream_of_events(host):
    host.ipc.event("permission_request", session_id="shown", pid=os.getpid(), cwd=str(host.repo))
    items = host.get("/api/events", headers={"Accept": "application/json"}, params={"since": 0}).json()["items"]
    (shown,) = [item for item in items if item["type"] == "permission_request"]
    assert (shown["source"], shown["sessionId"]) == ("hook", "shown")


def test_people_see_projects_and_their_terminals(host):
    host.ipc.event("permission_request", session_id="seen", pid=os.getpid(), cwd=str(host.repo))
    shell = {"tty": "/dev/pts/3", "tmux_session": "main", "tmux_client_tty": "/dev/pts/1"}
    host.ipc.event("shell_cwd", pid=os.getpid(), cwd=str(host.repo), **shell)
    told = host.cli("projects", text=True)
    assert told.returncode == 0, told.stderr
    assert "waiting" in told.stdout
    assert str(host.repo) in told.stdout
    items = json.loads(host.cli("projects", "--json").stdout)["items"]
    assert [item["state"] for item in items] == ["waiting"]
    told = host.cli("where", str(host.repo), text=True)
    assert told.stdout.startswith("tmux session main")
    assert host.cli("where", str(host.person / "elsewhere")).returncode == 1
    assert host.cli("where", "/etc").returncode == 1
    host.stop()
    assert host.cli("projects").returncode == 3


def test_a_second_daemon_of_the_same_person_is_refused(host):
    other = SensingDaemon()
    try:
        other.environment |= {"HOME": host.environment["HOME"], "CAPACITOR_DAEMON_SOCKET": host.ready["ipc"]}
        program = other.launch()
        assert program.wait(20) == 1
        assert str(host.ready["pid"]) in other.log_text()
    finally:
        other.program.close()
        other.program = None
        other.close()
    assert host.ipc.ask("get_health")["status"] == "ok"
    assert stamp()
