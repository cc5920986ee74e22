"""The runtime RPC's transport on asyncio: one line, one answer, one connection. Nothing is durable, and no process is started."""

import asyncio
import json
import sys

CAPABILITIES = [
    "structured_protocol_errors", "headless_stdio_log_paths", "status_session_set_filter", "status_updated_since_filter",
    "typed_nudge_outcomes", "validate_target_preflight", "events_cursor", "events_long_poll", "tmux_pane_snapshot",
]
VERSION = {"version": "0.1.0", "git_sha": "unknown", "protocol_version": "0.3", "capabilities": CAPABILITIES}


def row(number):
    session = f"019cad10-4e20-7b31-a6f0-{number:012x}"
    return {
        "session_id": session, "runtime": "claude", "state": {"exited": {"code": 0, "signal": None}}, "shim_pid": 48210,
        "runtime_pid": 48211, "start_time": "2026-03-02T08:15:30.120Z", "tmux_pane": None, "log_availability": {
            "type": "headless",
            "payload": {"stdout_path": f"/srv/rtm/logs/{session}/stdout.log", "stderr_path": f"/srv/rtm/logs/{session}/stderr.log"},
        },
    }


class State:
    def __init__(self):
        self.rows = [row(number) for number in range(1000)]
        self.events = []
        self.waiters = {}


def line(kind, payload=None):
    message = {"type": kind} if payload is None else {"type": kind, "payload": payload}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class Connection(asyncio.Protocol):
    state = State()

    def connection_made(self, transport):
        self.transport = transport
        self.pending = b""

    def data_received(self, data):
        self.pending += data
        end = self.pending.find(b"\n")
        if end < 0:
            return
        request = json.loads(self.pending[:end])
        payload = request.get("payload") or {}
        match request["type"]:
            case "version":
                self.answer(line("version", {"version": VERSION}))
            case "status":
                self.answer(line("status", {"lifecycles": self.state.rows}))
            case "watchers":
                counts = {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": len(self.state.waiters)}
                self.answer(line("watchers", {"watchers": counts}))
            case "events":
                since = payload.get("since", 0)
                if since < len(self.state.events) or not payload.get("wait_ms"):
                    self.tell(since)
                else:
                    self.state.waiters[self] = since
            case "shim_exit":
                exit = payload["exit"]
                told = {"session_id": exit["session_id"], "exit_code": exit["exit"]["code"], "signal": None, "evidence": "shim_exit"}
                self.state.events.append({"type": "terminated", "payload": told})
                waiters, self.state.waiters = self.state.waiters, {}
                for waiter, since in waiters.items():
                    waiter.tell(since)
                self.answer(line("ack"))

    def tell(self, since):
        self.answer(line("events", {"events": self.state.events[since:], "cursor": len(self.state.events)}))

    def answer(self, bytes):
        self.transport.write(bytes)
        self.transport.close()

    def connection_lost(self, error):
        self.state.waiters.pop(self, None)


async def main():
    server = await asyncio.get_running_loop().create_unix_server(Connection, sys.argv[1], backlog=1024)
    print('{"port":0}', flush=True)
    await server.serve_forever()


asyncio.run(main())
