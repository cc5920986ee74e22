"""What the request that starts a session is checked for."""

import pytest

PATH = "/api/runner/sessions"

TASK = {"title": "Fix it", "goal": "All tests pass"}
REPOSITORY = {"provider": "github", "owner": "someone", "name": "something"}


def error(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"]["code"] == code, body
    assert body["requestId"] == answer.headers["x-request-id"]
    return body["error"]


def test_an_empty_body_is_invalid(daemon):
    problem = error(daemon.post(PATH, {}), 400, "VALIDATION_ERROR")
    assert problem["message"] == "invalid body"
    assert problem["details"]


@pytest.mark.parametrize("provider, variable", [("codex", "OPENAI_API_KEY"), ("claude_code", "ANTHROPIC_API_KEY")])
def test_a_provider_without_its_key_is_refused(daemon, provider, variable):
    body = {"providerId": provider, "repoRef": REPOSITORY, "task": TASK}
    problem = error(daemon.post(PATH, body), 400, "PROVIDER_AUTH_MISSING")
    assert problem["details"] == {"providerId": provider, "missing": [variable]}


@pytest.mark.parametrize(
    "body",
    [
        {"providerId": "nobody", "repoRef": REPOSITORY, "task": TASK},
        {"providerId": "codex", "task": TASK},
        {"providerId": "codex", "repoRef": REPOSITORY},
        {"providerId": "codex", "repoRef": {"provider": "github", "owner": "", "name": "x"}, "task": TASK},
        {"providerId": "codex", "repoRef": REPOSITORY, "task": {"title": "", "goal": "x"}},
        {"providerId": "codex", "repoRef": REPOSITORY, "task": {"title": "x" * 201, "goal": "x"}},
        {"providerId": "codex", "repoRef": REPOSITORY, "task": {"title": "x", "goal": "x" * 4001}},
        {"providerId": "command"},
        {"providerId": "command", "command": {}},
        {"providerId": "command", "command": {"argv": []}},
        {"providerId": "command", "command": {"argv": "ls"}},
        {"providerId": "command", "command": {"argv": ["ls", 1]}},
        {"providerId": "command", "command": {"argv": ["ls"], "cols": 0}},
        {"providerId": "command", "command": {"argv": ["ls"], "rows": "many"}},
        {"providerId": "command", "command": {"argv": ["ls"]}, "name": ""},
        {"providerId": "command", "command": {"argv": ["ls"]}, "name": "with space"},
        {"providerId": "command", "command": {"argv": ["ls"]}, "name": "x" * 65},
        {"providerId": "command", "command": {"argv": ["ls"]}, "name": "../../etc/passwd"},
        {"providerId": "command", "command": {"argv": ["ls"]}, "villageId": ""},
        {"providerId": "command", "command": {"argv": ["ls"]}, "env": {"PATH": "/tmp"}},
        {"providerId": "command", "command": {"argv": ["ls"]}, "env": {"LD_PRELOAD": "/tmp/x.so"}},
        {"providerId": "command", "command": {"argv": ["ls"]}, "env": {"A": 1}},
        {"providerId": "mock", "mock": {"script": "nothing such"}},
        [],
        "text",
        1,
    ],
    ids=str,
)
def test_a_wrong_body_is_invalid(shared_daemon, body):
    problem = error(shared_daemon.request("POST", PATH, json=body), 400, "VALIDATION_ERROR")
    assert problem["message"] == "invalid body"


@pytest.mark.parametrize(
    "body", ["", "{", '{"providerId":', "\x00", '{"a":1}{"b":2}', "[" * 100_000], ids=lambda b: b[:9]
)
def test_a_body_that_is_not_json_is_malformed(shared_daemon, body):
    headers = {"Content-Type": "application/json"}
    error(shared_daemon.request("POST", PATH, data=body, headers=headers), 400, "VALIDATION_ERROR")


def test_nothing_is_started_by_a_wrong_body(daemon):
    before = daemon.get("/api/fleet").json()
    daemon.post(PATH, {})
    daemon.post(PATH, {"providerId": "command", "command": {"argv": []}})
    after = daemon.get("/api/fleet").json()
    assert after["total"] == before["total"] == 0
    assert after["cursor"] == before["cursor"]


@pytest.mark.parametrize("verb, body", [("stop", {}), ("input", {"data": "x"}), ("resize", {"cols": 80, "rows": 24})])
def test_an_unknown_session_is_not_found(shared_daemon, verb, body):
    answer = shared_daemon.post(f"{PATH}/00000000-0000-4000-8000-000000000000/{verb}", body)
    error(answer, 404, "SESSION_NOT_FOUND")


def test_an_unknown_approval_is_not_found_and_changes_nothing(daemon):
    session = daemon.mock("hold")
    daemon.wait_for_state(session, "RUNNING")
    path = f"{PATH}/{session}/approvals"
    error(daemon.post(f"{path}/nothing", {"decision": "allow"}), 404, "APPROVAL_NOT_FOUND")
    error(daemon.post(f"{path}/nothing", {"decision": "perhaps"}), 400, "VALIDATION_ERROR")
    assert daemon.get(path).json() == {"items": []}
    assert not [event for event in daemon.runner_events(session) if event["type"].startswith("APPROVAL")]
    assert daemon.session(session)["state"] == "RUNNING"


def test_an_unknown_session_cannot_be_read(shared_daemon):
    error(shared_daemon.get(f"{PATH}/00000000-0000-4000-8000-000000000000"), 404, "SESSION_NOT_FOUND")
    error(shared_daemon.get("/api/fleet/nobody"), 404, "SESSION_NOT_FOUND")
    error(shared_daemon.get("/api/fleet/nobody/output"), 404, "SESSION_NOT_FOUND")


def test_the_answer_names_the_session_and_its_agent(daemon):
    answer = daemon.post(PATH, {"providerId": "mock"})
    assert answer.status_code == 201
    body = answer.json()
    assert body["agentId"] == "runner_" + body["sessionId"].replace("-", "")[:8]
    assert body["sessionId"] == body["sessionId"].lower()
    assert daemon.get(f"{PATH}/{body['sessionId']}").json()["agentId"] == body["agentId"]


@pytest.mark.parametrize(
    "verb, body",
    [
        ("input", {"data": "x", "more": 1}),
        ("input", {}),
        ("input", {"data": 1}),
        ("stop", {"graceful": "yes"}),
        ("stop", {"force": True}),
        ("resize", {"cols": 1, "rows": 24}),
        ("resize", {"cols": 501, "rows": 24}),
        ("resize", {"cols": 80, "rows": 0}),
        ("resize", {"cols": 80, "rows": 301}),
        ("resize", {"cols": 80}),
        ("resize", {"cols": 80.5, "rows": 24}),
    ],
    ids=str,
)
def test_what_a_session_is_told_is_checked(daemon, verb, body):
    session = daemon.mock("hold")
    daemon.wait_for_state(session, "RUNNING")
    error(daemon.post(f"{PATH}/{session}/{verb}", body), 400, "VALIDATION_ERROR")
    assert daemon.session(session)["state"] == "RUNNING"


def test_a_session_that_has_ended_takes_nothing_more(daemon):
    session = daemon.run("true")
    daemon.wait_for_end(session)
    for verb, body in (("input", {"data": "x"}), ("stop", {}), ("resize", {"cols": 80, "rows": 24}), ("pause", {})):
        error(daemon.post(f"{PATH}/{session}/{verb}", body), 409, "INVALID_STATE")


def test_an_unknown_route_is_not_found(shared_daemon):
    error(shared_daemon.get("/api/nothing"), 404, "NOT_FOUND")
    error(shared_daemon.post("/api/nothing"), 404, "NOT_FOUND")


def test_a_request_id_is_given_back(shared_daemon):
    answer = shared_daemon.get("/api/nothing", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    assert answer.json()["requestId"] == "mine"
