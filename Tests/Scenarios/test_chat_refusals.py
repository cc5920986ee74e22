"""What the chat runtime does not take, and in which words it says so (chat-runtime §1.3 to §1.6, §0.4)."""

import http.client
import json

import pytest

from harness.chat import ChatStream, check_order, session_id
from harness.rawhttp import exchange

SHELL = "tauri://localhost"
SHARED = ["/api/health", "/api/sessions", "/api/chat", "/api/config", "/api/config/apply", "/api/skills"]


def raw(daemon, method, path, body=b"", **headers):
    """A request with exactly these headers."""
    host, port = daemon.address
    fields = {"Host": f"{host}:{port}", "Content-Length": str(len(body)), "Connection": "close"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return exchange(daemon.address, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)


def refused(answer, status, code):
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.body)
    assert set(body) == {"code", "message"} and body["code"] == code and body["message"], body


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b'{"message":"a"} x', b"\xff", b'"text"', b"[]", b"null", b"{}",
        b'{"message":null}', b'{"message":1}', b'{"message":["a"]}', b'{"message":"a","message":"b"}',
        b'{"message":"a","session_id":1}', b'{"message":"a","session_id":["x"]}',
        b'{"message":""}', b'{"message":" \\n\\t "}',
        b'{"message":"' + b"x" * (1 << 20) + b'x"}',
    ],
    ids=[
        "empty", "cut", "no JSON", "more behind it", "no UTF-8", "a text", "a list", "null", "no message",
        "null message", "number", "list for message", "twice", "id is a number", "id is a list",
        "empty message", "blank message", "over a mebibyte",
    ],
)  # fmt: skip
def test_bodies_that_are_no_chat(shared_chat, body):
    answer = raw(shared_chat, "POST", "/api/chat", body, Content_Type="application/json")
    refused(answer, 400, "invalid_request")


@pytest.mark.parametrize(
    "id",
    ["a b", "-a", ".a", "é", "a/b", "../x", "a" * 129, "a\n", "a%20b", "_a"],
    ids=["space", "dash", "dot", "accent", "slash", "dots", "long", "line", "percent", "underscore"],
)
def test_ids_that_are_none(shared_chat, id):
    body = json.dumps({"message": "a", "session_id": id}).encode()
    refused(raw(shared_chat, "POST", "/api/chat", body), 400, "invalid_request")


@pytest.mark.parametrize("id", ["a", "A.b_c:d-e", "9", "a" * 128])
def test_ids_that_are_some(chat_daemon, id):
    assert session_id(chat_daemon.chat("hi", id)) == id
    assert chat_daemon.get(f"/api/sessions/{id}").json()["id"] == id


@pytest.mark.parametrize("id", [None, ""], ids=["null", "empty"])
def test_ids_that_are_absent(chat_daemon, id):
    stream = ChatStream(chat_daemon.url, {"message": "hi", "session_id": id, "unknown": {"key": 1}})
    events = stream.wait()
    check_order(events)
    assert len(session_id(events)) == 36


@pytest.mark.parametrize(
    "type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/problem+json; charset=utf-8", "nonsense"],
    ids=["none", "text", "form", "with parameters", "no type"],
)
def test_the_type_of_a_body_does_not_matter(chat_daemon, type):
    connection = http.client.HTTPConnection(*chat_daemon.address, timeout=20)
    headers = {"Content-Type": type} if type else {}
    connection.putrequest("POST", "/api/chat")
    body = b'{"message":"hi"}'
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    assert answer.status == 200 and b"event: done" in answer.read()
    connection.close()


def test_a_body_of_two_mebibytes_and_no_more(shared_chat):
    filler = b'{"message":1,"x":"' + b"x" * ((2 << 20) - 20) + b'"}'
    assert len(filler) == 2 << 20
    refused(raw(shared_chat, "POST", "/api/chat", filler), 400, "invalid_request")
    refused(raw(shared_chat, "POST", "/api/chat", filler + b" "), 413, "payload_too_large")
    refused(raw(shared_chat, "POST", "/api/config/apply", b" " * ((2 << 20) + 1)), 413, "payload_too_large")


@pytest.mark.parametrize(
    "path",
    [
        "/api/sessions/", "/api//sessions", "/api/health/", "/api/health/x", "/api/chat/", "/api/chat/x",
        "/api/config/nothing", "/api/config/apply/", "/api/sessions/a/b", "/api/sessions/a/cancel/", "/api/skills/a/b",
    ],
)  # fmt: skip
def test_paths_that_are_none(shared_chat, path):
    if path.startswith("/api//"):
        # It belongs to nobody, so it is refused in the words of the daemon.
        assert raw(shared_chat, "GET", path).status == 404
        return
    refused(raw(shared_chat, "GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/health", "GET, HEAD"), ("PUT", "/api/sessions", "GET, POST, HEAD"),
        ("PATCH", "/api/sessions/a", "GET, DELETE, HEAD"), ("GET", "/api/chat", "POST"),
        ("DELETE", "/api/config", "GET, HEAD"), ("GET", "/api/config/apply", "POST"),
        ("OPTIONS", "/api/chat", "POST"), ("POST", "/api/skills", "GET, HEAD"),
        ("GET", "/api/sessions/a/cancel", "POST"),
    ],
)  # fmt: skip
def test_methods_that_a_path_does_not_take(shared_chat, method, path, allowed):
    answer = raw(shared_chat, method, path)
    refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == set(allowed.split(", "))


