"""A scripted session does everything a session can do, and every audience is told in its own way."""

import re

import pytest

RUNNER_EVENTS = {
    "SESSION_STARTED",
    "SESSION_STATE_CHANGED",
    "SESSION_ENDED",
    "TERMINAL_CHUNK",
    "FILE_TOUCHED",
    "DIFF_SUMMARY",
    "TEST_RUN_STARTED",
    "TEST_RUN_FINISHED",
    "APPROVAL_REQUESTED",
    "APPROVAL_RESOLVED",
    "ALERT_RAISED",
    "USAGE_TICK",
}
WORK_TYPES = {
    "session_start",
    "status_change",
    "output",
    "file_read",
    "file_edit",
    "file_delete",
    "test_start",
    "test_finish",
    "session_end",
}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(params=["polling", "websocket"])
def viewer(request, watch):
    viewer = watch(request.param)
    viewer.join("village", villageId="demo")
    return viewer


def chain_of(events: list[dict]) -> list[int]:
    """Checks that each event names the one before it, and returns their numbers."""
    previous = 0
    for event in events:
        assert event["prevSeq"] == previous, f"a hole before {event}"
        assert event["seq"] > previous
        previous = event["seq"]
    return [event["seq"] for event in events]


def test_all_twelve_runner_events_happen_in_their_order(daemon):
    session = daemon.mock("all")
    ended = daemon.wait_for_end(session)
    assert ended["state"] == "COMPLETED"

    events = daemon.runner_events(session)
    assert {event["type"] for event in events} == RUNNER_EVENTS
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    for event in events:
        assert event["sessionId"] == session
        assert isinstance(event["orgId"], str)
        assert isinstance(event["ts"], int)

    # §2.4: how a session begins, and how it ends.
    types = [event["type"] for event in events]
    changes = [event["newState"] for event in events if event["type"] == "SESSION_STATE_CHANGED"]
    assert changes[:3] == ["PREPARING_WORKSPACE", "STARTING_PROVIDER", "RUNNING"]
    assert "WAITING_FOR_APPROVAL" in changes
    running = next(i for i, event in enumerate(events) if event.get("newState") == "RUNNING")
    assert types[running + 1] == "SESSION_STARTED"
    assert types[-3:] == ["USAGE_TICK", "SESSION_STATE_CHANGED", "SESSION_ENDED"]
    assert types.count("SESSION_ENDED") == types.count("SESSION_STARTED") == 1

    # Each change starts where the last one ended.
    states = [(e["previousState"], e["newState"]) for e in events if e["type"] == "SESSION_STATE_CHANGED"]
    assert states[0][0] == "CREATED"
    for (_, left), (entered, _) in zip(states, states[1:], strict=False):
        assert left == entered


def test_the_usage_adds_up(daemon):
    session = daemon.mock("all")
    daemon.wait_for_end(session)
    events = daemon.runner_events(session)
    total = events[-1]["totalUsage"]
    ticks = [event["units"] for event in events if event["type"] == "USAGE_TICK"]

    assert set(total) == {"agentSeconds", "terminalKb", "filesTouched", "commandsRun", "approvalsRequested"}
    for unit, amount in total.items():
        assert sum(tick[unit] for tick in ticks) == pytest.approx(amount)
    assert total["approvalsRequested"] >= 1
    assert daemon.session(session)["usage"] == total


def test_a_village_sees_the_whole_story(viewer, daemon):
    session = daemon.mock("all", agentName="Scripted")
    viewer.wait_for("agent_disconnect", lambda event: event["sessionId"] == session)
    daemon.wait_for_end(session)
    assert viewer.ask("ping") in (None, ())

    (spawn,) = viewer.seen("agent_spawn")
    assert set(spawn) == {"agentId", "sessionId", "agentType", "agentName", "repoPath", "timestamp"}
    assert (spawn["sessionId"], spawn["agentType"], spawn["agentName"]) == (session, "custom", "Scripted")
    assert ISO.fullmatch(spawn["timestamp"])

    work = viewer.seen("work_stream_event")
    assert {event["type"] for event in work} == WORK_TYPES
    assert work[-1]["type"] == "session_end"
    for event in work:
        assert {"agentId", "sessionId", "type", "payload", "timestamp", "seq", "prevSeq"} <= set(event)
        assert (event["agentId"], event["sessionId"]) == (spawn["agentId"], session)
        assert ISO.fullmatch(event["timestamp"])
    chain_of(work)

    (alert,) = viewer.seen("alert_raised")
    assert {"alertId", "severity", "category", "title", "description", "timestamp", "agentId", "sessionId"} <= set(
        alert
    )
    assert len(viewer.seen("agent_disconnect")) == 1
    names = [name for name, _ in viewer.events]
    assert names.index("agent_spawn") < names.index("work_stream_event")
    assert names.index("agent_disconnect") > max(i for i, name in enumerate(names) if name == "work_stream_event")


