"""A daemon that starts runtimes: launchers planted on its PATH, and an end to everything that outlives it by design."""

import contextlib
import os
import signal
import sys
import textwrap
from pathlib import Path

from harness import processes
from harness.daemon import Daemon
from harness.rpc import RPC, new_id
from harness.tmux import Tmux
from harness.waiting import eventually

# A runtime does what the variable DO says, and without one it rests. A process that rests is called like the launcher,
# so that it can be told whose it is when its environment was cleared.
LAUNCHER = """\
#!/bin/bash
rest() { exec -a "$0" sleep 1000; }
if [ -n "$DO" ]; then eval "$DO"; else rest; fi
"""

# A program in a pane that takes what is typed byte by byte and keeps it in a file.
READER = """\
import os, sys, tty
tty.setraw(0)
if "bracketed" in sys.argv:
    os.write(1, b"\\x1b[?2004h")
with open(sys.argv[1], "ab", buffering=0) as file:
    os.write(1, b"READING")
    while data := os.read(0, 65536):
        file.write(data)
"""

# How a fake shim speaks: `call` sends one request and returns the decoded answer.
SHIM = """\
import json, os, socket, subprocess, sys, time, signal
assert sys.argv[1:3] == ["__shim", "--session-id"], sys.argv
session = sys.argv[3]

def call(name, payload):
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(os.environ["RTM_SOCKET_PATH"])
        peer.sendall(json.dumps({"type": name, "payload": payload}).encode() + b"\\n")
        return json.loads(peer.makefile().readline())

def launch():
    return call("shim_launch", {"request": {"session_id": session}})

def ready(runtime, shim=None, start="2026-03-02T08:15:30.120Z", session=session):
    report = {"session_id": session, "shim_pid": shim or os.getpid(), "runtime_pid": runtime, "start_time": start}
    return call("shim_ready", {"ready": report | {"tmux_pane": None}})

def exited(code=None, signal=None):
    return call("shim_exit", {"exit": {"session_id": session, "exit": {"code": code, "signal": signal}}})

def note(value, file="notes"):
    with open(os.path.join(os.path.dirname(sys.argv[0]), file), "a") as notes:
        notes.write(json.dumps(value) + "\\n")
"""


def wait_until_it_rests(pid: int) -> None:
    """A launcher is a script, and for a moment its process is a shell, with a shell's own signals and files."""
    eventually(lambda: b"1000" in processes.read(pid, "cmdline"), "the runtime rests")


class RuntimeDaemon(Daemon):
    def __init__(self, **variables: str):
        super().__init__(**variables)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.work = self.folder / "work"
        self.work.mkdir()
        self.environment["PATH"] = f"{self.bin}:{self.environment['PATH']}"
        self.environment["TMUX_TMPDIR"] = str(self.folder / "tmux")
        self.tmux = Tmux(self.folder / "tmux", self.environment)
        for runtime in ("claude", "codex"):
            self.plant(runtime, LAUNCHER)
        self.reader = self.plant_python("reader", READER)

    # Files

    def plant(self, name: str, text: str | bytes, mode: int = 0o755, folder: Path | None = None) -> Path:
        """Puts a program on the daemon's PATH."""
        file = (folder or self.bin) / name
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        file.chmod(mode)
        return file

    def plant_python(self, name: str, text: str) -> Path:
        # Isolated and without site packages: it starts in a third of the time.
        return self.plant(name, f"#!{sys.executable} -IS\n{text}")

    def use_shim(self, body: str) -> None:
        """Makes the daemon start this in place of its shim. Call it before the daemon starts."""
        shim = self.plant_python("fake-shim", SHIM + textwrap.dedent(body))
        self.environment["RTM_SHIM_PATH"] = str(shim)

    # Talking to it

    @property
    def socket(self) -> Path:
        return Path(self.ready.get("rpc") or self.environment["RTM_SOCKET_PATH"])

    @property
    def rpc(self) -> RPC:
        return RPC(self.socket)

    def spawn_request(
        self,
        do: str | None = None,
        runtime: str = "claude",
        session: str | None = None,
        address: str | None = None,
        env: dict[str, str] | list[tuple[str, str]] | None = None,
        cwd: str | Path | None = None,
        **more,
    ) -> dict:
        variables = list(env.items() if isinstance(env, dict) else env or [])
        if do is not None:
            variables.append(("DO", do))
        target = {"type": "tmux", "payload": {"address": address}} if address else {"type": "headless", "payload": {}}
        return {
            "session_id": session or new_id(),
            "runtime": runtime,
            "env": [{"key": key, "value": value} for key, value in variables],
            "cwd": str(cwd or self.work),
            "target": target,
            **more,
        }

    def spawn(self, do: str | None = None, **more) -> dict:
        """Starts a runtime and returns the payload of `spawned`. `do` is what it does, in words of a shell."""
        request = self.spawn_request(do, **more)
        spawned = self.rpc.ask("spawn", request)
        lifecycle = spawned["lifecycle"]
        assert lifecycle["session_id"] == request["session_id"]
        assert lifecycle["runtime"] == request["runtime"]
        assert lifecycle["state"] == "running", spawned
        assert spawned["event"]["type"] == "running"
        return spawned

    def start_runtime(self, do: str | None = None, **more) -> str:
        """Starts a runtime and returns the session's id."""
        return self.spawn(do, **more)["lifecycle"]["session_id"]

    def refusal(self, do: str | None = None, **more):
        return self.rpc.refusal("spawn", self.spawn_request(do, **more))

    def start_reader(self, address: str, bracketed: bool = False, **more) -> tuple[str, Path]:
        """Starts a runtime in a pane that keeps what is typed; gives the session and the file."""
        file = self.work / f"typed-{new_id()}"
        word = " bracketed" if bracketed else ""
        session = self.start_runtime(f"exec {self.reader} {file}{word}", address=address, **more)
        self.tmux.wait_for_text(address, "READING")
        return session, file

    # Its end

    def runtimes(self) -> list[int]:
        """What runs on behalf of this daemon without being it: shims, runtimes, a tmux server."""
        return [pid for pid in self.processes() if not (self.program and pid == self.program.pid)]

    def end_runtimes(self) -> None:
        """Ends what outlives a daemon by design."""
        self.tmux.close()

        def gone():
            for pid in self.runtimes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not self.runtimes()

        eventually(gone, "no shim and no runtime is left", within=10)

    def close(self) -> None:
        try:
            self.end_runtimes()
        finally:
            super().close()

    def wait_for_rest(self) -> None:
        """Waits until nothing runs but the daemon."""

        def alone():
            left = [(pid, processes.command_line(pid)) for pid in self.runtimes()]
            assert not left, f"these still run: {left}"
            return True

        eventually(alone, "nothing runs but the daemon")
