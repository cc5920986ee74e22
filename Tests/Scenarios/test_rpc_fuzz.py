"""Lines that are almost right, by the thousand: each is answered as the contract allows, or simply closed."""

import contextlib
import json
import random

import pytest

from harness import processes, rpc_shapes
from harness.rpc import Closed, at_once, new_id
from harness.waiting import eventually

# No process has a number beyond 2^22, whatever becomes of a digit or two.
NOBODY = 2_147_000_000
SPAWN = {"session_id": new_id(), "runtime": "claude", "env": [{"key": "A", "value": "b"}], "x_args": ["c"]}
SEEDS = [
    {"type": "spawn", "payload": {"request": {**SPAWN, "cwd": "/", "target": {"type": "headless", "payload": {}}}}},
    {
        "type": "spawn",
        "payload": {"request": {**SPAWN, "cwd": "/", "target": {"type": "tmux", "payload": {"address": "nobody:2.1"}}}},
    },
    {"type": "validate_target", "payload": {"request": {"target": "tmux:agents:2.1"}}},
    {"type": "kill", "payload": {"request": {"session_id": new_id(), "signal": "term", "grace_secs": 0}}},
    {"type": "kill_by_pid", "payload": {"request": {"pid": NOBODY, "signal": 15, "grace_secs": 0}}},
    {"type": "nudge", "payload": {"request": {"session_id": new_id(), "content": "größe \U0001f680\n"}}},
    {"type": "capture", "payload": {"request": {"target_id": new_id(), "scrollback_lines": 200}}},
    {
        "type": "status",
        "payload": {
            "request": {
                "session_id": None,
                "session_ids": [new_id(), new_id()],
                "updated_since": "2026-03-02T08:00:00.120Z",
                "runtime": "codex",
                "state": "running",
            }
        },
    },
    {"type": "version"},
    {"type": "watchers", "payload": None},
    {"type": "doctor", "payload": {}},
    {"type": "events", "payload": {"since": 41, "wait_ms": 0}},
    {"type": "mcp_bridge", "payload": {"request": {"line": '{"jsonrpc":"2.0","id":7,"method":"tools/list"}'}}},
    {"type": "shim_launch", "payload": {"request": {"session_id": new_id()}}},
    {
        "type": "shim_ready",
        "payload": {
            "ready": {
                "session_id": new_id(),
                "shim_pid": NOBODY,
                "runtime_pid": NOBODY,
                "start_time": "2026-03-02T08:15:30.120Z",
                "tmux_pane": None,
            }
        },
    },
    {
        "type": "shim_exit",
        "payload": {"exit": {"session_id": new_id(), "exit": {"code": 0, "signal": None}}},
    },
]
STRANGE = [
    *(None, True, False, 0, -1, 1.5, 1e300, 2**31, 2**32, 2**63, 2**64, -(2**63) - 1),
    *("", "x", "\0", "\u202e", "\ud83d\ude80", "x" * 10_000, "2026-02-30T08:00:00Z", "{", "tmux:a:0.0"),
    *([], {}, [[]], [None] * 100, {"type": "headless", "payload": {}}),
]


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The ways to every value inside a value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


def changed(dice: random.Random, message: dict) -> object:
    """Something in it is another value, is missing, or is there once more."""
    message = json.loads(json.dumps(message))
    *way, last = dice.choice(places(message)[1:])
    holder = message
    for key in way:
        holder = holder[key]
    if last == "pid":
        # Anything but a number that somebody may have.
        holder[last] = dice.choice([NOBODY, 0, 1, -1, 2**31, 2**32, None, "7", 1.5, [], NOBODY + 0.5])
    elif dice.random() < 0.3:
        del holder[last]
    elif dice.random() < 0.2 and isinstance(holder, dict):
        holder[dice.choice(["x", "type", "payload", "request", "session_id", ""])] = dice.choice(STRANGE)
    else:
        holder[last] = dice.choice(STRANGE)
    return message


