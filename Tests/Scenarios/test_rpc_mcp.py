"""The bridge for operators (§9): `rtm mcp` with the official client, and its lines by hand."""

import asyncio
import json
import subprocess
import threading

import jsonschema
import mcp
import pytest

from harness.mcp import call, exchange, request, with_client
from harness.rpc import new_id
from harness.waiting import eventually

TOOLS = ["rtm_kill_by_pid", "rtm_status", "rtm_version", "rtm_watchers"]


@pytest.fixture
def rtm(shared_host) -> str:
    link = shared_host.bin / "rtm"
    if not link.exists():
        link.symlink_to(shared_host.binary)
    return str(link)


@pytest.fixture(params=["rtm", "drover"])
def command(request, shared_host, rtm) -> list[str]:
    return [rtm if request.param == "rtm" else str(shared_host.binary), "mcp"]


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "1000"])
    waiter = threading.Thread(target=process.wait)
    waiter.start()
    yield process
    process.kill()
    waiter.join()


def text_of(result: mcp.types.CallToolResult) -> object:
    (part,) = result.content
    assert part.type == "text"
    return json.loads(part.text)


def test_the_official_client_finds_the_tools(shared_host, command):
    async def work(session):
        await session.send_ping()
        return session.initialize_result, (await session.list_tools()).tools

    hello, tools = with_client(command, shared_host.environment, shared_host.folder, work)
    assert hello.protocol_version == "2025-06-18"
    assert hello.server_info.name == "rtm"
    assert hello.server_info.version == shared_host.ready["version"]
    assert hello.capabilities.tools is not None
    assert [tool.name for tool in tools] == TOOLS
    for tool in tools:
        assert tool.description
        for schema in (tool.input_schema, tool.output_schema):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        assert "required" not in tool.output_schema

    kill, status, version, watchers = tools
    assert sorted(kill.input_schema["required"]) == ["grace_secs", "pid", "signal"]
    assert {name: item["format"] for name, item in kill.input_schema["properties"].items()} == {
        "pid": "u32",
        "signal": "i32",
        "grace_secs": "u32",
    }
    assert set(kill.output_schema["properties"]) == {"pid", "signal", "killed_after_grace"}
    assert not status.input_schema.get("required")
    properties = status.input_schema["properties"]
    assert set(properties) == {"session_id", "session_ids", "updated_since", "runtime", "state"}
    assert (properties["session_id"]["type"], properties["session_id"]["format"]) == ("string", "uuid")
    assert (
        properties["session_ids"]["items"] | {"type": "string", "format": "uuid"} == properties["session_ids"]["items"]
    )
    assert properties["updated_since"]["format"] == "date-time"
    assert set(status.output_schema["properties"]) == {"lifecycles"}
    for tool in (version, watchers):
        assert not tool.input_schema.get("properties")
    assert set(version.output_schema["properties"]) == {"version", "git_sha", "protocol_version", "capabilities"}
    assert set(watchers.output_schema["properties"]) == {"process_exit_watchers", "shim_sockets", "event_waiters"}


def test_the_official_client_calls_every_tool(host, sleeper):
    running, ended = host.start_runtime(), host.start_runtime("exit 2", runtime="codex")
    host.rpc.wait_for_end(ended)

    async def work(session):
        results = {}
        for name, arguments in (
            ("rtm_version", {}),
            ("rtm_watchers", {}),
            ("rtm_status", {}),
            ("rtm_status", {"session_id": running}),
            ("rtm_status", {"session_ids": [ended], "state": "exited", "runtime": "codex"}),
            ("rtm_status", {"updated_since": "2200-01-01T00:00:00Z"}),
            ("rtm_kill_by_pid", {"pid": sleeper.pid, "signal": 15, "grace_secs": 5}),
        ):
            # The client holds the structured content against the output schema by itself.
            results[name, json.dumps(arguments)] = await session.call_tool(name, arguments)
        return list(results.values())

    results = with_client([str(host.binary), "mcp"], host.environment, host.folder, work)
    assert not any(result.is_error for result in results)
    version, watchers, everything, one, filtered, none, killed = results
    assert version.structured_content == text_of(version) == host.rpc.version()
    assert watchers.structured_content == text_of(watchers) == host.rpc.watchers()
    rows = host.rpc.status()
    assert everything.structured_content == {"lifecycles": rows}
    assert text_of(everything) == rows, "the text is the bare list"
    assert text_of(one) == host.rpc.status(session_id=running)
    assert text_of(filtered) == host.rpc.status(session_id=ended)
    assert text_of(none) == []
    assert killed.structured_content == text_of(killed)
    assert killed.structured_content == {"pid": sleeper.pid, "signal": 15, "killed_after_grace": False}
    assert sleeper.wait(10) == -15


