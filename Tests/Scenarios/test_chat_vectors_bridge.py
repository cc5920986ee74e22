"""The conformance vectors of chat-runtime §10 as a program sees them through the runtime client and its bridge.

They run against a daemon of their own whose provider is the mock, or against the one that CHAT_BASE_URL names; those
that are about a configuration or a provider always have a daemon of their own.
"""

import contextlib
import json
import os
import random
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from harness import fake_providers as fake
from harness.chat import ChatDaemon, Provider, openai_delta, openai_end
from harness.chat_bridge import ChatBridge, Rejected, Streamed
from harness.daemon import Daemon
from harness.fake_providers import FakeProvider
from harness.program import built, clean_environment
from harness.provider_validation import validate_openai
from harness.scripted_runtime import ScriptedRuntime, event
from harness.waiting import eventually

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


@pytest.fixture
def make_own(make_bridge, make_chat_daemon) -> Callable[..., tuple[ChatDaemon, ChatBridge]]:
    """Starts a daemon with a configuration, and a bridge to it."""

    def make(config: dict | None = None, **variables: str) -> tuple[ChatDaemon, ChatBridge]:
        daemon = make_chat_daemon(config, **variables).start()
        return daemon, make_bridge(daemon.url)

    return make


@pytest.fixture
def fake_provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def openai_config(provider: FakeProvider, **llm) -> dict:
    return {
        "llm": {"provider": "openai", "model": "gpt-test", "base_url": provider.openai_url, **llm},
        "secrets": {"openai_api_key": "sk-of-the-test"},
    }


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


def files(daemon: ChatDaemon) -> dict[str, str]:
    """The configuration and its backups, by the ends of their names."""
    found = {path.name.removeprefix("config.json"): path for path in daemon.home.glob("config.json*")}
    return {end: path.read_text() for end, path in found.items()}


def test_v7_the_configuration_is_changed_and_mended(make_own):
    daemon, bridge = make_own(CHAT_RUNTIME_DISABLE_SELF_RESTART="1")
    pid = bridge.call("health") and daemon.pid
    state = bridge.call("get_config")
    assert state == daemon.get("/api/config").json()
    assert state["config_path"] == str(daemon.config_path) and state["config_format"] == "config.json"
    assert (state["disk_parse_error"], state["disk_raw"], state["pending_restart"]) == (None, None, [])
    original = daemon.config_path.read_text()
    assert state["raw"] == original and list(files(daemon)) == [""]

    # As an object
    config = state["running"]
    config["llm"]["model"] = "first"
    mutation = bridge.call("apply_config", request={"config": config})
    assert (mutation["ok"], mutation["action"], mutation["restart_scheduled"]) == (True, "apply", False)
    assert mutation["state"]["running"]["llm"]["model"] == mutation["state"]["disk"]["llm"]["model"] == "first"
    assert mutation["state"] == bridge.call("get_config")
    first = daemon.config_path.read_text()
    assert files(daemon) == {"": first, ".bak1": original}
    assert [backup["exists"] for backup in mutation["state"]["backups"]] == [True, False]

    # As text
    config["llm"]["model"] = "second"
    mutation = bridge.call("apply_config", request={"raw": json.dumps(config), "config": None})
    assert mutation["state"]["running"]["llm"]["model"] == "second"
    second = daemon.config_path.read_text()
    assert files(daemon) == {"": second, ".bak1": first, ".bak2": original}

    # Broken on disk, and mended
    daemon.config_path.write_text("{ broken")
    broken = bridge.call("get_config")
    assert str(daemon.config_path) in broken["disk_parse_error"]
    assert broken["disk"] == broken["running"] == mutation["state"]["running"]
    assert broken["disk_raw"] == "{ broken" and json.loads(broken["raw"]) == broken["running"]
    mended = bridge.call("reset_config")
    assert (mended["ok"], mended["action"], mended["restart_scheduled"]) == (True, "reset", False)
    assert mended["state"]["disk_parse_error"] is None and mended["state"]["disk_raw"] is None
    raw = mended["state"]["raw"]
    assert raw.endswith("}\n") and '\n  "llm": {' in raw
    assert files(daemon) == {"": raw, ".bak1": "{ broken", ".bak2": first}

    # A restart that is disabled, with and without something to apply
    for request in ({}, None):
        restart = bridge.call("restart_config", **({} if request is None else {"request": request}))
        assert (restart["ok"], restart["action"], restart["restart_scheduled"]) == (True, "restart", False)
        assert restart["state"] == mended["state"] and daemon.config_path.read_text() == raw
    config["llm"]["model"] = "third"
    restart = bridge.call("restart_config", request={"config": config})
    assert (restart["action"], restart["restart_scheduled"]) == ("restart", False)
    assert restart["state"]["running"]["llm"]["model"] == "third" and files(daemon)[".bak1"] == raw
    assert bridge.call("health")["status"] == "ok" and daemon.pid == pid
    assert bridge.chat("hi").last[0] == "done"


