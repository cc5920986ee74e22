"""A person at a terminal: runs a program in a PTY, reads its screen and types."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from harness.waiting import PATIENCE


class Terminal:
    def __init__(self, command: list[str], environment: dict[str, str], cols: int = 100, rows: int = 30, folder=None):
        self.master, slave = pty.openpty()
        self.resize(cols, rows)
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color"},
            cwd=folder,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.screen = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def type(self, text: str | bytes) -> None:
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def _read(self, within: float) -> bool:
        """Reads some; false when nothing came in time or the program has closed its terminal."""
        ready, _, _ = select.select([self.master], [], [], max(0, within))
        if not ready:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.screen += data
        return bool(data)

    def wait_for(self, text: bytes, within: float = PATIENCE) -> bytes:
        deadline = time.monotonic() + within
        while text not in self.screen:
            if not self._read(deadline - time.monotonic()) and text not in self.screen:
                raise AssertionError(f"{text!r} did not appear; the terminal shows {self.screen[-2000:]!r}")
        return self.screen

    def wait(self, within: float = PATIENCE) -> int:
        """Reads until the program ends and returns its exit code."""
        deadline = time.monotonic() + within
        while self._read(deadline - time.monotonic()):
            pass
        try:
            return self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the program still runs; the terminal shows {self.screen[-2000:]!r}") from None
