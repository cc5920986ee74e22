"""One browser for all tests of a worker; every daemon has an address, and so a storage, of its own."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.page import Page, open_browser


@pytest.fixture(scope="session")
def browser():
    with tempfile.TemporaryDirectory(prefix="drover-browser-", ignore_cleanup_errors=True) as profile:
        browser = open_browser(Path(profile))
        yield browser
        browser.quit()


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
