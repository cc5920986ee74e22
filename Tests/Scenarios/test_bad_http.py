"""HTTP that is malformed, too large, too slow or from the wrong place."""

import select

import pytest

from harness.rawhttp import Closed, RawConnection, exchange
from harness.waiting import eventually

HOST = b"Host: localhost\r\n"


def status_or_close(daemon, request: bytes) -> int | None:
    """The status of the answer; `None` if the connection was closed instead."""
    try:
        return exchange(daemon.address, request).status
    except Closed:
        return None


MALFORMED = {
    "no request line": b"\r\n\r\n\r\n\r\nGARBAGE\r\n\r\n",
    "one word": b"GET\r\n\r\n",
    "no version": b"GET /healthz\r\n" + HOST + b"\r\n",
    "unknown version": b"GET /healthz HTTP/9.9\r\n" + HOST + b"\r\n",
    "space in the target": b"GET /heal thz HTTP/1.1\r\n" + HOST + b"\r\n",
    "control characters": b"GET /\x00\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
    "random bytes": bytes(range(128, 256)) * 4 + b"\r\n\r\n",
    "header without a colon": b"GET /healthz HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "header with a space before its colon": b"GET /healthz HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "header without a name": b"GET /healthz HTTP/1.1\r\n" + HOST + b": value\r\n\r\n",
    "zero byte in a header": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n",
    "length that is no number": b"POST /api/runner/sessions HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n",
    "negative length": b"POST /api/runner/sessions HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "length beyond any number": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "two lengths": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /x HTTP/1.1\r\n" + HOST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk that is no number": b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "chunk longer than announced": b"POST /x HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcdef\r\n0\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_request_is_refused(shared_daemon, request_bytes):
    with RawConnection(shared_daemon.address) as connection:
        connection.send_what_is_taken(request_bytes)
        try:
            status = connection.read_response().status
        except Closed:
            status = None
        assert status is None or 400 <= status < 500 or status in (501, 505)
        # What follows on such a connection cannot be trusted any more.
        if status in (None, 400, 501, 505):
            assert connection.is_closed_by_peer()


def test_headers_that_are_too_large_are_431(shared_daemon):
    request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n"
    assert status_or_close(shared_daemon, request) in (431, None)
    request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 50_000 + b"\r\n"
    assert status_or_close(shared_daemon, request) in (431, None)

    with RawConnection(shared_daemon.address) as connection:
        # Just too much, and waiting: whoever reads an answer gets one.
        connection.send_what_is_taken(b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Long: " + b"x" * 70_000 + b"\r\n")
        assert connection.read_response().status == 431


def test_a_target_that_is_too_long_is_refused(shared_daemon):
    assert status_or_close(shared_daemon, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n") in (
        414,
        431,
        None,
    )


def test_a_body_that_is_too_large_is_413(shared_daemon):
    head = b"POST /api/runner/sessions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    assert exchange(shared_daemon.address, head + b"Content-Length: 102401\r\n\r\n").status == 413
    assert exchange(shared_daemon.address, head + b"Content-Length: 99999999999\r\n\r\n").status == 413

    with RawConnection(shared_daemon.address) as connection:
        connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(11):
            connection.send_what_is_taken(b"2800\r\n" + b" " * 0x2800 + b"\r\n")
        connection.send_what_is_taken(b"0\r\n\r\n")
        assert connection.read_response().status == 413


def test_a_body_of_the_limit_is_read(shared_daemon):
    body = b'{"providerId":"command"' + b" " * (102_400 - 24) + b"}"
    assert len(body) == 102_400
    answer = shared_daemon.request(
        "POST", "/api/runner/sessions", data=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "invalid body"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_method_a_route_does_not_have_is_refused(shared_daemon, method):
    assert shared_daemon.request(method, "/healthz").status_code in (404, 405)


@pytest.mark.parametrize("method", [b"BREW", b"get", b"PROPFIND", b"CONNECT", b"TRACE"])
def test_a_method_nobody_has_is_refused(shared_daemon, method):
    target = b"example.org:443" if method == b"CONNECT" else b"/healthz"
    status = status_or_close(shared_daemon, method + b" " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert status in (400, 404, 405, 501, None)


def test_a_head_request_has_the_headers_of_a_get_and_no_body(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        got = connection.read_response()
        connection.send(b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        head = connection.read_response(has_body=False)
        assert head.status == got.status == 200
        assert head.headers["content-length"] == got.headers["content-length"]
        # The connection is in step: the next answer begins where it should.
        connection.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.read_response().status == 200


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(shared_daemon):
    head = b"POST /api/runner/sessions HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
    with RawConnection(shared_daemon.address) as connection:
        connection.send(head + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.read_response().status == 100
        connection.send(b"{}")
        assert connection.read_response().status == 400

    with RawConnection(shared_daemon.address) as connection:
        connection.send(head + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n")
        assert connection.read_response().status == 413


def test_requests_sent_together_are_answered_in_order(shared_daemon):
    paths = [b"/healthz", b"/api/nothing", b"/api/fleet", b"/healthz", b"/api/nothing"]
    with RawConnection(shared_daemon.address) as connection:
        connection.send(b"".join(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in paths))
        assert [connection.read_response().status for _ in paths] == [200, 404, 200, 200, 404]


def test_a_thousand_requests_sent_together_are_answered(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        for _ in range(10):
            connection.send((b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") * 100)
        assert {connection.read_response().status for _ in range(1000)} == {200}


def test_a_request_may_come_byte_by_byte(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        for byte in b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n":
            connection.send(bytes([byte]))
        assert connection.read_response().status == 200


def test_a_connection_is_kept_or_closed_as_asked(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_by_peer()
    with RawConnection(shared_daemon.address) as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\n" + HOST + b"\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_by_peer()


def test_a_client_that_stops_sending_still_gets_its_answer(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        connection.end_sending()
        assert connection.read_response().status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"GET",
        b"GET /healthz HTTP/1.1\r\nHost:",
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc",
    ],
    ids=["nothing", "a word", "half a head", "half a body"],
)
def test_a_client_that_goes_away_in_the_middle_is_forgotten(shared_daemon, request_bytes):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(request_bytes)
        connection.end_sending()
        connection.read_to_end()


def test_three_hundred_silent_connections_do_not_keep_anybody_out(shared_daemon):
    silent = [RawConnection(shared_daemon.address) for _ in range(300)]
    for connection in silent[::2]:
        connection.send(b"GET /healthz HT")
    assert shared_daemon.is_healthy()
    for connection in silent:
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2f..%2fetc/passwd",
        "/app/../../../../etc/passwd",
        "/vendor/..%5c..%5cetc/passwd",
        "//etc/passwd",
        "/%00",
        "/.env",
        "/vendor.lock/../../Package.swift",
    ],
)
def test_files_outside_the_page_are_not_served(shared_daemon, path):
    answer = exchange(
        shared_daemon.address, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert b"root:" not in answer.body
    assert b"swift-tools-version" not in answer.body
    assert answer.status in (400, 403, 404) or b"<html" in answer.body.lower()


@pytest.mark.parametrize("escape", ["%", "%2", "%zz", "%ff%fe", "%00"])
def test_a_wrong_escape_in_a_query_or_path_does_no_harm(shared_daemon, escape):
    for target in (f"/api/fleet/{escape}", f"/api/fleet?state={escape}"):
        request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        assert exchange(shared_daemon.address, request).status in (200, 400, 404)


@pytest.mark.timeout(120)
def test_a_client_that_never_finishes_its_request_is_given_up(shared_daemon):
    """Also one that drips a byte now and then: what counts is when the request began."""
    with RawConnection(shared_daemon.address, 90) as silent, RawConnection(shared_daemon.address, 90) as dripping:
        silent.send(b"GET /healthz HTTP/1.1\r\nHost: loc")
        dripping.send(b"GET /healthz HTTP/1.1\r\nX-Drip: ")

        def dripped_out():
            dripping.send_what_is_taken(b"x")
            return select.select([dripping.socket], [], [], 0)[0]

        eventually(dripped_out, "the one that drips is given up", within=80, every=0.5)
        for connection in (silent, dripping):
            assert connection.read_response().status == 408
            assert connection.is_closed_by_peer()
