"""Echo servers, one of each kind for all tests of a worker."""

from collections.abc import Iterator

import pytest

from harness.examples import Echo


@pytest.fixture(scope="session")
def echoes() -> Iterator[dict[tuple[str, ...], Echo]]:
    """The servers that run, by their options."""
    running: dict[tuple[str, ...], Echo] = {}
    yield running
    for echo in running.values():
        echo.close()


@pytest.fixture
def echo(echoes) -> Iterator:
    """Gives the server with these options. A test that kills one fails itself, and the next test gets a new one."""
    used: list[tuple[str, ...]] = []

    def serve(*options: str) -> Echo:
        if options not in echoes:
            echoes[options] = Echo(*options)
        used.append(options)
        return echoes[options]

    yield serve
    for options in used:
        if not echoes[options].program.is_running():
            dead = echoes.pop(options)
            log = dead.program.log_text()[-2000:]
            dead.close()
            pytest.fail(f"the server died: {log}")


@pytest.fixture
def engine(echo) -> Echo:
    """Bare Engine.IO that sends every message back."""
    return echo("--engine")


@pytest.fixture
def brisk_engine(echo) -> Echo:
    """The same with a heartbeat that a test can wait for, and a time-out that a busy machine can keep."""
    return echo("--engine", "--ping-interval", "300", "--ping-timeout", "1500")


@pytest.fixture
def small_engine(echo) -> Echo:
    """The same with small limits."""
    return echo("--engine", "--max-payload", "1000")


@pytest.fixture
def server(echo) -> Echo:
    """Socket.IO with the namespaces `/` and `/custom`."""
    return echo()


@pytest.fixture
def brisk_server(echo) -> Echo:
    return echo("--ping-interval", "300", "--ping-timeout", "1500")