#: What is refused, and by which code of the server. A restart may well have nothing to apply.
REFUSED = {
    "neither": ({}, "invalid_request"),
    "both": ({"raw": "{}", "config": {}}, "invalid_request"),
    "no-json": ({"raw": "{"}, "config_invalid"),
    "no-provider": ({"config": {"llm": {"provider": "nope"}}}, "config_invalid"),
    "no-key": ({"config": {"llm": {"provider": "openai"}}}, "config_invalid"),
}


@pytest.mark.parametrize(
    ("command", "change"),
    [("apply_config", change) for change in REFUSED]
    + [("restart_config", change) for change in REFUSED if change != "neither"],
)
def test_v8_a_change_that_is_refused_changes_nothing(make_own, command, change):
    request, server_code = REFUSED[change]
    daemon, bridge = make_own(CHAT_RUNTIME_DISABLE_SELF_RESTART="1")
    running = bridge.call("get_config")["running"]
    bridge.call("apply_config", request={"config": {**running, "llm": {**running["llm"], "model": "before"}}})
    before, on_disk = bridge.call("get_config"), files(daemon)
    assert set(on_disk) == {"", ".bak1"}
    with pytest.raises(Rejected) as rejected:
        bridge.call(command, request=request)
    error = rejected.value.error
    assert (error["code"], error["server_code"]) == ("HTTP_BAD_REQUEST", server_code)
    assert error["message"] and not re.match(r"\d", error["message"]), "not the server's own words"
    assert bridge.call("get_config") == before and files(daemon) == on_disk
    assert bridge.chat("still there?").text == "Mock response to: still there?"


def test_v8_a_change_without_its_argument_does_not_leave_the_bridge(make_own):
    daemon, bridge = make_own()
    before = files(daemon)
    with pytest.raises(Rejected) as rejected:
        bridge.call("apply_config")
    assert rejected.value.code == "TAURI_INVOKE_FAILED" and "server_code" not in rejected.value.error
    assert files(daemon) == before and bridge.call("health")["status"] == "ok"


def test_v9_a_key_of_the_environment_survives_an_apply(make_own, fake_provider):
    daemon, bridge = make_own({}, OPENAI_API_KEY="sk-of-the-environment", OPENAI_BASE_URL=fake_provider.openai_url)
    assert bridge.call("health")["agent"] == "ready"
    fake_provider.say(fake.openai_text("before"), fake.openai_text("after"))
    assert bridge.chat("hi").text == "before"
    mutation = bridge.call("apply_config", request={"config": {}})
    assert (mutation["ok"], mutation["action"]) == (True, "apply")
    assert mutation["state"]["running"]["secrets"]["openai_api_key"] is None
    assert all("sk-of-the-environment" not in text for text in files(daemon).values())
    assert bridge.call("health")["agent"] == "ready"
    turn = bridge.chat("hi")
    assert turn.text == "after" and turn.last[0] == "done"
    assert [request.headers["authorization"] for request in fake_provider.requests] == [
        "Bearer sk-of-the-environment"
    ] * 2


def test_v10_two_turns_of_one_session_take_turns(bridge):
    session_id = bridge.call("create_session")["id"]
    with ThreadPoolExecutor(2) as pool:
        turns = list(pool.map(lambda message: bridge.chat(message, session_id), ["one", "two"]))
    assert [turn.last[0] for turn in turns] == ["done", "done"]
    messages = bridge.call("get_session", sessionId=session_id)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    for user, assistant in zip(messages[::2], messages[1::2], strict=True):
        assert assistant["content"] == f"Mock response to: {user['content']}"


@pytest.mark.parametrize("is_chunked", [True, False], ids=["cut", "ended"])
def test_v11_a_provider_that_breaks_off(make_own, fake_provider, is_chunked):
    """An error of the turn is none of the call: it comes as an event, and the stream was whole."""
    _, bridge = make_own(openai_config(fake_provider))
    fake_provider.say(fake.openai_text("half an ans", "wer").cut_after(2).but(is_chunked=is_chunked))
    turn = bridge.stream("hi")
    assert turn.rejection is None
    message = turn.last[1]["message"]
    assert turn.events == [
        ("session", {"session_id": turn.session_id}),
        ("delta", "half an ans"),
        ("error", {"code": "internal_error", "message": message}),
    ]
    assert "broke off" in message
    stored = bridge.call("get_session", sessionId=turn.session_id)["messages"]
    assert [(one["role"], one["content"], one.get("partial")) for one in stored] == [
        ("user", "hi", None),
        ("assistant", "half an ans", True),
    ]
    fake_provider.say(fake.openai_text("whole"))
    assert bridge.chat("again", turn.session_id).text == "whole"
    for request in fake_provider.requests:
        validate_openai(request.body)


