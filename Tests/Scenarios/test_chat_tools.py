"""Tools in a turn: the daemon's own, those of other programs, and a search of the web (chat-runtime §5.8, §8.4)."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from harness import processes
from harness.chat import Provider, names, openai_calls, openai_delta, openai_end, session_id
from harness.waiting import eventually

# Answers with what it is told, one JSON a line.
SERVER = """
import json, sys, time
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method = message["method"]
    if method == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "t", "version": "1"}}
    elif method == "tools/list":
        schema = {"type": "object", "properties": {"word": {"type": "string"}}}
        result = {"tools": [{"name": "echo", "description": "Says it again", "inputSchema": schema}]}
    elif method == "tools/call":
        time.sleep(float(sys.argv[1]))
        result = {"content": [{"type": "text", "text": "again: " + message["params"]["arguments"]["word"]}]}
    else:
        result = {}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


def calling(provider: Provider, *calls: tuple[str, dict]):
    """The provider asks for these tools, one an iteration, and then is content."""

    def answer(answering):
        number = len(provider.asked) - 1
        if number >= len(calls):
            return answering.send(openai_delta("done") + openai_end())
        name, arguments = calls[number]
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = openai_calls({"index": 0, "id": f"c{number}", "function": function})
        answering.send(call + openai_end("tool_calls"))

    provider.answer = answer


def results(events) -> list[dict]:
    return [event.json for event in events if event.name == "tool_call"]


@pytest.fixture
def serving(provider, make_chat_daemon):
    """A daemon with a program of the test's that offers a tool."""

    def make(delay="0"):
        daemon = make_chat_daemon()
        script = daemon.folder / "server.py"
        script.write_text(SERVER)
        server = {"command": sys.executable, "args": [str(script), delay]}
        daemon.configure({**provider.config(), "mcp_servers": {"other": server}})
        return daemon.start()

    return make


def test_the_tool_of_another_program(provider: Provider, serving):
    daemon = serving()
    calling(provider, ("other__echo", {"word": "hi"}))
    events = daemon.chat("use it")
    assert "other__echo" in [tool["function"]["name"] for tool in provider.asked[0].body["tools"]]
    assert results(events) == [
        {"id": "c0", "name": "other__echo", "args": {"word": "hi"}, "output": "again: hi", "is_error": False}
    ]
    assert daemon.post("/api/config/restart", {}).json()["restart_scheduled"] is True
    daemon.ready = daemon.program.wait_until_ready()
    provider.asked.clear()
    assert results(daemon.chat("use it"))[0]["output"] == "again: hi"


def test_a_tool_is_cancelled(provider: Provider, serving):
    daemon = serving(delay="30")
    calling(provider, ("other__echo", {"word": "hi"}))
    stream = daemon.stream("use it", "slow")
    provider.wait_for_requests(1)
    eventually(lambda: len(processes.mentioning(str(daemon.folder) + "/server.py")) > 0, "the program runs")
    time.sleep(0.3)
    started = time.monotonic()
    assert daemon.post("/api/sessions/slow/cancel").status_code == 202
    assert stream.wait()[-1].json["code"] == "cancelled"
    assert time.monotonic() - started < 5
    messages = daemon.messages("slow")
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["partial"] and messages[2]["is_error"]
    calling(provider)
    assert names(daemon.chat("go on", "slow"))[-1] == "done"
    # What the provider is told has an answer to every call.
    sent = provider.asked[-1].body["messages"]
    asked = [call["id"] for message in sent for call in message.get("tool_calls", [])]
    assert asked == [message["tool_call_id"] for message in sent if message["role"] == "tool"] == ["c0"]


def test_files_are_written_read_and_kept_from_harm(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config()).start()
    calling(
        provider,
        ("write", {"path": "notes/a.txt", "content": "one\ntwo\n"}),
        ("edit", {"path": "notes/a.txt", "find": "two", "replace": "2"}),
        ("read", {"path": "notes/a.txt"}),
        ("read", {"path": "../config.json"}),
        ("bash", {"command": "cat notes/a.txt"}),
    )
    events = daemon.chat("work")
    outputs = results(events)
    assert [output["is_error"] for output in outputs] == [False, False, False, True, False], outputs
    assert outputs[2]["output"].strip() == "one\n2" and outputs[4]["output"].strip() == "one\n2"
    assert (daemon.workspace / "notes/a.txt").read_text() == "one\n2\n"
    assert len(daemon.messages(session_id(events))) == 1 + 5 * 2 + 1


def test_tools_of_several_sessions_run_side_by_side(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config()).start()

    def answer(answering):
        if answering.request.body["messages"][-1]["role"] == "tool":
            return answering.send(openai_delta("done") + openai_end())
        function = {"name": "ls", "arguments": "{}"}
        answering.send(openai_calls({"index": 0, "id": "c", "function": function}) + openai_end("tool_calls"))

    provider.answer = answer
    streams = [daemon.stream("look", f"s{number}") for number in range(16)]
    for stream in streams:
        assert names(stream.wait()) == ["session", "tool_call", "delta", "done"]


@pytest.fixture
def web():
    """A search service on this machine, which the daemon reaches as if it were its proxy."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self):
            asked.append(self.path)
            self.send_error(502)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_a_search_asks_the_service_and_says_why_it_cannot(provider: Provider, make_chat_daemon, web):
    address, asked = web
    config = provider.config()
    config["search"] = {"provider": "brave"}
    config["secrets"]["brave_search_api_key"] = "key-of-the-search"
    daemon = make_chat_daemon(config=config, https_proxy=address, no_proxy="127.0.0.1").start()
    calling(provider, ("web_search", {"queryString": "drover"}))
    result = results(daemon.chat("search"))[0]
    assert "web_search" in [tool["function"]["name"] for tool in provider.asked[0].body["tools"]]
    assert asked and "brave" in asked[0]
    assert result["is_error"] and result["output"].startswith("tool error: ") and "key-of" not in result["output"]
