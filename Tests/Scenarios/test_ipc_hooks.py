"""Hooks as agents call them, through a real shell and the real daemon: what each event does to its session."""

import itertools
import json
import os
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from payloads import CLAUDE

from harness import processes
from harness.ipc import new_event
from harness.program import built
from harness.sensing import SensingDaemon
from harness.waiting import eventually

numbers = itertools.count()


@pytest.fixture(scope="module")
def shared():
    """A daemon for many sessions, none of which starts: a start takes the place of others in its process."""
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def host():
    daemon = SensingDaemon()
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def told(host: SensingDaemon, session: str, event: str, **fields) -> None:
    payload = {"session_id": session, "cwd": str(host.repo), "hook_event_name": event, "permission_mode": "default"}
    done = host.hook(payload | CLAUDE[event] | fields)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert host.spool == []


#: How a session comes to be in a state, with one tool under way.
BEFORE = {
    "working": [("UserPromptSubmit", {}), ("PreToolUse", {})],
    "waiting": [("PreToolUse", {}), ("PermissionRequest", {})],
    "compacting": [("PreCompact", {"trigger": "auto"})],
    "ready": [("Stop", {"background_tasks": []})],
}


def session_in(host: SensingDaemon, state: str) -> str:
    session = f"s{os.getpid()}-{next(numbers)}"
    for event, fields in BEFORE[state]:
        told(host, session, event, **fields)
    assert host.ipc.sessions()[session]["state"] == state
    return session


def after(before: str, tools: int, event: str) -> tuple[str, int]:
    """The state and the tools under way after an event, by the tables of the contracts."""
    match event:
        case "SessionStart":
            return ("ready", 0) if before == "ready" else (before, tools)
        case "UserPromptSubmit":
            return "working", tools
        case "PreToolUse":
            return "working", tools + 1
        case "PostToolUse" | "PostToolUseFailure":
            return before if before == "compacting" else "working", max(0, tools - 1)
        case "PermissionRequest" | "Notification":
            return "waiting", tools
        case "PreCompact":
            return "compacting", 0
        case "PostCompact":
            # Of its own accord, in the middle of work.
            return ("working", 0) if before == "compacting" else (before, tools)
        case "Stop":
            # What it has left in the background will wake it.
            return (before, tools) if before == "compacting" else ("working", 0)
        case "StopFailure" | "Elicitation":
            return "waiting", 0
        case "PermissionDenied" | "ElicitationResult":
            return ("working", tools) if before == "waiting" else (before, tools)
    return before, tools


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("event", CLAUDE)
def test_what_an_event_does_to_its_session(shared, event, before):
    session = session_in(shared, before)
    tools = shared.ipc.sessions()[session]["tools_in_flight"]
    assert tools == {"working": 1, "waiting": 1}.get(before, 0)
    told(shared, session, event)
    known = shared.ipc.sessions()
    if event == "SessionEnd":
        assert session not in known
        assert session in {row["session_id"] for row in shared.ipc.ask("get_tombstones")}
        told(shared, session, "UserPromptSubmit")
        assert session not in shared.ipc.sessions()
        return
    row = known[session]
    assert (row["state"], row["tools_in_flight"]) == after(before, tools, event)
    assert (row["project_path"], row["pid"], row["is_alive"]) == (str(shared.repo), os.getpid(), True)


def test_nothing_that_a_person_or_an_agent_wrote_is_kept(shared):
    for event in CLAUDE:
        told(shared, "private", event)
    # Where reports are kept; elsewhere the word is used for other things, and here for a policy's `"secrets"`.
    kept = [*shared.home.glob("drover.db*"), *(shared.person / ".capacitor").rglob("*")]
    kept = [file for file in kept if file.is_file()]
    assert any(file.name == "drover.db" for file in kept)
    assert not [file for file in kept if re.search(rb'secret(?!s")', file.read_bytes())]
    assert "secret words" not in shared.log_text()


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("permission_prompt", "waiting", None),
        ("idle_prompt", "ready", "idle_prompt"),
        ("auth_success", "ready", "auth_success"),
        ("elicitation_dialog", "waiting", None),
        ("elicitation_complete", "working", None),
        ("elicitation_response", "working", None),
        ("agent_completed", "working", None),
    ],
)
def test_what_a_notification_does(shared, kind, state, reason):
    session = f"n{os.getpid()}-{next(numbers)}"
    told(shared, session, "UserPromptSubmit")
    told(shared, session, "Notification", notification_type=kind)
    row = shared.ipc.sessions()[session]
    assert (row["state"], row.get("ready_reason")) == (state, reason)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"background_tasks": []}, "ready"),
        ({"background_tasks": [], "session_crons": [{"id": "c", "schedule": "0 9 * * *"}]}, "working"),
        ({"stop_hook_active": True, "background_tasks": []}, "working"),
        ({"agent_id": "a1", "background_tasks": []}, "working"),
    ],
    ids=["plain", "with timers", "held by a hook", "of a sub-agent"],
)
def test_what_a_stop_does(shared, fields, state):
    session = session_in(shared, "working")
    told(shared, session, "Stop", **fields)
    assert shared.ipc.sessions()[session]["state"] == state


