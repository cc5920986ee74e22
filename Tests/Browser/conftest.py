"""One browser for all tests of a worker; every daemon has an address, and so a storage, of its own."""

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.chat_server import ChatServer
from harness.daemon import Daemon
from harness.page import Page, open_browser
from harness.program import REPOSITORY


@pytest.fixture(scope="session")
def browser():
    with tempfile.TemporaryDirectory(prefix="drover-browser-", ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile))
        yield browser
        browser.quit()


@pytest.fixture
def daemon(make_daemon) -> Daemon:
    """A daemon that serves the page of this checkout, wherever its program is from."""
    daemon = make_daemon()
    daemon.launch = functools.partial(daemon.launch, "--web-root", str(REPOSITORY / "web"))
    return daemon.start()


@pytest.fixture
def page(browser, daemon) -> Iterator[Page]:
    """The page of this test's daemon. It must not have complained when the test is over."""
    page = Page(browser, daemon.url)
    yield page
    complaints = page.complaints()
    browser.get("about:blank")
    assert complaints == []


@pytest.fixture
def page_of_a_daemon_that_goes_away(browser, daemon) -> Iterator[Page]:
    """The same, where failed requests are part of the story."""
    page = Page(browser, daemon.url)
    yield page
    complaints = [text for text in page.complaints() if "net::ERR_" not in text and "WebSocket connection" not in text]
    browser.get("about:blank")
    assert complaints == []


@pytest.fixture
def chat(daemon) -> Iterator[ChatServer]:
    """The daemon, with a chat that the test plays."""
    server = ChatServer(daemon.url)
    yield server
    server.close()


@pytest.fixture
def chat_page(browser, chat) -> Iterator[Page]:
    """The page with the chat. It must not have complained when the test is over."""
    page = Page(browser, chat.url)
    yield page
    complaints = page.complaints()
    browser.get("about:blank")
    assert complaints == []


@pytest.fixture
def chat_page_with_failures(browser, chat) -> Iterator[Page]:
    """The same, where requests that fail are part of the story: the browser itself complains of each."""
    page = Page(browser, chat.url)
    yield page
    complaints = [
        text for text in page.complaints() if "Failed to load resource" not in text and "net::ERR_" not in text
    ]
    browser.get("about:blank")
    assert complaints == []
