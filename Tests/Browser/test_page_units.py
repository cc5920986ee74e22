"""The page's own unit tests, which report in the title of their document."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator

import pytest

from harness.program import REPOSITORY
from harness.waiting import eventually


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    """The folder of the page, served as files."""
    handler = functools.partial(Quiet, directory=str(REPOSITORY / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_unit_tests_of_the_page_pass(browser, address):
    browser.get(f"{address}/tests/index.html")
    title = eventually(lambda: re.fullmatch(r"(\d+) passed, (\d+) failed", browser.title), "the tests have run")
    report = browser.execute_script("return document.body.innerText")
    assert int(title[1]) > 0, report
    assert int(title[2]) == 0, report