@pytest.mark.parametrize(("trigger", "state"), [("auto", "working"), ("manual", "ready")])
def test_a_compaction_from_its_begin_to_its_end(host, trigger, state):
    told(host, "c", "UserPromptSubmit")
    told(host, "c", "PreCompact", trigger=trigger)
    told(host, "c", "Stop", background_tasks=[])
    assert host.ipc.sessions()["c"]["state"] == "compacting"
    told(host, "c", "SessionStart", source="compact")
    assert host.ipc.sessions()["c"]["state"] == state


@pytest.mark.parametrize("tool", ["AskUserQuestion", "ExitPlanMode"])
def test_a_tool_that_asks_a_person_waits(shared, tool):
    session = session_in(shared, "ready")
    told(shared, session, "PreToolUse", tool_name=tool, tool_input={})
    assert shared.ipc.sessions()[session]["state"] == "waiting"
    told(shared, session, "PostToolUse", tool_name=tool, tool_input={}, tool_response={})
    row = shared.ipc.sessions()[session]
    assert (row["state"], row["tools_in_flight"]) == ("working", 0)


def test_a_session_in_a_directory_that_a_shell_has_just_told_of(host):
    """Its project is the one around it, whoever was there first."""
    folder = str(host.repo / "src")
    for number in range(3):
        host.ipc.event("shell_cwd", pid=os.getpid(), cwd=folder, tty="/dev/pts/3")
        host.ipc.event("session_start", session_id=f"s{number}", cwd=folder)
        assert host.ipc.sessions()[f"s{number}"]["project_path"] == str(host.repo)


def test_an_agent_whose_shell_has_gone(host, tmp_path):
    """The hook's parent leaves before the hook looks: nobody who adopted it is taken for an agent that died."""
    fifo = tmp_path / "input"
    os.mkfifo(fifo)
    hook = built("drover-hook", "DROVER_HOOK_BIN")
    script = f"(read line < {fifo}; printf '%s' \"$line\" | {hook} handle) & exit 0"
    subprocess.run(["dash", "-c", script], env=host.environment, cwd=host.repo, check=True)
    payload = {"session_id": "orphan", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit", "prompt": "p"}
    fifo.write_text(json.dumps(payload) + "\n")
    row = eventually(lambda: host.ipc.sessions().get("orphan"), "it is known")
    assert row["pid"] != os.getpid()
    assert row.get("is_alive") in (None, True)
    runs = host.ipc.ask("get_health")["dead_session_reconcile"].get("periodic", {"runs": 0})["runs"]
    eventually(
        lambda: host.ipc.ask("get_health")["dead_session_reconcile"].get("periodic", {"runs": 0})["runs"] > runs,
        "dead agents have been looked for",
        within=30,
    )
    assert host.ipc.sessions()["orphan"]["state"] == "working"


def test_an_agent_that_starts_hooks_through_several_shells(host):
    """Its own process is named, and its death is noticed when the daemon starts."""
    hook = built("drover-hook", "DROVER_HOOK_BIN")
    payload = {"session_id": "deep", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"}
    agent = subprocess.Popen(
        ["python3", "-c", "import subprocess as s, sys, time; s.run(sys.argv[1:]); print(flush=True); time.sleep(99)",
         "dash", "-c", f"bash -c 'echo \"$0\" | env {hook} handle; true' '{json.dumps(payload)}'; true"],
        env=host.environment, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert agent.stdout.readline() == b"\n"
        row = host.ipc.sessions()["deep"]
        assert (row["pid"], row["is_alive"]) == (agent.pid, True)
    finally:
        agent.kill()
        agent.wait()
        agent.stdout.close()
    assert host.ipc.sessions()["deep"]["is_alive"] is False
    host.restart()
    row = host.ipc.sessions()["deep"]
    assert (row["state"], row["last_event"]) == ("idle", "dead_pid_reconcile_startup")


# Floods


def test_the_daemon_is_killed_in_a_flood_of_hooks(host):
    """Nothing is lost, nothing counts twice, and what waited is drained once."""
    count = 160
    told(host, "flood", "UserPromptSubmit")
    payload = {"session_id": "flood", "cwd": str(host.repo), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    kept = 0
    with ThreadPoolExecutor(16) as pool:
        done = [pool.submit(host.hook, payload) for _ in range(count)]
        for share in (0.2, 0.4, 0.6):
            eventually(lambda share=share: sum(hook.done() for hook in done) > share * count, "so many are through")
            host.kill()
            # Some meet nobody.
            before = len(host.spool)
            eventually(lambda before=before: len(host.spool) > before, "one more waits")
            kept += len(host.spool) - before
            host.start_afresh()
        assert {(hook.result().returncode, hook.result().stdout) for hook in done} == {(0, "")}
    assert kept >= 3
    drain(host, "flood")
    assert host.ipc.sessions()["flood"]["tools_in_flight"] == count
    ids = [name for (name,) in host.rows("SELECT id FROM events WHERE event_type = 'pre_tool_use'")]
    assert len(ids) == count
    # Whatever waited has been seen, and is not seen again.
    told(host, "flood", "UserPromptSubmit")
    assert host.ipc.sessions()["flood"]["tools_in_flight"] == count


def drain(host: SensingDaemon, session: str) -> None:
    """Hooks send what waits before their own; one at a time does, and others go on without."""

    def drained():
        done = host.hook({"session_id": session, "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"})
        assert (done.returncode, done.stdout) == (0, "")
        return host.spool == []

    eventually(drained, "nothing waits any more")


def test_what_waits_is_drained_once_by_many_hooks_and_a_start(host):
    """The daemon at its start and forty hooks at once: one of them drains, and no event counts twice."""
    told(host, "drained", "UserPromptSubmit")
    host.kill()
    payload = {"session_id": "drained", "cwd": str(host.repo), "hook_event_name": "PreToolUse", "tool_name": "Bash"}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: host.hook(payload), range(60)))
    assert len(host.spool) == 60
    # One of them has arrived already, as when the answer was lost.
    event = json.loads(host.spool[7].read_text())["params"]
    host.insert(event)
    host.forget_starts()
    host.launch()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: host.hook(payload | {"hook_event_name": "UserPromptSubmit"}), range(40)))
    assert {(result.returncode, result.stdout) for result in results} == {(0, "")}
    host.ready = host.program.wait_until_ready()
    drain(host, "drained")
    assert host.ipc.sessions()["drained"]["tools_in_flight"] == 60
    assert host.row("SELECT count(*) FROM events WHERE event_type = 'pre_tool_use'") == (60,)