def begun(bridge: ChatBridge, pool: ThreadPoolExecutor, message: str) -> tuple[Streamed, Future]:
    """A stream that has told its session and goes on, and its end to come."""
    known = set(bridge.streams)
    ending = pool.submit(bridge.stream, message)

    def told():
        new = [bridge.streams[one] for one in set(bridge.streams) - known]
        return new and new[0].events and new[0]

    return eventually(told, "the stream has begun"), ending


@pytest.mark.timeout(120)
def test_v12_a_comment_while_a_provider_thinks_is_no_event(make_own, pool, provider: Provider):
    """Another reader's stream, which began later, shows that both were silent for longer than a keep-alive takes."""

    def slowly(answering):
        provider.hold()
        answering.send(openai_delta("at last") + openai_end())

    provider.answer = slowly
    daemon, bridge = make_own(provider.config())
    turn, ending = begun(bridge, pool, "hi")
    witness = daemon.stream("hi")
    provider.wait_for_requests(2)
    eventually(lambda: witness.comments, "a comment came", within=30)
    assert turn.names == ["session"] and not ending.done()
    provider.released.set()
    turn = ending.result(20)
    assert turn.rejection is None
    assert turn.events[:2] == [("session", {"session_id": turn.session_id}), ("delta", "at last")]
    assert turn.names == ["session", "delta", "done"]
    witness.wait()
    assert witness.comments == 1 and roles(bridge, turn.session_id) == ["user", "assistant"]


@pytest.mark.timeout(180)
def test_v12_comments_keep_a_stream_alive_that_silence_would_end(make_bridge, pool):
    """Two streams begin; one has nothing but keep-alives, as often as a daemon sends them, the other not even those.

    When the second is given up, the first has been without an event for as long, and goes on.
    """
    is_given_up = threading.Event()

    def chat(runtime, request):
        message = request.json["message"]
        yield event("session", {"session_id": message})
        if message == "silent":
            runtime.released.wait(120)
            return
        while not is_given_up.wait(15):
            if runtime.released.is_set():
                return
            yield b": keepalive\n\n"
        yield event("delta", "at last")
        yield event("done", {"session_id": message, "usage": None, "finish_reason": "stop"})

    with ScriptedRuntime(chat=chat) as runtime:
        bridge = make_bridge(runtime.url)
        alive, alive_end = begun(bridge, pool, "alive")
        silent, silent_end = begun(bridge, pool, "silent")
        assert silent_end.result(70).rejection.code == "NETWORK_UNAVAILABLE"
        assert silent.names == ["session"]
        assert alive.names == ["session"] and not alive_end.done()
        is_given_up.set()
        assert alive_end.result(20).rejection is None
        assert alive.names == ["session", "delta", "done"] and alive.text == "at last"


@pytest.mark.parametrize("is_bytewise", [False, True], ids=["as-it-is", "byte-by-byte"])
def test_v14_calls_and_their_answers_go_back_to_the_provider(make_own, fake_provider, is_bytewise):
    daemon, bridge = make_own(openai_config(fake_provider))
    folder = daemon.workspace / "box"
    folder.mkdir()
    (folder / "日本.txt").write_text("x")
    calls = fake.openai_calls(("call_1", "ls", ['{"pa', 'th": ', '"box"}']), text="Let me see.")
    answers = [calls, fake.openai_text("Done", ".", usage=(70, 8))]
    fake_provider.say(*[answer.split(1) if is_bytewise else answer for answer in answers])
    turn = bridge.chat("look around")
    figures = {"prompt_tokens": 70, "completion_tokens": 8, "total_tokens": 78}
    total = {"prompt_tokens": 80, "completion_tokens": 13, "total_tokens": 93}
    call = {"id": "call_1", "name": "ls", "args": {"path": "box"}, "output": "日本.txt", "is_error": False}
    usage = {**figures, "total": total, "iterations": 2}
    assert turn.events == [
        ("session", {"session_id": turn.session_id}),
        ("delta", "Let me see."),
        ("tool_call", call),
        ("delta", "Done"),
        ("delta", "."),
        ("done", {"session_id": turn.session_id, "usage": usage, "finish_reason": "stop"}),
    ]
    first, second = [request.body for request in fake_provider.requests]
    for body in (first, second):
        validate_openai(body)
    assert second["messages"][: len(first["messages"])] == first["messages"]
    function = {"name": "ls", "arguments": '{"path":"box"}'}
    assert second["messages"][len(first["messages"]) :] == [
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "日本.txt", "tool_call_id": "call_1"},
    ]
    stored = bridge.call("get_session", sessionId=turn.session_id)["messages"]
    assert [one["role"] for one in stored] == ["user", "assistant", "tool", "assistant"]
    assert stored[1]["tool_calls"] == [{"id": "call_1", "name": "ls", "arguments": {"path": "box"}}]
    assert (stored[2]["name"], stored[2]["tool_call_id"], stored[2]["content"]) == ("ls", "call_1", "日本.txt")


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
