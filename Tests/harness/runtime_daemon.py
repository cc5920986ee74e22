"""The daemon's side of the runtime RPC as a shim sees it, played by the test: every answer is the test's own."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from harness import processes
from harness.program import built
from harness.waiting import PATIENCE, eventually

SESSION = "019cad10-4e20-7b31-a6f0-5d2c9be01a01"
ACK = {"type": "ack"}


def launch_answer(argv: list, env: list | dict = (), cwd: str = "/", **more) -> dict:
    if isinstance(env, dict):
        env = list(env.items())
    entries = [{"key": key, "value": value} for key, value in env]
    return {"type": "shim_launch", "payload": {"launch": {"argv": argv, "env": entries, "cwd": cwd, **more}}}


def error_answer(code: str, message: str) -> dict:
    return {"type": "error", "payload": {"code": code, "message": message}}


class Call:
    """One connection of a shim: its line was read, its answer is awaited."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        connection.settimeout(PATIENCE)
        self.line = b""
        while not self.line.endswith(b"\n"):
            piece = connection.recv(4096)
            assert piece, f"the shim closed after {self.line!r}"
            self.line += piece

    @property
    def type(self) -> str:
        return json.loads(self.line)["type"]

    @property
    def payload(self) -> dict:
        return json.loads(self.line)["payload"]

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, answer: dict | bytes) -> None:
        # A shim that was killed or had enough does not read to the end.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n")
        self.close()

    def close(self) -> None:
        self.connection.close()

    def is_open(self) -> bool:
        """Whether the shim still waits. It never sends anything after its line, and does not half-close."""
        self.connection.setblocking(False)
        try:
            return bool(self.connection.recv(1))
        except BlockingIOError:
            return True


class RuntimeDaemon:
    """A listening socket at a path that can go away and come back."""

    def __init__(self, path: Path):
        self.path = path
        self.listener: socket.socket | None = None
        self.calls: list[Call] = []

    def open(self) -> "RuntimeDaemon":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(128)
        return self

    def close(self) -> None:
        """Goes away, as a daemon does that stops: whoever waits for an answer is cut off."""
        for call in self.calls:
            call.close()
        self.calls.clear()
        if self.listener:
            self.listener.close()
            self.listener = None
            self.path.unlink()

    def next(self, within: float = PATIENCE) -> Call:
        self.listener.settimeout(within)
        connection, _ = self.listener.accept()
        self.calls.append(Call(connection))
        return self.calls[-1]

    def expect(self, type: str, answer: dict | bytes | None = None, within: float = PATIENCE) -> Call:
        """The next call, which must be of this type; answered when an answer is given."""
        call = self.next(within)
        assert call.type == type, call.line
        if answer is not None:
            call.answer(answer)
        return call

    def is_called(self) -> bool:
        """Whether somebody has called who was not asked yet what for."""
        return bool(select.select([self.listener], [], [], 0)[0])


class Shim:
    """A shim, and the runtime it is given."""

    def __init__(self, folder: Path, *, program: Path | None = None, words: list[str] | None = None, **options):
        self.folder = folder
        self.errors = folder / "stderr"
        program = program or built("drover-shim", "DROVER_SHIM_BIN")
        with (folder / "stdout").open("ab") as stdout, self.errors.open("ab") as stderr:
            self.process = subprocess.Popen(
                [str(program), *(words if words is not None else ["__shim", "--session-id", SESSION])],
                **{"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": stderr, **options},
            )
        self.runtime: int | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self) -> str:
        return self.errors.read_text(errors="replace")

    def output(self) -> bytes:
        return (self.folder / "stdout").read_bytes()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait(self, within: float = PATIENCE) -> int:
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the shim still runs after {within} s; it said: {self.said()[-2000:]}") from None

    def close(self) -> None:
        left = processes.children(self.pid) if self.is_running() else []
        if self.runtime:
            left.append(self.runtime)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(10)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Stage:
    """A fake daemon, and shims that call it. A second of theirs lasts as long as the test wants."""

    def __init__(self, second: int = 1000):
        # Short, because the address of a Unix socket has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="shim-", dir="/tmp"))
        self.daemon = RuntimeDaemon(self.folder / "rpc.sock").open()
        self.environment = {"RTM_SOCKET_PATH": str(self.daemon.path), "DROVER_SHIM_SECOND_MS": str(second)}
        self.shims: list[Shim] = []

    def shim(self, *, environment: dict[str, str] | None = None, **options) -> Shim:
        folder = self.folder / str(len(self.shims))
        folder.mkdir()
        env = self.environment if environment is None else environment
        shim = Shim(folder, env=env, **options)
        self.shims.append(shim)
        return shim

    def start(self, argv: list, env: list | dict = (), cwd: str = "/", **options) -> Shim:
        """A shim whose runtime runs and was reported."""
        shim = self.shim(**options)
        self.daemon.expect("shim_launch", launch_answer(argv, env, cwd))
        ready = self.daemon.next()
        assert ready.type == "shim_ready", (ready.line, shim.said())
        shim.runtime = ready.payload["ready"]["runtime_pid"]
        ready.answer(ACK)
        return shim

    def script(self, script: str, **options) -> Shim:
        """A shim whose runtime is a shell with a script."""
        return self.start(["/bin/bash", "-c", script], {"PATH": "/usr/bin:/bin"}, **options)

    def expect_exit(self, code: int | None = None, signal: int | None = None, within: float = PATIENCE) -> None:
        """The report of an end, acknowledged."""
        call = self.daemon.expect("shim_exit", within=within)
        assert call.payload == {"exit": {"session_id": SESSION, "exit": {"code": code, "signal": signal}}}
        call.answer(ACK)

    def close(self) -> None:
        for shim in self.shims:
            shim.close()
        self.daemon.close()
        subprocess.run(["rm", "-rf", str(self.folder)], check=True)


def wait_for_lines(path: Path, *lines: str) -> None:
    """Until a file that a runtime writes holds these lines and no others."""

    def written():
        text = path.read_text().splitlines() if path.exists() else []
        assert text == list(lines), text
        return True

    eventually(written, f"{path} holds {lines}")
