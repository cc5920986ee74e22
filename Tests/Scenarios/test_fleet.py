"""The unified view of all sessions: `GET /api/fleet`."""

import pytest


def names(daemon, **query) -> list[str]:
    answer = daemon.get("/api/fleet", params=query)
    assert answer.status_code == 200, answer.text
    return [item.get("name") for item in answer.json()["items"]]


@pytest.fixture
def fleet(daemon):
    """Three sessions: two that have ended, one that runs."""
    for script, name in (("exit 0", "good"), ("exit 3", "bad")):
        daemon.wait_for_end(daemon.run_script(script, name=name))
    daemon.wait_for_state(daemon.mock("hold", name="held"), "RUNNING")
    return daemon


def test_an_empty_fleet_is_empty(daemon):
    fleet = daemon.get("/api/fleet").json()
    assert (fleet["items"], fleet["total"]) == ([], 0)
    assert fleet["daemon"]["pid"] == daemon.pid
    assert fleet["daemon"]["version"] == daemon.ready["version"]
    assert isinstance(fleet["cursor"], int)


def test_live_sessions_come_first_and_then_the_newest(fleet):
    assert names(fleet) == ["held", "bad", "good"]
    fleet.mock("hold", name="held-too")
    assert names(fleet) == ["held-too", "held", "bad", "good"]
    assert names(fleet, limit=2) == ["held-too", "held"]
    assert fleet.get("/api/fleet", params={"limit": 1}).json()["total"] == 4


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"state": "live"}, ["held"]),
        ({"state": "ended"}, ["bad", "good"]),
        ({"state": "FAILED"}, ["bad"]),
        ({"state": "COMPLETED"}, ["good"]),
        ({"agent": "mock"}, ["held"]),
        ({"agent": "command"}, ["bad", "good"]),
        ({"origin": "launched"}, ["held", "bad", "good"]),
        ({"origin": "observed"}, []),
    ],
    ids=str,
)
def test_the_fleet_can_be_narrowed(fleet, query, expected):
    assert names(fleet, **query) == expected


@pytest.mark.parametrize("query", [{"state": "nothing"}, {"limit": 0}, {"limit": 1001}, {"limit": "x"}], ids=str)
def test_a_wrong_query_is_refused(shared_daemon, query):
    answer = shared_daemon.get("/api/fleet", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_a_session_has_every_field_that_applies_to_it(fleet):
    held = fleet.session("held")
    assert {
        "id", "name", "agentId", "agentName", "villageId", "origin", "agent", "title", "project", "state", "live",
        "evidence", "createdAt", "startedAt", "lastActivityAt", "terminal", "pendingApprovals", "alerts",
        "filesTouched", "usage", "lastSeq", "timeline", "testRuns", "alertList", "files", "approvals",
    } <= set(held)  # fmt: skip
    assert held["live"] is True
    assert held["villageId"] == "demo"
    assert {"rowid", "event", "source", "at"} <= set(held["evidence"])

    bad = fleet.session("bad")
    assert bad["process"]["pid"] > 0
    assert bad["process"]["startTicks"] > 0
    assert bad["process"]["bootId"]
    assert None not in bad.values(), "optional fields are omitted, never null"


def test_a_name_means_its_newest_session_and_a_running_one_before_that(daemon):
    first = daemon.run("true", name="same")
    daemon.wait_for_end(first)
    second = daemon.run("true", name="same")
    daemon.wait_for_end(second)
    assert daemon.session("same")["id"] == second

    running = daemon.mock("hold", name="same")
    third = daemon.run("true", name="same")
    daemon.wait_for_end(third)
    assert daemon.session("same")["id"] == running


def test_the_beginning_of_an_id_is_enough(daemon):
    ids = [daemon.run("true") for _ in range(2)]
    for session in ids:
        daemon.wait_for_end(session)
        assert daemon.session(session[:8])["id"] == session
        assert daemon.get(f"/api/fleet/{session[:3]}").status_code == 404, "three characters are too few"


def test_pausing_and_resuming(fleet):
    held = fleet.session("held")["id"]
    path = f"/api/runner/sessions/{held}"
    assert fleet.post(f"{path}/pause").json() == {"ok": True}
    fleet.wait_for_state(held, "PAUSED_BY_HUMAN")
    assert fleet.post(f"{path}/input", {"data": "x"}).status_code == 409
    assert fleet.post(f"{path}/pause").status_code == 409
    assert fleet.post(f"{path}/resume").json() == {"ok": True}
    fleet.wait_for_state(held, "RUNNING")
    assert fleet.post(f"{path}/resume").status_code == 409


def test_the_runners_list_has_pages(fleet):
    page = fleet.get("/api/runner/sessions", params={"pageSize": 2}).json()
    assert (page["total"], page["page"], page["pageSize"], page["hasMore"]) == (3, 1, 2, True)
    rest = fleet.get("/api/runner/sessions", params={"pageSize": 2, "page": 2}).json()
    assert rest["hasMore"] is False
    assert len({item["sessionId"] for item in page["items"] + rest["items"]}) == 3
    assert {
        item["state"] for item in fleet.get("/api/runner/sessions", params={"state": "FAILED"}).json()["items"]
    } == {"FAILED"}


def test_the_doctor_checks_something(daemon):
    checks = daemon.get("/api/doctor").json()["checks"]
    assert checks
    for check in checks:
        assert {"name", "ok", "detail"} <= set(check)
    answer = daemon.cli("doctor")
    assert checks[0]["name"].encode() in answer.stdout
