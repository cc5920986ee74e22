"""The files of the page, and the policy that comes with them."""

import re

import pytest


def test_the_page_comes_with_a_policy_that_runs_only_its_own_scripts(shared_daemon):
    answer = shared_daemon.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = dict(
        (words[0], words[1:]) for words in map(str.split, answer.headers["Content-Security-Policy"].split(";")) if words
    )
    assert policy.get("script-src", policy["default-src"]) == ["'self'"]
    assert policy["frame-ancestors"] in (["'self'"], ["'none'"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_everything_the_page_asks_for_is_there(shared_daemon):
    page = shared_daemon.get("/").text
    paths = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert paths
    kinds = {"js": "text/javascript", "css": "text/css"}
    for path in paths:
        answer = shared_daemon.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"].startswith(kinds[path.rsplit(".", 1)[1]]), path


def test_a_browser_that_has_a_file_is_not_sent_it_again(shared_daemon):
    first = shared_daemon.get("/vendor/vue.js")
    again = shared_daemon.get("/vendor/vue.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert shared_daemon.get("/vendor/vue.js", headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize(
    "path", ["/vendor.lock", "/.gitignore", "/vendor/", "/vendor/nothing.js", "/app", "/tests/index.html"]
)
def test_what_is_not_part_of_the_page_is_not_found(shared_daemon, path):
    answer = shared_daemon.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


def test_the_metrics_are_what_prometheus_reads(daemon):
    daemon.wait_for_end(daemon.mock("all"))
    text = daemon.get("/metrics").text
    assert daemon.get("/metrics").headers["Content-Type"].startswith("text/plain; version=0.0.4")
    described, series = set(), set()
    for line in text.splitlines():
        if match := re.fullmatch(r"# (?:HELP|TYPE) (drover_[a-z_]+|process_[a-z_]+) .+", line):
            described.add(match[1])
            continue
        match = re.fullmatch(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})? (?:[0-9.eE+-]+|NaN|\+Inf)', line)
        assert match, line
        name = re.sub("_(bucket|sum|count)$", "", match[1])
        assert name in described or match[1] in described, line
        assert (match[1], match[2]) not in series, f"twice: {line}"
        series.add((match[1], match[2]))
        # Never label with ids: every session would make a series that stays.
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", line), line
    names = {name for name, _ in series}
    assert {"drover_sessions_started_total", "drover_sessions_ended_total", "drover_runner_events_total"} <= names
