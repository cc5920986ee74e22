"""What a stock Socket.IO client can ask for, by every transport."""

import pytest

from harness.viewer import TRANSPORTS
from harness.waiting import eventually

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=TRANSPORTS)
def viewer(request, watch):
    viewer = watch(request.param)
    assert viewer.transport == TRANSPORTS[request.param][-1]
    return viewer


def refused(viewer, event: str, payload: object, code: str) -> dict:
    """Asks, and expects the refusal in the acknowledgement and as an event."""
    before = len(viewer.seen("ws_error"))
    answer = viewer.ask(event, payload)
    assert answer["ok"] is False, answer
    assert answer["error"]["code"] == code, answer
    assert answer["error"]["message"]
    told = viewer.wait_for("ws_error", count=before + 1)[-1]
    assert told in (answer, answer["error"])
    return answer["error"]


def test_a_ping_is_answered(viewer):
    assert viewer.ask("ping") in (None, ())


def test_the_three_rooms_are_joined_and_left(viewer):
    assert viewer.join("village", villageId="demo")["room"] == "village:demo"
    assert viewer.join("agent", agentId="runner_00000000")["room"] == "agent:runner_00000000"
    assert viewer.join("repo", repoId="1234567890123")["room"] == "repo:1234567890123"

    for event, payload in (
        ("leave_village", {"villageId": "demo"}),
        ("leave_agent", {"agentId": "runner_00000000"}),
        ("leave_repo", {"repoId": "1234567890123"}),
        ("leave_village", {"villageId": "demo"}),
        ("leave_session", {"sessionId": UNKNOWN}),
    ):
        assert viewer.ask(event, payload) == {"ok": True}


@pytest.mark.parametrize(
    "event, message",
    [
        ("join_village", "villageId required"),
        ("join_agent", "agentId required"),
        ("join_repo", "repoId required"),
        ("join_session", None),
    ],
)
@pytest.mark.parametrize(
    "payload", [{}, None, "text", [], {"villageId": "", "agentId": "", "repoId": "", "sessionId": ""}], ids=str
)
def test_a_wrong_payload_is_refused_in_the_answer_and_as_an_event(watch, event, message, payload):
    error = refused(watch(), event, payload, "E_BAD_PAYLOAD")
    if message:
        assert error["message"] == message


def test_more_than_twenty_joins_in_a_moment_are_too_many(viewer):
    for number in range(20):
        assert viewer.ask("join_village", {"villageId": f"village-{number}"})["ok"] is True
    refused(viewer, "join_village", {"villageId": "demo"}, "E_RATE_LIMIT")
    refused(viewer, "join_agent", {"agentId": "runner_00000000"}, "E_RATE_LIMIT")
    # The window is the socket's own, and it passes.
    eventually(lambda: viewer.ask("join_village", {"villageId": "demo"})["ok"], "joins are allowed again", every=0.5)


def test_wrong_payloads_do_not_count_as_joins(watch):
    viewer = watch()
    for _ in range(30):
        assert viewer.ask("join_village", {})["error"]["code"] == "E_BAD_PAYLOAD"
    assert viewer.ask("join_village", {"villageId": "demo"})["ok"] is True


def test_an_unknown_session_is_not_found(watch):
    viewer = watch()
    refused(viewer, "join_session", {"sessionId": UNKNOWN}, "E_NOT_FOUND")
    refused(viewer, "terminal_input", {"sessionId": UNKNOWN, "data": "x"}, "E_NOT_FOUND")
    refused(viewer, "terminal_resize", {"sessionId": UNKNOWN, "cols": 80, "rows": 24}, "E_NOT_FOUND")


def test_a_session_is_joined_watched_and_typed_into(viewer, daemon):
    session = daemon.run_script("stty -echo; echo ready; read a; echo got $a; read b; echo got $b")
    daemon.wait_for_output(session, b"ready")
    joined = viewer.join("session", sessionId=session)
    assert joined["room"] == f"session:{session}"
    assert joined["state"]["state"] == "RUNNING"
    assert joined["state"]["sessionId"] == session
    assert joined["terminal"] == {"cols": 120, "rows": 40, "bytes": len(b"ready\r\n")}

    assert viewer.ask("terminal_input", {"sessionId": session, "data": "one\n"}) == {"ok": True}
    viewer.wait_for("terminal_output", lambda chunk: "got one" in chunk["data"])
    assert viewer.ask("terminal_input", {"sessionId": session, "data": "two", "mode": "line"}) == {"ok": True}
    viewer.wait_for("terminal_output", lambda chunk: "got two" in chunk["data"])

    daemon.wait_for_end(session)
    refused(viewer, "terminal_input", {"sessionId": session, "data": "x"}, "E_INVALID_STATE")
    for chunk in viewer.seen("terminal_output"):
        assert {"sessionId", "agentId", "data", "stream", "ts", "seq", "offset", "bytes"} <= set(chunk)
        assert chunk["stream"] == "stdout"


@pytest.mark.parametrize(
    "event, payload",
    [
        ("terminal_input", {"data": 1}),
        ("terminal_input", {}),
        ("terminal_input", {"data": "x", "mode": "shout"}),
        ("terminal_input", {"data": "x" * (64 * 1024 + 1)}),
        ("terminal_resize", {"cols": 80}),
        ("terminal_resize", {"cols": 1, "rows": 1}),
        ("terminal_resize", {"cols": "80", "rows": "24"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_typed_is_checked(watch, daemon, event, payload):
    session = daemon.mock("hold")
    daemon.wait_for_state(session, "RUNNING")
    refused(watch(), event, {"sessionId": session, **payload}, "E_BAD_PAYLOAD")


def test_who_has_left_a_room_hears_no_more_of_it(watch, daemon):
    session = daemon.run_script("while read x; do echo got $x; done")
    daemon.wait_for_state(session, "RUNNING")
    gone, there = watch(), watch()
    for viewer in (gone, there):
        viewer.join("session", sessionId=session)
    assert gone.ask("leave_session", {"sessionId": session}) == {"ok": True}

    daemon.type(session, "hello\n")
    there.wait_for("terminal_output", lambda chunk: "got hello" in chunk["data"])
    assert gone.ask("ping") in (None, ())  # everything sent before this answer has come
    assert not gone.seen("terminal_output")


def test_a_viewer_without_a_room_hears_nothing(watch, daemon):
    viewer, member = watch(), watch()
    member.join("village", villageId="demo")
    daemon.wait_for_end(daemon.mock("all"))
    member.wait_for("agent_disconnect")
    assert viewer.ask("ping") in (None, ())
    assert viewer.events == []


def test_the_fleet_is_joined_and_its_changes_are_told(viewer, daemon):
    assert viewer.join("fleet")["room"] == "fleet"
    session = daemon.run("true", name="quick")

    changes = viewer.wait_for("fleet_changed", lambda change: change["session"]["state"] == "COMPLETED")
    assert changes[-1]["session"]["id"] == session
    assert changes[-1]["session"]["name"] == "quick"
    assert changes[-1]["cursor"] > 0
    told = viewer.seen("fleet_changed")
    assert [change["cursor"] for change in told] == sorted(change["cursor"] for change in told)


def test_an_event_nobody_knows_does_no_harm(viewer):
    viewer.client.emit("work_stream_event", {"agentId": "x"})
    viewer.client.emit("no_such_event", b"\x00\xff")
    assert viewer.ask("ping") in (None, ())
