"""Daemons for the tests, and the unit tests' results beside theirs."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engineio.payload import Payload

from harness.daemon import Daemon
from harness.viewer import Viewer

pytest_plugins = ["harness.unit_tests"]

HERE = Path(__file__).parent

# The Python client takes at most 16 packets of one answer to a poll unless it is told otherwise.
Payload.max_decode_packets = 100_000

# Clients that others wrote would send what they say to a proxy; everything here is on this machine.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"


def pytest_sessionstart(session: pytest.Session) -> None:
    (HERE / "Browser/screenshots").mkdir(exist_ok=True)


@pytest.fixture
def make_daemon() -> Iterator[Callable[..., Daemon]]:
    """Makes daemons that are not started yet; environment variables are its arguments."""
    made: list[Daemon] = []

    def make(**variables: str) -> Daemon:
        daemon = Daemon(**variables)
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def daemon(make_daemon) -> Daemon:
    """A daemon with an empty home, for this test alone."""
    return make_daemon().start()


@pytest.fixture(scope="session")
def shared_daemon_process() -> Iterator[Daemon]:
    daemon = Daemon()
    daemon.start()
    yield daemon
    daemon.close()


@pytest.fixture
def shared_daemon(shared_daemon_process) -> Iterator[Daemon]:
    """A daemon for tests that leave no trace in it: bad input, above all. It must be well after each of them."""
    pid = shared_daemon_process.pid
    yield shared_daemon_process
    assert shared_daemon_process.program.is_running(), shared_daemon_process.log_text()[-3000:]
    assert shared_daemon_process.pid == pid
    assert shared_daemon_process.is_healthy()


@pytest.fixture
def watch(daemon) -> Iterator[Callable[..., Viewer]]:
    """Opens viewers on the daemon of this test."""
    viewers: list[Viewer] = []

    def open(transport: str = "websocket", **options) -> Viewer:
        viewer = Viewer(daemon.url, transport, **options)
        viewers.append(viewer)
        return viewer

    yield open
    for viewer in viewers:
        viewer.close()
