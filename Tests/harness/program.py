"""Starts a program that says in one line of JSON that it is ready."""

import json
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def built(product: str, variable: str) -> Path:
    """The release program of this checkout, or the one the environment names."""
    program = Path(os.environ.get(variable) or REPOSITORY / ".build/release" / product)
    assert program.exists(), f"{program} does not exist: run `make test`, or name one in {variable}"
    return program


def clean_environment(**variables: str) -> dict[str, str]:
    """An environment that owes nothing to the person who runs the tests."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **variables}


class Program:
    """One run of a program, from its ready line to its end. What it wrote to stderr is in `log`."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, folder: Path | None = None):
        self.log = log
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self, within: float = 20.0) -> dict:
        """Returns the object of the ready line."""
        line = self._read_line(within)
        assert line, f"the program ended before it was ready (exit {self.process.wait(5)}): {self.log_text()[-2000:]}"
        return json.loads(line)

    def _read_line(self, within: float) -> bytes:
        stdout = self.process.stdout.fileno()
        deadline = time.monotonic() + within
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                assert selector.select(deadline - time.monotonic()), f"no ready line: {self.log_text()[-2000:]}"
                # One byte at a time, so that what follows the line stays in the pipe.
                byte = os.read(stdout, 1)
                if not byte:
                    return b""
                line += byte
        return line

    def is_running(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, within: float = 20.0) -> int:
        """Returns the exit code; negative for a signal."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program still runs after {within} s: {self.log_text()[-2000:]}") from None

    def terminate(self, within: float = 20.0) -> int:
        self.signal(signal.SIGTERM)
        return self.wait(within)

    def kill(self) -> None:
        if self.is_running():
            self.signal(signal.SIGKILL)
            self.process.wait(10)

    def close(self) -> None:
        self.kill()
        self.process.stdout.close()
