"""Lines that are refused before anybody looks at what they ask for (§1.4), and other forms that are not (§2.1)."""

import json

import pytest

UUID = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"


def spawn_with(**changes) -> dict:
    request = {
        "session_id": UUID,
        "runtime": "claude",
        "env": [],
        "cwd": "/",
        "target": {"type": "headless", "payload": {}},
    } | changes
    return {
        "type": "spawn",
        "payload": {"request": {key: value for key, value in request.items() if value is not ...}},
    }


def of(name: str, request: object) -> dict:
    return {"type": name, "payload": {"request": request}}


def kill_with(**changes) -> dict:
    request = {"session_id": UUID, "signal": "term", "grace_secs": 1} | changes
    return of("kill", {key: value for key, value in request.items() if value is not ...})


def ready_with(**changes) -> dict:
    ready = {"session_id": UUID, "shim_pid": 2**31 - 2, "runtime_pid": 2**31 - 2} | changes
    ready = {"start_time": "2026-03-02T08:15:30Z", "tmux_pane": None} | ready
    return {
        "type": "shim_ready",
        "payload": {"ready": {key: value for key, value in ready.items() if value is not ...}},
    }


REFUSED: dict[str, object] = {
    "an empty line": b"\n",
    "white space": b" \t \r\n",
    "no JSON": b"version\n",
    "JSON that breaks off": b'{"type":"version"\n',
    "two objects": b'{"type":"version"}{"type":"version"}\n',
    "a string": b'"version"\n',
    "an array": b'["version"]\n',
    "null": b"null\n",
    "a number": b"1\n",
    "no type": b'{"payload":{}}\n',
    "a type that is no string": b'{"type":7}\n',
    "an unknown type": b'{"type":"versions"}\n',
    "a type in capitals": b'{"type":"Version"}\n',
    "two types": b'{"type":"version","type":"version"}\n',
    "bytes that are not UTF-8": b'{"type":"version","x":"\xff\xfe"}\n',
    "half a character": b'{"type":"version","x":"\xe2\x82"}\n',
    "a control character in a string": b'{"type":"version","x":"\x01"}\n',
    "events without payload": {"type": "events"},
    "events with payload null": {"type": "events", "payload": None},
    "a cursor below zero": {"type": "events", "payload": {"since": -1}},
    "a cursor too large": {"type": "events", "payload": {"since": 2**64}},
    "a cursor with a fraction": b'{"type":"events","payload":{"since":1.5}}\n',
    "a cursor in a string": {"type": "events", "payload": {"since": "1"}},
    "a wait too large": {"type": "events", "payload": {"wait_ms": 2**32}},
    "a wait below zero": {"type": "events", "payload": {"wait_ms": -1}},
    "status without a request": {"type": "status", "payload": {}},
    "a request that is a list": of("status", []),
    "an id that is none": of("status", {"session_id": "nobody"}),
    "an id that is a number": of("status", {"session_id": 7}),
    "one id of several that is none": of("status", {"session_ids": [UUID, "nobody"]}),
    "ids that are no list": of("status", {"session_ids": UUID}),
    "a time without an offset": of("status", {"updated_since": "2026-03-02T08:00:00"}),
    "a time that is none": of("status", {"updated_since": "2026-02-30T08:00:00Z"}),
    "a time that is a number": of("status", {"updated_since": 1772439362}),
    "a spawn without an id": spawn_with(session_id=...),
    "a spawn without a runtime": spawn_with(runtime=...),
    "a runtime without a name": spawn_with(runtime=""),
    "a spawn without a folder": spawn_with(cwd=...),
    "a spawn without a target": spawn_with(target=...),
    "a target in plain words": spawn_with(target="headless"),
    "a headless target without its empty object": spawn_with(target={"type": "headless"}),
    "a target nobody knows": spawn_with(target={"type": "screen", "payload": {}}),
    "a tmux target without an address": spawn_with(target={"type": "tmux", "payload": {}}),
    "an address that is no string": spawn_with(target={"type": "tmux", "payload": {"address": 7}}),
    "an environment that is an object": spawn_with(env={"PATH": "/bin"}),
    "a variable without a value": spawn_with(env=[{"key": "A"}]),
    "a variable that is no string": spawn_with(env=[{"key": "A", "value": 1}]),
    "arguments that are no strings": spawn_with(x_args=[1]),
    "a kill without a signal": kill_with(signal=...),
    "a signal in capitals": kill_with(signal="TERM"),
    "a signal with its prefix": kill_with(signal="sigterm"),
    "a signal nobody knows": kill_with(signal="usr1"),
    "a signal by number": kill_with(signal=15),
    "a kill without a grace": kill_with(grace_secs=...),
    "a grace below zero": kill_with(grace_secs=-1),
    "a grace with a fraction": kill_with(grace_secs=0.5),
    "a pid too large": of("kill_by_pid", {"pid": 2**32, "signal": 15, "grace_secs": 0}),
    "a pid below zero": of("kill_by_pid", {"pid": -1, "signal": 15, "grace_secs": 0}),
    "a nudge without content": of("nudge", {"session_id": UUID}),
    "a capture without an id": of("capture", {}),
    "more lines than there are": of("capture", {"target_id": UUID, "scrollback_lines": 2**32}),
    "two ids that disagree": of("capture", {"target_id": UUID, "session_id": UUID[:-1] + "2"}),
    "a target to validate that is no string": of("validate_target", {"target": None}),
    "a bridge without a line": of("mcp_bridge", {}),
    "a launch without an id": of("shim_launch", {}),
    "a shim without a pid": ready_with(shim_pid=...),
    "a start without a time": ready_with(start_time=...),
    "an exit without an exit": {"type": "shim_exit", "payload": {"exit": {"session_id": UUID}}},
    "a code that is no integer": {
        "type": "shim_exit",
        "payload": {"exit": {"session_id": UUID, "exit": {"code": "0", "signal": None}}},
    },
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
def test_what_the_contract_does_not_know_is_refused(shared_host, message):
    line = message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n"
    answer = shared_host.rpc.exchange(line)
    assert answer["type"] == "error", answer
    assert answer["payload"]["code"] == "protocol_mismatch", answer
    assert shared_host.rpc.status() == []


@pytest.mark.parametrize("address", ["", "agents", "agents:2", "agents:2.", ":2.1", "agents:2.1.3", "agents:x.1"])
def test_an_address_that_is_none_is_an_invalid_target(shared_host, address):
    answer = shared_host.rpc.exchange(
        json.dumps(spawn_with(target={"type": "tmux", "payload": {"address": address}})).encode() + b"\n"
    )
    assert answer["payload"]["code"] == "invalid_target", answer
    assert shared_host.rpc.status() == []


def test_a_deep_line_is_refused_and_not_fatal(shared_host):
    answer = shared_host.rpc.exchange(b'{"type":"version","x":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}\n")
    assert answer["type"] in ("error", "version")


ACCEPTED = {
    "no list of ids": of("status", {"session_ids": None}),
    "an empty list of ids": of("status", {"session_ids": []}),
    "nothing at all": of("status", {}),
    "an id in capitals": of("status", {"session_id": UUID.upper()}),
    "an id without hyphens": of("status", {"session_id": UUID.replace("-", "")}),
    "an id as a URN": of("status", {"session_id": f"urn:uuid:{UUID}"}),
    "an id in braces": of("status", {"session_id": f"{{{UUID}}}"}),
    "the nil id": of("status", {"session_id": "00000000-0000-0000-0000-000000000000"}),
    "a time with an offset": of("status", {"updated_since": "2026-03-02T10:00:00.120+02:00"}),
    "a time with a space": of("status", {"updated_since": "2026-03-02 08:00:00Z"}),
    "a time far ahead": of("status", {"updated_since": "9999-12-31T23:59:59Z"}),
    "a time long ago": of("status", {"updated_since": "1500-01-01T00:00:00Z"}),
    "a time of nine digits": of("status", {"updated_since": "2026-03-02T08:00:00.123456789Z"}),
    "a state nobody knows": of("status", {"state": "sleeping"}),
    "everything null": of("status", dict.fromkeys(["session_id", "updated_since", "runtime", "state"])),
}


@pytest.mark.parametrize("message", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_other_forms_of_a_value_are_read(shared_host, message):
    answer = shared_host.rpc.exchange(json.dumps(message).encode() + b"\n")
    assert answer == {"type": "status", "payload": {"lifecycles": []}}


def test_the_largest_cursor_is_read(shared_host):
    """In full, and never by way of a floating point number."""
    answer = shared_host.rpc.answer("events", {"since": 2**64 - 1})
    assert answer == {"type": "cursor_expired", "payload": {"oldest": 0}}
