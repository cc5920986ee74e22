"""The conformance vectors of the chat runtime (chat-runtime §10), with the mock provider where they ask for it."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chat import (
    Provider,
    check_order,
    names,
    openai_calls,
    openai_delta,
    openai_end,
    parse,
    session_id,
)
from harness.waiting import eventually

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_v1_a_first_and_a_second_message(chat_daemon):
    stream = chat_daemon.stream("hi")
    stream.wait()
    events, comments = parse(stream.raw)
    assert comments == 0
    id = session_id(events)
    assert UUID.fullmatch(id)
    head = f'event: session\ndata: {{"session_id":"{id}"}}\n\nevent: delta\ndata: Mock respo\n\nevent: delta\ndata: nse to: hi\n\n'
    assert stream.raw.decode().startswith(head + "event: done\ndata: ")
    done = events[-1].json
    assert done["finish_reason"] == "stop" and done["session_id"] == id
    usage = done["usage"]
    assert [usage[key] for key in ("prompt_tokens", "completion_tokens", "total_tokens")] == [10, 20, 30]
    assert usage["iterations"] == 1 and usage["total"]["total_tokens"] == 30

    messages = chat_daemon.messages(id)
    assert [(message["role"], message["content"]) for message in messages] == [
        ("user", "hi"),
        ("assistant", "Mock response to: hi"),
    ]
    assert names(chat_daemon.chat("again", id)) == ["session", *["delta"] * 3, "done"]
    assert [message["role"] for message in chat_daemon.messages(id)] == ["user", "assistant"] * 2


def test_v2_a_tool_until_the_iterations_run_out(chat_daemon):
    events = chat_daemon.chat("use_tool: ls")
    assert names(events) == ["session", *["tool_call"] * 6, "delta", "done"]
    listing = "\n".join(
        sorted(path.name + ("/" if path.is_dir() else "") for path in chat_daemon.workspace.iterdir())
    )
    for event in events[1:7]:
        call = event.json
        assert call["id"] == "mock_tc_1" and call["name"] == "ls" and call["args"] == {}
        assert call["is_error"] is False and call["output"].strip() == listing
    assert "max iterations" in events[-2].data
    done = events[-1].json
    assert done["finish_reason"] == "tool_calls" and done["stop_detail"] == "max_iterations"
    usage = done["usage"]
    assert [usage[key] for key in ("prompt_tokens", "completion_tokens", "total_tokens")] == [10, 5, 15]
    assert usage["iterations"] == 6 and usage["total"]["total_tokens"] == 90
    messages = chat_daemon.messages(session_id(events))
    assert [message["role"] for message in messages] == ["user", *["assistant", "tool"] * 6, "assistant"]
    assert messages[1]["tool_calls"] == [{"id": "mock_tc_1", "name": "ls", "arguments": {}}]
    assert messages[2]["name"] == "ls" and messages[2]["tool_call_id"] == "mock_tc_1"
    assert "tool_name" not in messages[2]
    assert messages[-1]["content"] == events[-2].data


@pytest.mark.parametrize("tool", ["read", "nosuch"])
def test_v3_a_tool_that_fails(chat_daemon, tool):
    events = chat_daemon.chat(f"use_tool: {tool}")
    calls = [event.json for event in events if event.name == "tool_call"]
    assert len(calls) == 6
    assert all(call["is_error"] and call["output"].startswith("tool error: ") for call in calls)
    assert events[-1].name == "done"
    stored = [message for message in chat_daemon.messages(session_id(events)) if message["role"] == "tool"]
    assert all(message["is_error"] for message in stored)


def test_v4_an_id_that_the_client_chose(chat_daemon):
    assert session_id(chat_daemon.chat("x", "custom-1")) == "custom-1"
    assert len(chat_daemon.messages("custom-1")) == 2


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("a\n b", "a\n b"),
        ("a\r\nb", "a\nb"),
        ("a\rb\r", "a\nb\n"),
        ("\n\n x \n", "\n\n x \n"),
        ("0123456789\r\n0123456789\r\n", "0123456789\n0123456789\n"),
        ("é\U0001f600" * 30, "é\U0001f600" * 30),
        ("12\r\n3456\r\n7890", "12\n3456\n7890"),
    ],
    ids=["lf", "crlf", "cr", "blank lines", "long crlf", "scalars", "cut crlf"],
)
def test_v5_text_arrives_as_it_is(chat_daemon, message, text):
    stream = chat_daemon.stream(message)
    check_order(stream.wait())
    assert stream.text == "Mock response to: " + text
    stored = chat_daemon.messages(session_id(stream.events))
    assert stored[0]["content"] == message and stored[1]["content"] == "Mock response to: " + message


def test_v6_sessions_come_and_go(chat_daemon):
    made = chat_daemon.post("/api/sessions")
    assert made.status_code == 200
    session = made.json()
    assert UUID.fullmatch(session["id"]) and session["messages"] == []
    assert session["created_at"] == session["updated_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", session["created_at"])
    path = f"/api/sessions/{session['id']}"
    assert chat_daemon.get(path).json() == session
    assert session in chat_daemon.sessions()
    gone = chat_daemon.request("DELETE", path)
    assert gone.status_code == 204 and gone.content == b""
    for answer in (chat_daemon.get(path), chat_daemon.request("DELETE", path)):
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found" and isinstance(answer.json()["message"], str)
    assert chat_daemon.sessions() == []


def test_v7_the_configuration_is_changed_and_mended(make_chat_daemon):
    daemon = make_chat_daemon(CHAT_RUNTIME_DISABLE_SELF_RESTART="1").start()
    state = daemon.get("/api/config").json()
    assert state["config_path"] == str(daemon.config_path) and state["disk_parse_error"] is None
    config = state["running"]
    config["llm"]["model"] = "first"
    mutation = daemon.apply(config)
    assert mutation.status_code == 200, mutation.text
    assert mutation.json()["ok"] is True and mutation.json()["action"] == "apply"
    assert mutation.json()["state"]["running"]["llm"]["model"] == "first"
    assert (daemon.home / "config.json.bak1").exists() and not (daemon.home / "config.json.bak2").exists()
    config["llm"]["model"] = "second"
    assert daemon.apply(config).status_code == 200
    assert json.loads((daemon.home / "config.json.bak1").read_text())["llm"]["model"] == "first"
    assert (daemon.home / "config.json.bak2").exists()

    daemon.config_path.write_text("{ broken")
    broken = daemon.get("/api/config")
    assert broken.status_code == 200
    assert broken.json()["disk_parse_error"] and broken.json()["disk"] == broken.json()["running"]
    assert broken.json()["disk_raw"] == "{ broken"
    reset = daemon.post("/api/config/reset", {}).json()
    assert reset["action"] == "reset" and reset["restart_scheduled"] is False
    assert reset["state"]["disk_parse_error"] is None
    raw = reset["state"]["raw"]
    assert raw.endswith("}\n") and '\n  "llm": {' in raw and daemon.config_path.read_text() == raw
    restart = daemon.post("/api/config/restart", {})
    assert restart.status_code == 200
    assert restart.json()["action"] == "restart" and restart.json()["restart_scheduled"] is False
    assert daemon.is_healthy()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"raw": "{}", "config": {}},
        {"raw": "{"},
        {"config": {"llm": {"provider": "nope"}}},
    ],
    ids=["neither", "both", "no JSON", "no provider"],
)
def test_v8_a_change_that_is_refused_changes_nothing(chat_daemon, body):
    before = chat_daemon.get("/api/config").json()
    text = chat_daemon.config_path.read_text()
    answer = chat_daemon.post("/api/config/apply", body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_request", "config_invalid")
    assert chat_daemon.config_path.read_text() == text
    assert chat_daemon.get("/api/config").json() == before
    assert not (chat_daemon.home / "config.json.bak1").exists()
    assert names(chat_daemon.chat("still there"))[-1] == "done"


def test_v9_a_key_of_the_environment_survives_an_apply(make_chat_daemon):
    daemon = make_chat_daemon(config={}, OPENAI_API_KEY="sk-env").start()
    assert daemon.get("/api/health").json()["agent"] == "ready"
    assert daemon.apply({}).status_code == 200
    assert daemon.get("/api/health").json()["agent"] == "ready"


def test_v10_two_chats_on_one_session(chat_daemon):
    id = chat_daemon.post("/api/sessions").json()["id"]
    with ThreadPoolExecutor(2) as pool:
        for events in pool.map(lambda word: chat_daemon.chat(word, id), ["one", "two"]):
            assert events[-1].name == "done"
    messages = chat_daemon.messages(id)
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2
    for question, answer in (messages[:2], messages[2:]):
        assert answer["content"] == "Mock response to: " + question["content"]


def test_v11_a_provider_that_breaks_off(provider, make_chat_daemon):
    provider.answer = lambda answering: answering.send(openai_delta("half an ans"))
    daemon = make_chat_daemon(config=provider.config()).start()
    events = daemon.chat("hi")
    assert names(events) == ["session", "delta", "error"]
    assert events[-1].json["code"] == "internal_error" and events[-1].json["message"]
    messages = daemon.messages(session_id(events))
    assert [(message["role"], message["content"], message.get("partial")) for message in messages] == [
        ("user", "hi", None),
        ("assistant", "half an ans", True),
    ]


@pytest.mark.timeout(120)
def test_v12_a_comment_while_a_provider_thinks(provider: Provider, make_chat_daemon):
    def slowly(answering):
        provider.hold()
        answering.send(openai_delta("at last") + openai_end())

    provider.answer = slowly
    daemon = make_chat_daemon(config=provider.config()).start()
    stream = daemon.stream("hi")
    provider.wait_for_requests(1)
    stream.wait_for("session")

    def comment():
        assert stream.comments
        return True

    eventually(comment, "a comment came", within=30)
    provider.released.set()
    stream.wait()
    events, comments = parse(stream.raw)
    assert names(events) == ["session", "delta", "done"] and comments == 1


def test_v14_calls_and_their_answers_go_back_to_the_provider(provider: Provider, make_chat_daemon):
    def answer(answering):
        if len(provider.asked) > 1:
            return answering.send(openai_delta("done") + openai_end())
        function = {"name": "ls", "arguments": '{"pa'}
        answering.send(openai_calls({"index": 0, "id": "call_1", "type": "function", "function": function}))
        answering.send(openai_calls({"index": 0, "function": {"arguments": 'th": '}}))
        answering.send(openai_calls({"index": 0, "function": {"arguments": '"."}'}}) + openai_end("tool_calls"))

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config()).start()
    events = daemon.chat("look around")
    assert names(events) == ["session", "tool_call", "delta", "done"]
    call = events[1].json
    assert call["args"] == {"path": "."} and call["is_error"] is False
    first, second = (asked.body for asked in provider.asked)
    assert provider.asked[0].path == "/v1/chat/completions"
    assert provider.asked[0].headers["authorization"] == "Bearer sk-of-the-test"
    assert first["messages"][0]["role"] == "system" and first["messages"][-1]["content"] == "look around"
    assert [tool["function"]["name"] for tool in first["tools"]] == sorted(
        tool["function"]["name"] for tool in first["tools"]
    )
    assistant, tool = second["messages"][-2:]
    assert assistant["role"] == "assistant"
    assert [(item["id"], item["function"]["name"]) for item in assistant["tool_calls"]] == [("call_1", "ls")]
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"path": "."}
    assert tool["role"] == "tool" and tool["tool_call_id"] == "call_1" and tool["content"] == call["output"]
    assert events[-1].json["usage"]["iterations"] == 2 and events[-1].json["usage"]["total"]["total_tokens"] == 14
