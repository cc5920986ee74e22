"""A client of the runtime RPC: one request and one answer for each connection, by hand where a test needs that."""

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import rpc_shapes
from harness.waiting import PATIENCE, eventually

LINE_LIMIT = 8 * 1024 * 1024


class Closed(Exception):
    """The daemon closed the connection without an answer."""


class Refused(Exception):
    """The daemon answered with `error`."""

    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


def new_id() -> str:
    """A UUID of version 7, as callers are expected to mint."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def request_line(name: str, payload: object = None, **beside) -> bytes:
    """The line of a request; names without data have no payload (§2.1)."""
    message = {"type": name, **beside} | ({} if payload is None else {"payload": payload})
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def payload_of(name: str, data: dict | None) -> dict | None:
    """Wraps the data of a request once more where the contract does (§2.1 rule 4)."""
    wrappers = {"events": None, "shim_ready": "ready", "shim_exit": "exit"}
    wrapper = wrappers.get(name, "request")
    return data if data is None or wrapper is None else {wrapper: data}


class Peer:
    """One connection."""

    def __init__(self, path: str | Path, timeout: float = PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> bool:
        """Sends as much as the daemon takes; false when it closed before it had all."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def read_to_end(self) -> bytes:
        """Everything up to the end of the connection."""
        received = b""
        while True:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                return received
            if not data:
                return received
            received += data

    def answer(self) -> dict:
        """The one answer: a line, and after it the end of the connection."""
        received = self.read_to_end()
        if not received:
            raise Closed
        assert received.endswith(b"\n"), f"an answer ends with a line feed: {received[-200:]!r}"
        assert received.count(b"\n") == 1, f"more than one line came: {received[:500]!r}"
        answer = json.loads(received)
        rpc_shapes.check(answer)
        return answer


class RPC:
    """Speaks to the daemon behind one socket."""

    def __init__(self, path: str | Path, timeout: float = PATIENCE):
        self.path, self.timeout = str(path), timeout

    def connect(self, timeout: float | None = None) -> Peer:
        return Peer(self.path, timeout or self.timeout)

    def exchange(self, data: bytes, half_close: bool = False, timeout: float | None = None) -> dict:
        """Sends bytes as they are and returns the answer."""
        with self.connect(timeout) as peer:
            peer.send(data)
            if half_close:
                peer.half_close()
            return peer.answer()

    def answer(self, name: str, data: dict | None = None, timeout: float | None = None, **beside) -> dict:
        """The answer to a request, `error` included; its type is one the request may be answered with."""
        answer = self.exchange(request_line(name, payload_of(name, data), **beside), timeout=timeout)
        rpc_shapes.check_fits(name, answer)
        return answer

    def ask(self, name: str, data: dict | None = None, timeout: float | None = None, **beside) -> dict | None:
        """The payload of a successful answer, without the second wrapper; `error` is raised as Refused."""
        answer = self.answer(name, data, timeout, **beside)
        payload = answer.get("payload")
        if answer["type"] == "error":
            raise Refused(payload["code"], payload["message"])
        wrapper = rpc_shapes.WRAPPERS.get(answer["type"])
        return payload[wrapper] if wrapper else payload

    def refusal(self, name: str, data: dict | None = None, timeout: float | None = None, **beside) -> Refused:
        """The error that a request is answered with."""
        answer = self.answer(name, data, timeout, **beside)
        assert answer["type"] == "error", answer
        return Refused(answer["payload"]["code"], answer["payload"]["message"])

    # The requests

    def version(self) -> dict:
        return self.ask("version")

    def watchers(self) -> dict:
        return self.ask("watchers")

    def doctor(self) -> dict:
        return self.ask("doctor")

    def status(self, **filters) -> list[dict]:
        return self.ask("status", filters)["lifecycles"]

    def lifecycle(self, session: str) -> dict | None:
        rows = self.status(session_id=session)
        return rows[0] if rows else None

    def events(self, since: int | None = 0, **more) -> dict:
        return self.ask("events", ({} if since is None else {"since": since}) | more)

    def cursor(self) -> int:
        """The number of the newest event."""
        return self.events(0)["cursor"]

    def events_of(self, session: str) -> list[dict]:
        events = self.events(0)["events"]
        return [event for event in events if event["payload"]["session_id"] == session]

    def validate(self, target: str) -> dict:
        return self.ask("validate_target", {"target": target})["outcome"]

    def kill(self, session: str, signal: str = "term", grace: int = 5) -> None:
        answer = self.answer("kill", {"session_id": session, "signal": signal, "grace_secs": grace})
        assert answer["type"] == "ack", answer

    def nudge(self, session: str, content: str, **more) -> dict:
        return self.ask("nudge", {"session_id": session, "content": content}, **more)["outcome"]

    def capture(self, session: str, **more) -> dict:
        return self.ask("capture", {"target_id": session, **more})

    def bridge(self, line: object) -> dict | None:
        """What the MCP bridge answers to one line, decoded."""
        text = line if isinstance(line, str) else json.dumps(line)
        answer = self.ask("mcp_bridge", {"line": text})["line"]
        return None if answer is None else json.loads(answer)

    def stop(self, **beside) -> None:
        answer = self.answer("stop", **beside)
        assert answer["type"] == "stopping", answer

    # Waiting

    def wait_for_state(self, session: str, *states: object, within: float = PATIENCE) -> dict:
        """Waits until the session has one of the states: `"running"`, `"exited"`, `"lost"`, or a whole state."""

        def reached():
            row = self.lifecycle(session)
            assert row is not None, "there is no row"
            state = row["state"]
            name = state if isinstance(state, str) else next(iter(state))
            assert state in states or name in states, f"its state is {state}"
            return row

        return eventually(reached, f"session {session} is {' or '.join(map(str, states))}", within)

    def wait_for_end(self, session: str, within: float = PATIENCE) -> dict:
        return self.wait_for_state(session, "exited", "lost", within=within)

    def wait_for_watchers(self, within: float = PATIENCE, **counts: int) -> None:
        def as_told():
            now = self.watchers()
            assert {name: now[name] for name in counts} == counts, now
            return True

        eventually(as_told, f"the watchers are {counts}", within)


def at_once(count: int, work) -> list:
    """Runs `work(0)` … `work(count - 1)` side by side and returns what they gave, or the exceptions they raised."""

    def guarded(number: int):
        try:
            return work(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(max_workers=count) as pool:
        return list(pool.map(guarded, range(count)))
