"""The conformance vectors of chat-runtime §10 as a program sees them through the runtime client and its bridge.

They run against a daemon of their own whose provider is the mock, or against the one that CHAT_BASE_URL names.
"""

import contextlib
import json
import os
import random
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chat_bridge import ChatBridge, Rejected
from harness.daemon import Daemon
from harness.program import built, clean_environment

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    if given := os.environ.get("CHAT_BASE_URL"):
        yield given
        return
    daemon = Daemon()
    workspace = daemon.folder / "workspace"
    workspace.mkdir(mode=0o700)
    (workspace / "b.txt").write_text("b")
    (workspace / "a.txt").write_text("a")
    config = {"workspace": str(workspace), "llm": {"provider": "mock", "model": "mock", "max_iterations": 6}}
    (daemon.home / "config.json").write_text(json.dumps(config))
    daemon.start()
    yield daemon.url
    daemon.close()


@pytest.fixture
def make_bridge(tmp_path) -> Iterator:
    made: list[ChatBridge] = []

    def make(url: str) -> ChatBridge:
        environment = clean_environment(HOME=str(tmp_path), DROVER_HOME=str(tmp_path / "home"))
        made.append(ChatBridge(str(built("drover", "DROVER_BIN")), url, environment))
        return made[-1]

    yield make
    for bridge in made:
        bridge.close()


@pytest.fixture
def bridge(make_bridge, base_url) -> ChatBridge:
    return make_bridge(base_url)


def roles(bridge: ChatBridge, session_id: str) -> list[str]:
    return [message["role"] for message in bridge.call("get_session", sessionId=session_id)["messages"]]


def test_v1_a_message_is_answered_and_the_session_goes_on(bridge):
    turn = bridge.chat("hi")
    assert UUID.fullmatch(turn.session_id)
    assert turn.events[:3] == [
        ("session", {"session_id": turn.session_id}),
        ("delta", "Mock respo"),
        ("delta", "nse to: hi"),
    ]
    assert len(turn.events) == 4
    name, done = turn.last
    assert (name, done["finish_reason"], done["session_id"]) == ("done", "stop", turn.session_id)
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    assert usage.items() <= done["usage"].items()
    assert roles(bridge, turn.session_id) == ["user", "assistant"]
    assert bridge.chat("again", turn.session_id).session_id == turn.session_id
    assert roles(bridge, turn.session_id) == ["user", "assistant"] * 2


def test_v2_tools_run_until_the_iterations_are_used_up(bridge):
    turn = bridge.chat("use_tool: ls")
    assert turn.names == ["session", *["tool_call"] * 6, "delta", "done"]
    calls = turn.all("tool_call")
    for call in calls:
        assert (call["id"], call["name"], call["args"], call["is_error"]) == ("mock_tc_1", "ls", {}, False)
        names = call["output"].splitlines()
        assert names == sorted(names)
    assert "max iterations" in turn.text
    done = turn.last[1]
    assert done["finish_reason"] == "tool_calls"
    assert {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}.items() <= done["usage"].items()
    assert roles(bridge, turn.session_id) == ["user", *["assistant", "tool"] * 6, "assistant"]


@pytest.mark.parametrize("tool", ["read", "nosuch"])
def test_v3_tools_that_fail_are_told_as_such(bridge, tool):
    turn = bridge.chat(f"use_tool: {tool}")
    assert turn.names == ["session", *["tool_call"] * 6, "delta", "done"]
    for call in turn.all("tool_call"):
        assert call["name"] == tool
        assert call["is_error"] is True
        assert call["output"].startswith("tool error: ")


def test_v4_a_session_may_be_begun_under_an_id_of_ones_own(bridge):
    # A server that was named may have it from an earlier run.
    with contextlib.suppress(Rejected):
        bridge.call("delete_session", sessionId="custom-1")
    turn = bridge.chat("x", "custom-1")
    assert turn.session_id == "custom-1"
    assert roles(bridge, "custom-1") == ["user", "assistant"]


def test_v5_text_survives_the_framing(bridge):
    assert bridge.chat("a\n b").text == "Mock response to: a\n b"
    crlf = bridge.chat("a\r\nb")
    assert crlf.last[0] == "done"
    assert crlf.text == "Mock response to: a\nb"
    assert bridge.chat(" é 日本 🎉 \n\n x").text.startswith("Mock response to: ")


