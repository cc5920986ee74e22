"""Every request line that the contract gives as an example gets an answer that the contract allows (§2.2, §9)."""

import json
import subprocess

import pytest

from harness import rpc_shapes

# One line each, as in the contract, with the answers there may be when nothing has been started: types, and codes of
# errors behind a colon.
EXAMPLES = r"""
error:launch_failed
{"type":"spawn","payload":{"request":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a01","runtime":"claude","env":[{"key":"PATH","value":"/usr/local/bin:/usr/bin:/bin"},{"key":"LANG","value":"C.UTF-8"}],"cwd":"/srv/work/alpha","target":{"type":"headless","payload":{}}}}}
error:tmux_pane_dead error:launch_failed
{"type":"spawn","payload":{"request":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a02","runtime":"codex","env":[],"cwd":"/srv/work/beta","target":{"type":"tmux","payload":{"address":"agents:2.1"}}}}}
validate_target
{"type":"validate_target","payload":{"request":{"target":"tmux:agents:2.1"}}}
error:session_not_found
{"type":"kill","payload":{"request":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a01","signal":"term","grace_secs":5}}}
error:runtime_unavailable
{"type":"kill_by_pid","payload":{"request":{"pid":48211,"signal":15,"grace_secs":3}}}
error:session_not_found
{"type":"nudge","payload":{"request":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a02","content":"please run the tests again"}}}
capture
{"type":"capture","payload":{"request":{"target_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a02"}}}
capture
{"type":"capture","payload":{"request":{"target_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a02","scrollback_lines":200}}}
status
{"type":"status","payload":{"request":{"session_id":null,"runtime":null,"state":null}}}
status
{"type":"status","payload":{"request":{"session_id":null,"session_ids":["019cad10-4e20-7b31-a6f0-5d2c9be01a01","019cad10-4e20-7b31-a6f0-5d2c9be01a02"],"updated_since":"2026-03-02T08:00:00Z","runtime":"codex","state":"running"}}}
version
{"type":"version"}
watchers
{"type":"watchers"}
doctor
{"type":"doctor"}
events
{"type":"events","payload":{}}
cursor_expired
{"type":"events","payload":{"since":41,"wait_ms":30000}}
mcp_bridge
{"type":"mcp_bridge","payload":{"request":{"line":"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/list\"}"}}}
error:protocol_mismatch
{"type":"shim_launch","payload":{"request":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a01"}}}
error:session_not_found
{"type":"shim_ready","payload":{"ready":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a01","shim_pid":48210,"runtime_pid":48211,"start_time":"2026-03-02T08:15:30.120Z","tmux_pane":null}}}
error:session_not_found
{"type":"shim_exit","payload":{"exit":{"session_id":"019cad10-4e20-7b31-a6f0-5d2c9be01a01","exit":{"code":0,"signal":null}}}}
mcp_bridge
{"type":"mcp_bridge","payload":{"request":{"line":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"rtm_watchers\",\"arguments\":{}}}"}}}
""".strip().splitlines()  # noqa: E501

PAIRS = list(zip(EXAMPLES[0::2], EXAMPLES[1::2], strict=True))


def vanished_pid() -> int:
    """The number of a process that has just ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("allowed, line", PAIRS, ids=[f"{n}-{json.loads(p[1])['type']}" for n, p in enumerate(PAIRS)])
def test_an_example_is_answered_as_the_contract_allows(shared_host, allowed, line):
    message = json.loads(line)
    if message["type"] == "kill_by_pid":
        # The number in the contract may be that of somebody's process here.
        message["payload"]["request"]["pid"] = vanished_pid()
        line = json.dumps(message)
    answer = shared_host.rpc.exchange(line.encode() + b"\n")
    rpc_shapes.check_fits(message["type"], answer)
    told = answer["type"] if answer["type"] != "error" else f"error:{answer['payload']['code']}"
    assert told in allowed.split(), answer
    assert shared_host.rpc.status() == []


def test_the_answers_to_the_first_questions(shared_host):
    rpc = shared_host.rpc
    assert rpc.watchers() == {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": 0}
    assert rpc.answer("events", {}) == {"type": "events", "payload": {"events": [], "cursor": 0}}
    assert rpc.answer("version")["payload"]["version"]["capabilities"] == rpc_shapes.CAPABILITIES
    assert rpc.version()["version"] == shared_host.ready["version"]
    assert rpc.capture("019cad10-4e20-7b31-a6f0-5d2c9be01a02") == {
        "status": "failed",
        "payload": {"type": "session_missing"},
    }


def test_keys_without_a_value_are_written_as_null(shared_host):
    line = shared_host.rpc.bridge({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert line is None
    doctor = shared_host.rpc.doctor()
    assert "error" in doctor["tmux"] and doctor["tmux"]["error"] is None


def test_solidi_are_not_escaped(shared_host):
    with shared_host.rpc.connect() as peer:
        peer.send(b'{"type":"validate_target","payload":{"request":{"target":"ssh:/a/b"}}}\n')
        assert b'"ssh:/a/b"' in peer.read_to_end()
