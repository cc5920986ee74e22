"""Daemons that start runtimes, and daemons that chat."""

from collections.abc import Callable, Iterator

import pytest

from harness.chat import ChatDaemon, Provider
from harness.runtimes import RuntimeDaemon


@pytest.fixture
def make_host() -> Iterator[Callable[..., RuntimeDaemon]]:
    """Makes daemons with launchers on their PATH that are not started yet."""
    made: list[RuntimeDaemon] = []

    def make(**variables: str) -> RuntimeDaemon:
        host = RuntimeDaemon(**variables)
        made.append(host)
        return host

    yield make
    for host in made:
        host.close()


@pytest.fixture
def host(make_host) -> RuntimeDaemon:
    """A daemon with launchers, for this test alone."""
    return make_host().start()


@pytest.fixture
def tmux_host(make_host) -> RuntimeDaemon:
    """A daemon with launchers and a tmux server, in which the session `work` has one pane."""
    host = make_host()
    host.tmux.new_session("work")
    return host.start()


@pytest.fixture(scope="session")
def shared_host_process() -> Iterator[RuntimeDaemon]:
    host = RuntimeDaemon()
    host.tmux.new_session("work")
    host.start()
    yield host
    host.close()


@pytest.fixture
def shared_host(shared_host_process) -> Iterator[RuntimeDaemon]:
    """A daemon for questions that leave no trace in it. It must be well after each of them."""
    pid = shared_host_process.pid
    yield shared_host_process
    assert shared_host_process.program.is_running(), shared_host_process.log_text()[-3000:]
    assert shared_host_process.pid == pid
    assert shared_host_process.rpc.version()["protocol_version"] == "0.3"


@pytest.fixture
def make_chat_daemon() -> Iterator[Callable[..., ChatDaemon]]:
    """Makes daemons with a chat configuration, `config`, that are not started yet."""
    made: list[ChatDaemon] = []

    def make(config: dict | None = None, **variables: str) -> ChatDaemon:
        daemon = ChatDaemon(config, **variables)
        made.append(daemon)
        return daemon

    yield make
    for daemon in made:
        daemon.close()


@pytest.fixture
def chat_daemon(make_chat_daemon) -> ChatDaemon:
    """A daemon that answers with the mock provider."""
    return make_chat_daemon().start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider on this machine that does as the test says."""
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture(scope="session")
def shared_chat_process() -> Iterator[ChatDaemon]:
    daemon = ChatDaemon()
    daemon.start()
    yield daemon
    daemon.close()


@pytest.fixture
def shared_chat(shared_chat_process) -> Iterator[ChatDaemon]:
    """A daemon with the mock provider for requests that it refuses. It must be well after each of them."""
    yield shared_chat_process
    assert shared_chat_process.program.is_running(), shared_chat_process.log_text()[-3000:]
    assert shared_chat_process.get("/api/health").json()["status"] == "ok"