def test_what_waits_is_told_in_the_order_in_which_it_happened(host):
    """A whole turn without a daemon, and another that was begun."""
    host.kill()
    for event in ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"):
        host.hook({"session_id": "away", "cwd": str(host.repo), "hook_event_name": event} | CLAUDE[event])
    host.hook({"session_id": "away", "cwd": str(host.repo), "hook_event_name": "Stop", "stop_hook_active": False})
    host.hook({"session_id": "gone", "cwd": str(host.repo), "hook_event_name": "UserPromptSubmit"})
    host.hook({"session_id": "gone", "cwd": str(host.repo), "hook_event_name": "SessionEnd", "reason": "logout"})
    waiting = host.spool
    assert len(waiting) == 7
    assert all(re.match(r"\d{14}-evt-\d{13}-\d+-[0-9a-f]+\.json$", file.name) for file in waiting)
    host.start_afresh()
    row = eventually(lambda: host.ipc.sessions().get("away"), "it is known")
    eventually(lambda: host.spool == [], "nothing waits any more")
    row = host.ipc.sessions()["away"]
    assert (row["state"], row["ready_reason"], row["tools_in_flight"]) == ("ready", "stop_gate", 0)
    assert "gone" not in host.ipc.sessions()
    assert [row["session_id"] for row in host.ipc.ask("get_tombstones")] == ["gone"]
    order = [name for (name,) in host.rows("SELECT id FROM events WHERE session_id = 'away' ORDER BY seq")]
    expected = [file.name[15:-5] for file in waiting]
    assert [name for name in expected if name in order] == [name for name in order if name in expected]


def test_a_hook_costs_the_agent_no_time_to_speak_of(host):
    """Not even when the daemon is stopped in the middle of its work: 600 ms twice and 50 ms between."""
    told(host, "slow", "UserPromptSubmit")
    os.kill(host.pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        done = host.hook({"session_id": "slow", "cwd": str(host.repo), "hook_event_name": "PreToolUse"})
        took = time.monotonic() - begin
        assert (done.returncode, done.stdout) == (0, "")
        assert 1.2 <= took < 6
        assert len(host.spool) == 1
    finally:
        os.kill(host.pid, signal.SIGCONT)
    # Both attempts wait in the daemon's queue, and the file comes as a third.
    drain(host, "slow")
    eventually(lambda: host.ipc.sessions()["slow"]["tools_in_flight"] == 1, "it counts once")
    assert host.row("SELECT count(*) FROM events WHERE event_type = 'pre_tool_use'") == (1,)
    assert processes.is_running(host.pid)
    host.ipc.ask("event", new_event("session_end", session_id="slow"))
