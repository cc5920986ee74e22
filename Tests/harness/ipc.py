"""A client of the daemon IPC: one request and one answer for each connection."""

import itertools
import json
import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.waiting import PATIENCE

_numbers = itertools.count()


def stamp(seconds: float = 0) -> str:
    """A time as hooks write it, that many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Refused(Exception):
    def __init__(self, code: str, message: str):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class IPC:
    def __init__(self, path: str | Path):
        self.path = str(path)

    def connect(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(PATIENCE)
        try:
            peer.connect(self.path)
        except OSError:
            peer.close()
            raise
        return peer

    def exchange(self, request: bytes, half_close: bool = False) -> dict:
        """Sends these very bytes and reads the one line that comes back."""
        with self.connect() as peer:
            try:
                peer.sendall(request)
                if half_close:
                    peer.shutdown(socket.SHUT_WR)
            except BrokenPipeError:
                pass  # refused before it was read; the answer is there all the same
            answer = b""
            while not answer.endswith(b"\n"):
                piece = peer.recv(65536)
                if not piece:
                    break
                answer += piece
        return json.loads(answer)

    def answer(self, method: str, params: object = None, **envelope) -> dict:
        message = {"protocol_version": 1, "method": method, "id": "test", "params": params} | envelope
        return self.exchange(json.dumps(message).encode() + b"\n")

    def ask(self, method: str, params: object = None) -> object:
        answer = self.answer(method, params)
        if not answer["ok"]:
            raise Refused(answer["error"]["code"], answer["error"]["message"])
        return answer["data"]

    def code(self, method: str, params: object = None, **envelope) -> str:
        answer = self.answer(method, params, **envelope)
        assert not answer["ok"], answer
        assert "data" not in answer
        return answer["error"]["code"]

    def event(self, event_type: str, at: float = 0, **fields) -> dict:
        return self.ask("event", new_event(event_type, at, **fields))

    def sessions(self) -> dict[str, dict]:
        return {session["session_id"]: session for session in self.ask("get_sessions")}


def new_event(event_type: str, at: float = 0, **fields) -> dict:
    event_id = f"evt-{time.time_ns() // 1_000_000}-{os.getpid()}-{next(_numbers)}"
    return {"event_id": event_id, "recorded_at": stamp(at), "event_type": event_type} | fields