def test_other_parts_of_the_daemon_keep_their_words(shared_chat):
    answer = shared_chat.get("/api/nothing")
    assert answer.status_code == 404 and "error" in answer.json()
    assert shared_chat.get("/api/fleet").status_code == 200
    assert shared_chat.get("/api/healthy").json()["error"]


@pytest.mark.parametrize("id", ["%", "%zz", "%1", "a%2", "%ff", "%c3"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_escapes_that_are_none(shared_chat, method, id):
    refused(raw(shared_chat, method, f"/api/sessions/{id}"), 400, "invalid_request")


def test_escapes_in_ids(chat_daemon):
    chat_daemon.chat("hi", "a:b")
    assert chat_daemon.get("/api/sessions/a%3Ab").json()["id"] == "a:b"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("id", ["nothing", "00000000-0000-4000-8000-000000000000", "%2e%2e", "a%2Fb", "%00"])
def test_sessions_that_are_not_there(shared_chat, method, id):
    refused(raw(shared_chat, method, f"/api/sessions/{id}"), 404, "not_found")


def test_cancelling_what_is_not_there(shared_chat):
    refused(raw(shared_chat, "POST", "/api/sessions/nothing/cancel"), 404, "not_found")
    refused(raw(shared_chat, "GET", "/api/skills/nothing"), 404, "not_found")
    refused(raw(shared_chat, "GET", "/api/skills/..%2f..%2fx"), 404, "not_found")


def test_head_is_get_without_a_body(shared_chat):
    for path in ("/api/health", "/api/sessions", "/api/config", "/api/skills", "/api/upgrade"):
        head = shared_chat.request("HEAD", path)
        assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) > 0


def test_creating_a_session_ignores_its_body(chat_daemon):
    for body in (b"", b"nonsense", b"{", b'{"id":"x"}'):
        answer = raw(chat_daemon, "POST", "/api/sessions", body)
        assert answer.status == 200 and json.loads(answer.body)["messages"] == []


# Browsers


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost:1421", "http://127.0.0.1:9", ""])
@pytest.mark.parametrize("path", SHARED)
def test_pages_of_strangers_are_refused(shared_chat, path, origin):
    for method in ("GET", "POST", "OPTIONS"):
        answer = raw(shared_chat, method, path, Origin=origin)
        refused(answer, 403, "forbidden")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        SHELL, "http://tauri.localhost", "https://tauri.localhost", "http://127.0.0.1:1420", "http://localhost:1420",
        "https://extra.example",
    ],
)  # fmt: skip
def test_pages_of_the_shell_are_let_in(make_chat_daemon, origin):
    config = {"llm": {"provider": "mock"}, "server": {"cors_origins": ["https://extra.example"]}}
    daemon = make_chat_daemon(config=config).start()
    answer = raw(daemon, "GET", "/api/health", Origin=origin)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin and answer.headers["vary"] == "Origin"
    first = raw(daemon, "OPTIONS", "/api/chat", Origin=origin, Access_Control_Request_Method="POST")
    assert first.status == 204 and first.body == b""
    assert first.headers["access-control-allow-origin"] == origin
    assert first.headers["access-control-allow-methods"] == "GET, POST, DELETE"
    assert first.headers["access-control-allow-headers"] == "authorization, content-type"
    assert first.headers["access-control-max-age"] == "600" and first.headers["vary"] == "Origin"
    stream = ChatStream(daemon.url, {"message": "hi"}, headers={"Origin": origin})
    stream.wait()
    assert stream.response.headers["Access-Control-Allow-Origin"] == origin


def test_the_shell_may_chat_and_not_rule(shared_chat):
    assert raw(shared_chat, "GET", "/api/fleet", Origin=SHELL).status == 403


def test_the_own_page_is_no_stranger(shared_chat):
    host, port = shared_chat.address
    origin = f"http://{host}:{port}"
    answer = raw(shared_chat, "POST", "/api/sessions", Origin=origin)
    assert answer.status == 200 and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "1.2.3.4.example", "1.2.3", "256.1.1.1", ""]
)
def test_other_names_for_the_daemon_are_refused(shared_chat, host):
    refused(raw(shared_chat, "GET", "/api/health", Host=host), 403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "10.0.0.9:3000", "[::1]", "[fe80::1]:80"])