def test_a_client_of_later_protocols_comes_down_to_ours(shared_host, command):
    """It asks for what was invented since, is refused, and shakes hands as it was done before."""
    server = mcp.StdioServerParameters(command=command[0], args=command[1:], env=shared_host.environment)

    async def talk():
        async with mcp.Client(server, read_timeout_seconds=20) as client:
            return await client.call_tool("rtm_version", {})

    assert asyncio.run(talk()).structured_content == shared_host.rpc.version()


WRONG_CALLS = {
    "a tool nobody has": ("rtm_spawn", {}),
    "arguments where there are none": ("rtm_version", {"x": 1}),
    "an argument nobody knows": ("rtm_status", {"x": 1}),
    "an id that is none": ("rtm_status", {"session_id": "nobody"}),
    "a time that is none": ("rtm_status", {"updated_since": "yesterday"}),
    "a missing argument": ("rtm_kill_by_pid", {"pid": 2**31 - 2}),
    "an argument of another kind": ("rtm_kill_by_pid", {"pid": "7", "signal": 15, "grace_secs": 0}),
    "what the daemon refuses": ("rtm_kill_by_pid", {"pid": 0, "signal": 15, "grace_secs": 0}),
    "what the daemon cannot": ("rtm_kill_by_pid", {"pid": 2**31 - 2, "signal": 15, "grace_secs": 0}),
}


@pytest.mark.parametrize("name, arguments", WRONG_CALLS.values(), ids=WRONG_CALLS.keys())
def test_a_call_that_fails_is_a_result(shared_host, name, arguments):
    answer = shared_host.rpc.bridge(call(name, arguments, id="x-1"))
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", "x-1")
    result = answer["result"]
    assert result["isError"] is True
    failure = result["_meta"]["rtm_tool_error"]
    assert failure["is_error"] is True and failure["message"]
    assert result["content"] == [{"type": "text", "text": f"ERROR: {failure['message']}"}]


def test_the_official_client_is_told_of_failures(shared_host, command):
    async def work(session):
        result = await session.call_tool("rtm_kill_by_pid", {"pid": 0, "signal": 15, "grace_secs": 0})
        assert result.is_error
        with pytest.raises(mcp.MCPError) as unknown:
            await session.list_resources()
        return unknown.value.error.code

    assert with_client(command, shared_host.environment, shared_host.folder, work) == -32601


LINES = {
    "no JSON": ("hello", (-32700, None)),
    "JSON that breaks off": ('{"jsonrpc":"2.0","id":1', (-32700, None)),
    "no version": ({"id": 1, "method": "ping"}, (-32700, None)),
    "no method": ({"jsonrpc": "2.0", "id": 1}, (-32700, None)),
    "several": ([request("ping"), request("ping", id=2)], (-32700, None)),
    "a number": ("7", (-32700, None)),
    "an unknown method": (request("resources/list", id=2), (-32601, 2)),
    "a method in capitals": (request("PING", id="a"), (-32601, "a")),
    "a call without params": (request("tools/call", id=3), (-32602, 3)),
    "a call without a name": (request("tools/call", {"arguments": {}}, id=4), (-32602, 4)),
}


@pytest.mark.parametrize("line, expected", LINES.values(), ids=LINES.keys())
def test_a_line_that_is_wrong_is_an_error(shared_host, line, expected):
    answer = shared_host.rpc.bridge(line)
    assert answer["jsonrpc"] == "2.0"
    assert (answer["error"]["code"], answer["id"]) == expected
    assert answer["error"]["message"]


SILENT = {
    "initialized": {"jsonrpc": "2.0", "method": "notifications/initialized"},
    "cancelled": {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
    "a notification with an id": {"jsonrpc": "2.0", "id": 9, "method": "notifications/whatever"},
    "a request without an id": {"jsonrpc": "2.0", "method": "ping"},
    "a call without an id": {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "rtm_version"}},
    "an unknown method without an id": {"jsonrpc": "2.0", "method": "no/such"},
}


@pytest.mark.parametrize("line", SILENT.values(), ids=SILENT.keys())
def test_some_lines_have_no_answer(shared_host, line):
    assert shared_host.rpc.bridge(line) is None