def test_the_stories_payloads_are_those_of_the_runners_events(viewer, daemon):
    """Section 6: each work event is one runner event in other words."""
    session = daemon.mock("all")
    viewer.wait_for("agent_disconnect", lambda event: event["sessionId"] == session)
    told = {event["seq"]: event for event in viewer.seen("work_stream_event")}
    translated = 0
    for event in daemon.runner_events(session):
        work = told.get(event["seq"])
        if work is None:
            continue
        translated += 1
        payload = work["payload"]
        match event["type"]:
            case "SESSION_STARTED":
                assert work["type"] == "session_start"
                assert payload["providerId"] == event["providerId"] == "mock"
                assert payload["workspacePath"] == event["workspacePath"]
            case "SESSION_STATE_CHANGED":
                assert work["type"] == "status_change"
                assert (payload["previousState"], payload["newState"]) == (event["previousState"], event["newState"])
            case "FILE_TOUCHED":
                kinds = {"delete": "file_delete", "write": "file_edit", "read": "file_read", "diff": "file_read"}
                assert work["type"] == kinds[event["reason"]]
                assert (payload["path"], payload["reason"]) == (event["path"], event["reason"])
            case "DIFF_SUMMARY":
                assert work["type"] == "file_edit"
                assert payload["kind"] == "diff_summary"
                for key in ("filesChanged", "linesAdded", "linesRemoved", "files"):
                    assert payload[key] == event[key]
            case "TEST_RUN_STARTED":
                assert work["type"] == "test_start"
                assert payload["command"] == event["command"]
            case "TEST_RUN_FINISHED":
                assert work["type"] == "test_finish"
                for key in ("exitCode", "passed", "failed", "skipped", "duration"):
                    assert payload[key] == event[key]
            case "APPROVAL_REQUESTED":
                assert work["type"] == "status_change"
                assert payload["newState"] == "WAITING_FOR_APPROVAL"
                assert payload["approval"]["approvalId"] == event["approval"]["approvalId"]
            case "APPROVAL_RESOLVED":
                assert work["type"] == "status_change"
                assert (payload["approvalId"], payload["decision"]) == (event["approvalId"], event["decision"])
            case "SESSION_ENDED":
                assert work["type"] == "session_end"
                for key in ("finalState", "totalDurationMs", "totalUsage"):
                    assert payload[key] == event[key]
            case "TERMINAL_CHUNK":
                assert work["type"] == "output"
            case other:
                raise AssertionError(f"{other} is not for the village")
    assert translated > 10


def test_a_viewer_in_both_rooms_is_told_once(watch, daemon):
    viewer = watch()
    viewer.join("village", villageId="demo")
    session = daemon.mock("hold")
    agent = viewer.wait_for("agent_spawn")[0]["agentId"]
    viewer.join("agent", agentId=agent)
    viewer.join("session", sessionId=session)
    daemon.wait_for_state(session, "RUNNING")
    for number in range(20):
        daemon.type(session, f"line {number}\n")
    daemon.post(f"/api/runner/sessions/{session}/stop", {})
    viewer.wait_for("agent_disconnect")

    chain_of(viewer.seen("work_stream_event"))
    assert len(viewer.seen("agent_disconnect")) == 1


def test_the_stories_of_several_sessions_do_not_mix(watch, daemon):
    viewer = watch()
    viewer.join("village", villageId="demo")
    sessions = [daemon.mock("all", stepMs=5) for _ in range(5)]
    viewer.wait_for("agent_disconnect", count=5)
    for session in sessions:
        events = viewer.seen("work_stream_event", lambda event, session=session: event["sessionId"] == session)
        chain_of(events)
        assert {event["type"] for event in events} == WORK_TYPES


def test_villages_are_told_apart(watch, daemon):
    here, there = watch(), watch()
    here.join("village", villageId="here")
    there.join("village", villageId="there")
    session = daemon.mock("all", villageId="here")
    here.wait_for("agent_disconnect", lambda event: event["sessionId"] == session)
    assert there.ask("ping") in (None, ())
    assert there.events == []


def test_who_comes_late_is_told_who_is_there(watch, daemon):
    session = daemon.mock("hold")
    daemon.wait_for_state(session, "RUNNING")
    joined = watch().join("village", villageId="demo")
    assert [agent["sessionId"] for agent in joined["agents"]] == [session]
    assert set(joined["agents"][0]) >= {"agentId", "sessionId", "agentType", "agentName", "repoPath", "timestamp"}


def test_a_viewer_who_missed_something_fetches_it(daemon):
    session = daemon.mock("all")
    daemon.wait_for_end(session)
    path = f"/api/runner/sessions/{session}/events"
    everything = daemon.get(path).json()
    assert everything["truncated"] is False
    assert everything["lastSeq"] == everything["items"][-1]["seq"]

    rest = daemon.get(path, params={"afterSeq": 5, "limit": 3}).json()
    assert rest["items"] == everything["items"][5:8]
    assert daemon.get(path, params={"afterSeq": everything["lastSeq"]}).json()["items"] == []
    assert daemon.get(path, params={"afterSeq": "x"}).status_code == 400


def test_the_fleet_sums_the_session_up(daemon):
    session = daemon.mock("all", name="scripted")
    ended = daemon.wait_for_end(session)
    events = daemon.runner_events(session)

    assert ended["origin"] == "launched"
    assert ended["agent"] == "mock"
    assert ended["lastSeq"] == events[-1]["seq"]
    assert ended["pendingApprovals"] == []
    assert ended["filesTouched"] >= 1
    diff = next(event for event in events if event["type"] == "DIFF_SUMMARY")
    assert ended["diff"] == {key: diff[key] for key in ("filesChanged", "linesAdded", "linesRemoved")}
    run = next(event for event in events if event["type"] == "TEST_RUN_FINISHED")
    assert [ended["tests"][key] for key in ("passed", "failed", "skipped")] == [
        run[key] for key in ("passed", "failed", "skipped")
    ]
    assert ended["tests"]["running"] is False
    assert len(ended["testRuns"]) >= 1
    alert = next(event for event in events if event["type"] == "ALERT_RAISED")
    assert ended["alerts"] == {alert["severity"]: 1}
    assert [entry["alertId"] for entry in ended["alertList"]] == [alert["alertId"]]
    (approval,) = ended["approvals"]
    assert approval["decision"] in ("allow", "deny")
    assert ended["evidence"]["event"]
    assert ended["evidence"]["source"]