def test_addresses_are_as_good_as_localhost(shared_chat, host):
    assert raw(shared_chat, "GET", "/api/health", Host=host).status == 200


def test_names_may_be_allowed(make_chat_daemon):
    config = {"llm": {"provider": "mock"}, "server": {"allowed_hosts": ["box.lan"]}}
    daemon = make_chat_daemon(config=config).start()
    assert raw(daemon, "GET", "/api/health", Host="box.lan:3000").status == 200
    refused(raw(daemon, "GET", "/api/health", Host="other.lan"), 403, "forbidden")


def test_a_page_that_hides_its_origin_may_look_and_not_touch(shared_chat):
    assert raw(shared_chat, "GET", "/api/health", Sec_Fetch_Site="cross-site").status == 200
    refused(raw(shared_chat, "POST", "/api/sessions", Sec_Fetch_Site="cross-site"), 403, "forbidden")


# Tokens

TOKEN = "a-token-of-the-test"


@pytest.fixture(params=["file", "environment"])
def guarded(request, make_chat_daemon):
    config = {"llm": {"provider": "mock"}}
    if request.param == "file":
        config["server"] = {"auth_token": TOKEN}
        return make_chat_daemon(config=config).start()
    return make_chat_daemon(config=config, CHAT_RUNTIME_TOKEN=TOKEN).start()


def test_a_token_guards_everything_but_the_health(guarded):
    assert raw(guarded, "GET", "/api/health").status == 200
    for method, path in [
        ("GET", "/api/sessions"), ("POST", "/api/sessions"), ("GET", "/api/sessions/x"), ("POST", "/api/chat"),
        ("GET", "/api/config"), ("POST", "/api/config/apply"), ("POST", "/api/config/restart"), ("GET", "/api/skills"),
        ("GET", "/api/upgrade"), ("GET", "/api/config/nothing"), ("PUT", "/api/sessions"),
    ]:  # fmt: skip
        missing = raw(guarded, method, path)
        refused(missing, 401, "unauthorized")
        assert missing.headers["www-authenticate"] == "Bearer"
        for wrong in ("x", TOKEN + "x", TOKEN[:-1], TOKEN.upper()):
            refused(raw(guarded, method, path, Authorization=f"Bearer {wrong}"), 403, "forbidden")
        for word in ("Basic abc", "Bearer", TOKEN):
            refused(raw(guarded, method, path, Authorization=word), 401, "unauthorized")
    headers = {"Authorization": f"bearer {TOKEN}"}
    stream = ChatStream(guarded.url, {"message": "hi"}, headers=headers)
    check_order(stream.wait())
    assert len(guarded.get("/api/sessions", headers=headers).json()) == 1


@pytest.mark.parametrize(
    "server",
    [{"auth_token": "not for a header"}, {"auth_token": 7}, {"auth_token": "fine", "port": "none"}],
    ids=["spaces", "number", "another type beside it"],
)
def test_a_token_that_cannot_be_read_lets_nobody_in(make_chat_daemon, server):
    daemon = make_chat_daemon(config={"llm": {"provider": "mock"}, "server": server}).start()
    assert raw(daemon, "GET", "/api/health").status == 200
    refused(raw(daemon, "GET", "/api/sessions"), 401, "unauthorized")
    for token in ("x", server["auth_token"]):
        refused(raw(daemon, "GET", "/api/config", Authorization=f"Bearer {token}"), 403, "forbidden")


def test_a_value_that_makes_no_sense_leaves_the_others_in_force(make_chat_daemon):
    server = {
        "port": 0, "auth_token": TOKEN,
        "cors_origins": ["*", "https://extra.example"], "allowed_hosts": ["", "box.lan"],
    }  # fmt: skip
    daemon = make_chat_daemon(config={"llm": {"provider": "mock"}, "server": server}).start()
    assert raw(daemon, "GET", "/api/health", Host="box.lan", Origin="https://extra.example").status == 200
    refused(raw(daemon, "GET", "/api/health", Origin="https://other.example"), 403, "forbidden")
    refused(raw(daemon, "GET", "/api/sessions"), 401, "unauthorized")
    refused(raw(daemon, "GET", "/api/sessions", Authorization="Bearer x"), 403, "forbidden")
    assert raw(daemon, "GET", "/api/sessions", Authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize(
    "path", ["/api//sessions", "//api/sessions", "/api/sessions//", "/api///config", "/./api/sessions"]
)
def test_no_other_spelling_of_a_path_passes_by_the_token(guarded, path):
    assert raw(guarded, "GET", path).status in (401, 404)


def test_who_has_the_token_still_sees_no_secrets(guarded):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    config = guarded.get("/api/config", headers=headers)
    assert TOKEN not in config.text