def test_v6_sessions_are_made_found_listed_and_deleted(bridge):
    session = bridge.call("create_session")
    assert session["messages"] == []
    assert session["created_at"] == session["updated_at"]
    assert bridge.call("get_session", sessionId=session["id"]) == session
    assert session["id"] in [one["id"] for one in bridge.call("list_sessions")]
    assert bridge.call("delete_session", sessionId=session["id"]) is None
    for command in ("get_session", "delete_session"):
        with pytest.raises(Rejected) as rejected:
            bridge.call(command, sessionId=session["id"])
        assert rejected.value.code == "HTTP_NOT_FOUND"
        assert rejected.value.error["server_code"] == "not_found"


def test_v10_two_turns_of_one_session_take_turns(bridge):
    session_id = bridge.call("create_session")["id"]
    with ThreadPoolExecutor(2) as pool:
        turns = list(pool.map(lambda message: bridge.chat(message, session_id), ["one", "two"]))
    assert [turn.last[0] for turn in turns] == ["done", "done"]
    messages = bridge.call("get_session", sessionId=session_id)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    for user, assistant in zip(messages[::2], messages[1::2], strict=True):
        assert assistant["content"] == f"Mock response to: {user['content']}"


def test_what_is_invalid_keeps_its_code_through_the_bridge(bridge):
    assert bridge.stream(" \n ").rejection.code == "HTTP_BAD_REQUEST"
    assert bridge.stream("x", "no/such id").rejection.code == "HTTP_BAD_REQUEST"
    assert bridge.call("health")["status"] == "ok"


# V13: the parser's table, row by row, in random pieces

SESSION = b'event: session\ndata: {"session_id":"s"}\n\n'
DONE = b'event: done\ndata: {"session_id":"s"}\n\n'
WELL, BROKEN = None, "SSE_PROTOCOL_ERROR"

ROWS = {
    "crlf": ((SESSION + b"data: x\n\n" + DONE).replace(b"\n", b"\r\n"), ["x"], WELL),
    "cr": ((SESSION + b"data: x\n\n" + DONE).replace(b"\n", b"\r"), ["x"], WELL),
    "byte-order-mark": (b"\xef\xbb\xbf" + SESSION + DONE, [], WELL),
    "utf-8": (SESSION + "data: é日本🎉\n\n".encode() + DONE, ["é日本🎉"], WELL),
    "invalid-utf-8": (SESSION + b"data: x\n\ndata: \xc3\x28\n\n" + DONE, ["x"], BROKEN),
    "one-space": (SESSION + b"data:  world \n\n" + DONE, [" world "], WELL),
    "several-lines": (SESSION + b"data: a\ndata: b\ndata:\n\n" + DONE, ["a\nb\n"], WELL),
    "comments": (SESSION + b": keepalive\n\ndata: keepalive\n: x\n\n" + DONE, ["keepalive"], WELL),
    "missing-name": (SESSION + b"event:\ndata: x\n\n" + DONE, ["x"], WELL),
    "unknown-name": (SESSION + b"event: later\ndata: x\n\n" + DONE, [], WELL),
    "blank": (SESSION + b"data:\n\ndata:  \n\ndata:\ndata:\n\n" + DONE, ["", " ", "\n"], WELL),
    "unterminated": (SESSION + b"data: x\n\n" + DONE[:-1], ["x"], BROKEN),
    "bad-json": (SESSION + b"data: x\n\nevent: done\ndata: {\n\n" + DONE, ["x"], BROKEN),
    "missing-key": (SESSION + b"event: done\ndata: {}\n\n", [], BROKEN),
    "no-terminal-event": (SESSION + b"data: x\n\n", ["x"], BROKEN),
    "first-is-not-session": (b"data: x\n\n" + SESSION + DONE, [], BROKEN),
    "after-the-end": (SESSION + DONE + b"data: late\n\n\xff", [], WELL),
}


class ByteServer:
    """Answers every connection with the same bytes, in pieces that come again with the same seed."""

    def __init__(self, body: bytes, seed: int):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.body = body
        self.random = random.Random(seed)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                head = b""
                while b"\r\n\r\n" not in head or not head.endswith(b"}"):
                    head += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
                connection.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
                rest = self.body
                try:
                    while rest:
                        piece, rest = rest[: (size := self.random.randint(1, 7))], rest[size:]
                        connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                    connection.sendall(b"0\r\n\r\n")
                except ConnectionError:
                    continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.mark.parametrize("row", ROWS)
def test_v13_streams_come_through_however_they_are_cut(make_bridge, row):
    body, deltas, code = ROWS[row]
    bridge = make_bridge("")
    for seed in range(5):
        server = ByteServer(body, seed)
        try:
            bridge.base_url = server.url
            turn = bridge.stream("x")
        finally:
            server.close()
        assert turn.all("delta") == deltas
        assert (turn.rejection.code if turn.rejection else WELL) == code
        if code is WELL:
            assert turn.names[0] == "session" and turn.names[-1] == "done"
