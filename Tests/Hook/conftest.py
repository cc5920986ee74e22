"""Homes for the reporter, and the program itself."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_daemon import FakeDaemon

PROGRAM = Path(
    os.environ.get("DROVER_HOOK_BIN", Path(__file__).parent.parent.parent / ".build/release/drover-hook")
).resolve()


class Reporter:
    """drover-hook in a home of its own."""

    def __init__(self, home: Path):
        self.home = home
        self.program = PROGRAM
        self.environment = {
            "HOME": str(home),
            "PATH": f"{PROGRAM.parent}:/usr/local/bin:/usr/bin:/bin",
            "PWD": "/tmp",
        }

    @property
    def capacitor(self) -> Path:
        return self.home / ".capacitor"

    @property
    def spool(self) -> Path:
        return self.capacitor / "spool"

    @property
    def spooled(self) -> list[dict[str, Any]]:
        if not self.spool.exists():
            return []
        return [json.loads(path.read_text())["params"] for path in sorted(self.spool.glob("*.json"))]

    def handle(
        self, payload: Any, *words: str, shell: str = "sh", check: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Calls the hook as an agent does: through a shell, with the JSON on stdin."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        command = " ".join([str(self.program), "handle", *words])
        done = subprocess.run(
            [shell, "-c", command],
            input=data,
            capture_output=True,
            env=self.environment | variables,
            timeout=30,
        )
        if check:
            assert done.stdout == b""
            assert done.returncode == 0, done.stderr
        return done

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(self.program), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environment | variables,
            timeout=30,
        )


@pytest.fixture
def reporter() -> Iterator[Reporter]:
    # A socket's path may have no more than 107 bytes, which pytest's own folders may exceed.
    home = Path(tempfile.mkdtemp(prefix="hook-", dir="/tmp"))
    yield Reporter(home)
    shutil.rmtree(home)


@pytest.fixture
def make_daemon(reporter: Reporter) -> Iterator[Callable[..., FakeDaemon]]:
    made: list[FakeDaemon] = []

    def make(*arguments, **options) -> FakeDaemon:
        daemon = FakeDaemon(reporter.capacitor / "daemon.sock", *arguments, **options)
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def daemon(make_daemon) -> FakeDaemon:
    return make_daemon()
