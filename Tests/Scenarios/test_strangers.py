"""Requests from the wrong place: other sites that try to use a visitor's browser against the local daemon."""

import json

import pytest

from harness.engineio import address, request, websocket
from harness.rawhttp import exchange
from harness.websocket import RawWebSocket

FOREIGN = "http://evil.example"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/fleet", "/socket.io/?EIO=4&transport=polling"])
def test_a_name_that_is_not_ours_is_refused(shared_daemon, host, path):
    """DNS rebinding: the name is the attacker's, the address is ours."""
    answer = exchange(shared_daemon.address, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.status in (403, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_names_of_this_machine_are_ours(shared_daemon, host):
    port = shared_daemon.address[1]
    for name in (host, f"{host}:{port}"):
        answer = exchange(shared_daemon.address, f"GET /healthz HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        assert answer.status == 200, name


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://localhost.evil.example", "file://"])
def test_another_site_can_neither_read_nor_write(shared_daemon, origin):
    headers = {"Origin": origin}
    assert shared_daemon.get("/api/fleet", headers=headers).status_code == 403
    answer = shared_daemon.post(
        "/api/runner/sessions", {"providerId": "command", "command": {"argv": ["true"]}}, headers=headers
    )
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_another_site_gets_no_permission_from_a_preflight(shared_daemon):
    answer = shared_daemon.request(
        "OPTIONS", "/api/runner/sessions", headers={"Origin": FOREIGN, "Access-Control-Request-Method": "POST"}
    )
    assert answer.headers.get("access-control-allow-origin") not in (FOREIGN, "*")


def test_the_page_itself_may(shared_daemon):
    assert shared_daemon.get("/api/fleet", headers={"Origin": shared_daemon.url}).status_code == 200


def test_a_form_of_another_site_cannot_post(shared_daemon):
    """A form needs no preflight, and some browsers send no Origin with it; its type is not JSON."""
    before = shared_daemon.get("/api/fleet").json()["total"]
    body = '{"providerId":"command","command":{"argv":["true"]}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = shared_daemon.request(
            "POST", "/api/runner/sessions", data=body, headers={"Content-Type": kind, "Origin": FOREIGN}
        )
        assert answer.status_code in (400, 403, 415)
    assert shared_daemon.get("/api/fleet").json()["total"] == before


def test_another_site_cannot_open_socket_io_by_polling(shared_daemon):
    """§4.1"""
    answer = request(
        shared_daemon.address[1], "GET", address("/socket.io/", EIO=4, transport="polling"), Origin=FOREIGN
    )
    assert answer.status == 403
    assert json.loads(answer.body) == {"code": 4, "message": "CORS origin not allowed"}


def test_another_site_cannot_open_socket_io_by_websocket(shared_daemon):
    """§4.1"""
    socket = websocket(shared_daemon.address[1], Origin=FOREIGN)
    assert socket.response.status in (400, 403)
    assert b"CORS origin not allowed" in socket.response.body
    socket.close()


def test_the_page_may_open_socket_io(shared_daemon):
    port = shared_daemon.address[1]
    own = f"http://127.0.0.1:{port}"
    assert request(port, "GET", address("/socket.io/", EIO=4, transport="polling"), Origin=own).status == 200
    with websocket(port, Origin=own) as socket:
        assert socket.read_message().startswith("0")


def test_a_websocket_with_a_foreign_host_is_refused(shared_daemon):
    path = address("/socket.io/", EIO=4, transport="websocket")
    socket = RawWebSocket(shared_daemon.address, path, Host="evil.example")
    assert socket.response.status in (400, 403, 421)
    socket.close()