def test_the_dialogue_by_hand(shared_host):
    rpc = shared_host.rpc
    for asked in ("2025-06-18", "2024-11-05", "1999-01-01"):
        hello = rpc.bridge(request("initialize", {"protocolVersion": asked, "capabilities": {}}, id=0))
        assert hello["id"] == 0
        assert hello["result"]["protocolVersion"] == "2025-06-18"
        assert hello["result"]["capabilities"] == {"tools": {}}
        assert hello["result"]["serverInfo"]["name"] == "rtm"
        assert isinstance(hello["result"]["instructions"], str)
    assert rpc.bridge(request("ping", id="p")) == {"jsonrpc": "2.0", "id": "p", "result": {}}
    assert [tool["name"] for tool in rpc.bridge(request("tools/list"))["result"]["tools"]] == TOOLS
    result = rpc.bridge(call("rtm_watchers"))["result"]
    counts = {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": 0}
    assert result["structuredContent"] == counts
    assert result["content"][0]["text"] == '{"process_exit_watchers":0,"shim_sockets":0,"event_waiters":0}'
    # No arguments is as good as none in braces.
    assert "structuredContent" in rpc.bridge(request("tools/call", {"name": "rtm_version"}))["result"]


@pytest.mark.parametrize("id", [0, -1, 2**53, "text", "größe", ""])
def test_an_id_comes_back_as_it_was(shared_host, id):
    assert shared_host.rpc.bridge(request("ping", id=id))["id"] == id


def test_the_program_passes_lines_and_skips_empty_ones(shared_host, command):
    lines = [request("ping", id=1), "", "   ", SILENT["initialized"], "nonsense", request("ping", id=2)]
    first, error, last = exchange(command, shared_host.environment, lines)
    assert (first["id"], error["error"]["code"], last["id"]) == (1, -32700, 2)


def test_the_program_says_when_there_is_no_daemon(make_host):
    host = make_host()
    ran = host.cli("mcp", input=json.dumps(request("ping")).encode() + b"\n")
    # Whether it goes on or gives up, it does not pretend, and nothing but answers is on its output.
    if ran.stdout:
        assert "error" in json.loads(ran.stdout)
    else:
        assert ran.returncode != 0
        assert str(host.environment["RTM_SOCKET_PATH"]).encode() in ran.stderr


# The server for agents that look after other agents: `drover mcp --control`

CONTROL = ["list", "show", "spawn", "send", "capture", "approvals", "events"]
READERS = ["list", "show", "capture", "approvals", "events"]


def find(tools: list, word: str):
    found = [tool for tool in tools if tool.name.split("_")[-1] == word]
    assert len(found) == 1, f"{word}: {[tool.name for tool in tools]}"
    return found[0]


def control(host, work):
    return with_client([str(host.binary), "mcp", "--control"], host.environment, host.folder, work)


def test_the_tools_for_agents_are_described(host):
    async def work(session):
        return session.initialize_result, (await session.list_tools()).tools

    hello, tools = control(host, work)
    assert hello.server_info.version == host.ready["version"]
    for word in CONTROL:
        tool = find(tools, word)
        assert tool.description
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.input_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False
        if tool.output_schema is not None:
            jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        assert tool.annotations.read_only_hint is (word in READERS), tool.name
    names = {tool.name for tool in tools}
    assert not [name for name in names if any(word in name for word in ("approve", "deny", "decide", "answer"))]


def test_an_agent_starts_another_watches_it_and_writes_to_it(tmux_host):
    host = tmux_host
    session, file = host.start_reader("work:0.0", bracketed=True)

    async def work(client):
        tools = (await client.list_tools()).tools

        async def ask(word: str, **arguments):
            result = await client.call_tool(find(tools, word).name, arguments)
            return result, json.dumps(result.structured_content) + "".join(part.text for part in result.content)

        _, listed = await ask("list")
        assert session in listed
        _, shown = await ask("show", session=session)
        assert session in shown and "RUNNING" in shown
        _, seen = await ask("capture", session=session)
        assert "READING" in seen
        _, happened = await ask("events")
        assert "RUNTIME_RUNNING" in happened or "running" in happened
        result, _ = await ask("approvals")
        assert not result.is_error
        result, told = await ask("send", session=session, text="from another agent")
        assert not result.is_error, told
        result, _ = await ask("show", session=new_id())
        assert result.is_error
        result, told = await ask("spawn", command=["sh", "-c", "echo started by an agent; sleep 1000"])
        assert not result.is_error, told
        return result.structured_content["id"]

    started = control(host, work)
    host.wait_for_output(started, b"started by an agent")
    eventually(lambda: b"from another agent" in file.read_bytes(), "it was typed")


def test_an_agent_cannot_approve(daemon):
    """A grant belongs to a person: no tool gives one, typing gives none, and the daemon refuses an agent's answer."""
    session = daemon.mock("all", stepMs=300)
    (approval,) = eventually(lambda: daemon.session(session)["pendingApprovals"], "the session waits for approval")

    async def work(client):
        tools = (await client.list_tools()).tools
        listed = await client.call_tool(find(tools, "approvals").name, {})
        assert approval in json.dumps(listed.structured_content)
        for name in ("approve", "deny", "approval", "decide"):
            assert name not in {tool.name for tool in tools}
            result = await client.call_tool(name, {"id": approval, "session": session, "decision": "allow"})
            assert result.is_error, name
        result = await client.call_tool(find(tools, "approvals").name, {"decision": "allow"})
        assert result.is_error, "an argument nobody knows is refused"
        result = await client.call_tool(find(tools, "send").name, {"session": session, "text": "y"})
        assert result.is_error, "what waits for a person is not typed to"

    with_client([str(daemon.binary), "mcp", "--control"], daemon.environment, daemon.folder, work)
    answer = daemon.post(
        f"/api/runner/sessions/{session}/approvals/{approval}",
        {"decision": "allow"},
        headers={"X-Drover-Actor": "agent:another"},
    )
    assert answer.status_code in (401, 403), answer.text
