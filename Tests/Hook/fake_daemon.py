"""The daemon's side of the socket, as a test wants it to behave."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def accept(request: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "id": request["id"], "data": {"accepted": True}}


def refuse(code: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda request: {"ok": False, "id": request["id"], "error": {"code": code, "message": "no"}}


class FakeDaemon:
    """Takes one request a connection and answers it, or does not when the answer is None."""

    def __init__(self, path: Path, answer: Callable[[dict[str, Any]], dict[str, Any] | None] = accept):
        self.path = path
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.connections = 0
        #: Most memory that the sender of each request had used by then, in KiB.
        self.memory: list[int] = []
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(256)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def events(self) -> list[dict[str, Any]]:
        return [request["params"] for request in self.requests]

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            received = b""
            while not received.endswith(b"\n"):
                chunk = connection.recv(65536)
                if not chunk:
                    break
                received += chunk
            with self._lock:
                self.connections += 1
            if not received:
                return
            request = json.loads(received)
            with self._lock:
                self.memory.append(most_memory(connection))
                self.requests.append(request)
            answer = self.answer(request)
            if answer is None:
                # Silence until the other side gives up.
                while connection.recv(4096):
                    pass
                return
            # A shell's prompt may have told what it had to and not wait for an answer.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        self.path.unlink(missing_ok=True)


def most_memory(connection: socket.socket) -> int:
    """Of the process at the other end, while it waits for its answer."""
    pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