def damaged(dice: random.Random, line: bytes) -> bytes:
    """Bytes of it are gone, doubled, exchanged or new."""
    data = bytearray(line)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(data) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            del data[place : place + dice.randint(1, 8)]
        elif kind == 1:
            data[place:place] = data[place : place + dice.randint(1, 20)]
        elif kind == 2 and place < len(data):
            data[place] = dice.randrange(256)
        elif kind == 3:
            data[place:place] = dice.choice(
                [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\\u", b"\0", b"\xff", b"\r"]
            )
    return bytes(data).replace(b"\n", b" ")


def lines(seed: int, count: int) -> list[bytes]:
    dice = random.Random(seed)
    made = []
    while len(made) < count:
        message = dice.choice(SEEDS)
        if dice.random() < 0.5:
            line = json.dumps(changed(dice, message), ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
        elif message["type"] == "kill_by_pid":
            continue  # a digit less would be the number of somebody
        else:
            line = damaged(dice, json.dumps(message).encode())
        made.append(line)
    return made


def check(host, line: bytes) -> None:
    try:
        answer = host.rpc.exchange(line + b"\n", half_close=True)
    except Closed:
        return
    if answer["type"] == "error":
        return
    # It was understood: then as what it says it is.
    try:
        name = json.loads(line)["type"]
    except (ValueError, TypeError, KeyError) as error:
        raise AssertionError(f"{line!r} was answered with {answer}") from error
    rpc_shapes.check_fits(name, answer)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(4))
def test_lines_that_are_almost_right(host, seed):
    host.plant("claude", "#!/bin/true\n")
    made = lines(seed, 1200)
    check(host, json.dumps(SEEDS[8]).encode())
    descriptors = len(processes.descriptors(host.pid))

    def work(part: int) -> None:
        for line in made[part::6]:
            try:
                check(host, line)
            except AssertionError as error:
                raise AssertionError(f"{line[:2000]!r}: {error}") from error

    problems = [result for result in at_once(6, work) if result is not None]
    assert problems == []
    assert host.program.is_running(), host.log_text()[-3000:]
    assert host.rpc.version()["protocol_version"] == "0.3"
    host.rpc.wait_for_watchers(shim_sockets=0, process_exit_watchers=0, event_waiters=0)

    def as_before():
        now = processes.descriptors(host.pid)
        assert len(now) <= descriptors + 4, now
        return True

    eventually(as_before, "descriptors are as before")
    assert "Fatal" not in host.log_text()


def test_bytes_that_were_never_a_request(host):
    dice = random.Random(7)
    for _ in range(150):
        data = dice.randbytes(dice.randint(1, 3000))
        with host.rpc.connect() as peer:
            peer.send(data)
            peer.half_close()
            with contextlib.suppress(Closed):
                assert peer.answer()["payload"]["code"] == "protocol_mismatch"
    assert host.rpc.version()["protocol_version"] == "0.3"


MCP_SEEDS = [
    {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}},
    },
    {"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {"cursor": None}},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "rtm_version", "arguments": {}}},
    {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "tools/call",
        "params": {"name": "rtm_status", "arguments": {"session_ids": [new_id()], "state": "running"}},
    },
    {
        "jsonrpc": "2.0",
        "id": 4,
        "method": "tools/call",
        "params": {"name": "rtm_kill_by_pid", "arguments": {"pid": NOBODY, "signal": 15, "grace_secs": 0}},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": None, "method": "ping"},
]


def test_lines_of_the_bridge_that_are_almost_right(host):
    dice = random.Random(11)
    for _ in range(1500):
        seed = dice.choice(MCP_SEEDS)
        if dice.random() < 0.6 or "kill" in json.dumps(seed):
            text = json.dumps(changed(dice, seed))
        else:
            text = damaged(dice, json.dumps(seed).encode()).decode(errors="replace")
        answer = host.rpc.bridge(text)
        if answer is None:
            continue
        assert answer["jsonrpc"] == "2.0" and "id" in answer, text
        assert ("result" in answer) != ("error" in answer), text
        if "error" in answer:
            assert answer["error"]["code"] in (-32700, -32600, -32601, -32602, -32603), text
            assert isinstance(answer["error"]["message"], str)
    assert host.rpc.version()["protocol_version"] == "0.3"


def test_a_deep_line_of_the_bridge_is_answered(host):
    for text in ("[" * 100_000, '{"jsonrpc":"2.0","id":' + "[" * 100_000 + "]" * 100_000 + ',"method":"ping"}'):
        answer = host.rpc.bridge(text)
        assert answer is None or "jsonrpc" in answer
    assert host.rpc.version()["protocol_version"] == "0.3"
