"""Echo servers, one of each kind for all tests of a worker."""

from collections.abc import Iterator

import pytest

from harness.echo import Echo


def serve(*options: str) -> Iterator[Echo]:
    echo = Echo(*options)
    yield echo
    echo.close()


@pytest.fixture(scope="session")
def engine() -> Iterator[Echo]:
    """Bare Engine.IO that sends every message back."""
    yield from serve("--engine")


@pytest.fixture(scope="session")
def brisk_engine() -> Iterator[Echo]:
    """The same with a heartbeat that a test can wait for, and a time-out that a busy machine can keep."""
    yield from serve("--engine", "--ping-interval", "300", "--ping-timeout", "1500")


@pytest.fixture(scope="session")
def small_engine() -> Iterator[Echo]:
    """The same with small limits."""
    yield from serve("--engine", "--max-payload", "1000")


@pytest.fixture(scope="session")
def server() -> Iterator[Echo]:
    """Socket.IO with the namespaces `/` and `/custom`."""
    yield from serve()


@pytest.fixture(scope="session")
def brisk_server() -> Iterator[Echo]:
    yield from serve("--ping-interval", "300", "--ping-timeout", "1500")
