"""Sessions that are not processes of the daemon's own: agents somebody started by hand, and conversations."""

import functools
import os
import time
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from harness.page import DESKTOP, PHONE, Page
from harness.program import REPOSITORY
from harness.sensing import SensingDaemon
from harness.waiting import eventually

ID = "aaaa1111-0000-4000-8000-000000000001"

SEAT = {"app": "kitty", "pane": "work:0.1"}


def observed(activity: str | None, **more) -> dict:
    now = int(time.time() * 1000)
    session = {
        "id": ID, "origin": "observed", "agent": "claude_code", "state": "RUNNING", "live": True,
        "createdAt": now - 60_000, "lastActivityAt": now - 1000, "pendingApprovals": [], "alerts": {},
        "observed": {"project": "/src/orbit", "cwd": "/src/orbit/web", "terminal": SEAT},
        "evidence": {"rowid": 12, "event": "pre_tool_use", "source": "hook", "at": now - 1000},
    }  # fmt: skip
    if activity:
        session["activity"] = activity
    return {**session, **more}


def buttons(page) -> list[str]:
    return [
        button.text.strip() for button in page.browser.find_elements(By.CSS_SELECTOR, ".actions button, .actions a")
    ]


@pytest.mark.parametrize(
    ("activity", "word"),
    [
        ("working", "Working"),
        ("waiting", "Waits for you"),
        ("ready", "Ready"),
        ("compacting", "Compacting"),
        ("idle", "Idle"),
        ("dreaming", "Dreaming"),
        (None, "Running"),
    ],
)
def test_an_observed_session_shows_what_it_is_doing(chat_page, chat, activity, word):
    chat.fleet[ID] = observed(activity)
    chat_page.open()
    chat_page.wait_for_text(word, "orbit aaaa", "observed", "claude_code", "work:0.1")
    attention = "Needs attention" in chat_page.text()
    assert attention == (activity == "waiting")


def test_nothing_can_be_typed_into_or_stopped_that_is_not_ours(chat_page, chat):
    evidence = {"rowid": 3, "event": "permission_request", "source": "hook", "at": int(time.time() * 1000)}
    chat.fleet[ID] = observed("waiting", terminal={"cols": 80, "rows": 24, "bytes": 0}, evidence=evidence)
    chat_page.open(f"#/session/{ID}")
    chat_page.wait_for_text("No terminal here", "kitty · tmux work:0.1", "tmux attach -t =work")
    chat_page.wait_for_text(
        "because it asks for a permission", "started by hand, seen through its hooks", "/src/orbit/web"
    )
    assert buttons(chat_page) == ["Command that leads there"]
    assert chat_page.browser.find_elements(By.CSS_SELECTOR, ".xterm, .terminal-pane") == []
    chat_page.screenshot("observed")


def test_what_was_reported_is_told_in_words(chat_page, chat):
    now = int(time.time() * 1000)
    chat.fleet[ID] = observed(
        "waiting", state="WAITING_FOR_APPROVAL", activityAt=now, activityEvent="permission_request"
    )
    chat.reported = {
        "agentSessionId": ID,
        "restsOn": {
            "event": "permission_request",
            "source": "hook",
            "at": now,
            "verdict": "decided",
            "state": "waiting",
        },
        "competing": [
            {
                "event": "post_tool_use",
                "source": "hook",
                "at": now - 9000,
                "verdict": "overruled",
                "why": "it is older",
            },
            {"event": "never_heard_of", "source": "agent", "verdict": "ignored"},
        ],
    }
    chat_page.open(f"#/session/{ID}")
    chat_page.wait_for_text("Waits for you", "because it asks for a permission (permission_request)")
    chat_page.wait_for_text("Reports", "A tool has answered.", "it is older", "never_heard_of", "ignored")
    chat_page.screenshot("observed-reports")


def test_what_is_known_of_an_observed_session_may_be_next_to_nothing(chat_page, chat):
    chat.fleet[ID] = {"id": ID, "origin": "observed", "live": True}
    chat_page.open()
    chat_page.wait_for_text("aaaa1111", "Unknown")
    chat_page.click("a.row")
    chat_page.wait_for_text("No terminal here", "No evidence is recorded", "drover where .")
    assert buttons(chat_page) == ["Command that leads there"]


def test_an_observed_session_that_is_over_says_so(chat_page, chat):
    now = int(time.time() * 1000)
    chat.fleet[ID] = observed("working", live=False, state="COMPLETED", endedAt=now)
    chat_page.open(f"#/session/{ID}")
    chat_page.wait_for_text("It is over", "Completed")


def test_a_chat_session_leads_to_the_chat(chat_page, chat):
    session = chat.add_session(("user", "hello there"))
    now = int(time.time() * 1000)
    chat.fleet[session] = {
        "id": session, "origin": "chat", "state": "RUNNING", "live": True, "title": "hello there",
        "createdAt": now, "lastActivityAt": now,
    }  # fmt: skip
    chat_page.open(f"#/session/{session}")
    chat_page.wait_for_text("A conversation", "a conversation in this page")
    assert buttons(chat_page) == ["Open the chat"]
    chat_page.open()
    chat_page.wait_for_text("hello there", "chat")
    chat_page.click("a.row")
    eventually(lambda: chat_page.browser.current_url.endswith(f"#/chat/{session}"), "the row leads to the chat")
    chat_page.wait_for_text("hello there", "Delete session")


def test_an_origin_that_came_later_is_shown_as_it_is(chat_page, chat):
    chat.fleet[ID] = observed(None, origin="imported", observed=None)
    chat_page.open(f"#/session/{ID}")
    chat_page.wait_for_text("imported", "No terminal here")
    assert buttons(chat_page) == ["Command that leads there"]


@pytest.fixture
def host() -> Iterator[SensingDaemon]:
    """A daemon that agents report to."""
    daemon = SensingDaemon()
    daemon.launch = functools.partial(daemon.launch, "--web-root", str(REPOSITORY / "web"))
    try:
        yield daemon.start()
    finally:
        daemon.close()


def test_an_agent_that_reports_is_followed_by_the_page(browser, host):
    page = Page(browser, host.url)
    page.open()
    page.wait_for_text("No sessions yet")
    session = {"session_id": "by-hand", "pid": os.getpid(), "cwd": str(host.repo)}
    host.ipc.event("user_prompt_submit", **session)
    page.wait_for_text("Working", "repo", "observed", "1 running")
    host.ipc.event("permission_request", **session)
    page.wait_for_text("Waits for you", "Needs attention")
    page.click("a.row")
    page.wait_for_text("because it asks for a permission", "a hook of its agent", "Reports", "No terminal here")
    assert buttons(page) == ["Command that leads there"]
    host.ipc.event("session_end", **session)
    page.wait_for_text("It is over", "Completed")
    assert page.complaints() == []


def test_sessions_of_others_fit_a_phone(chat_page, chat):
    chat.fleet[ID] = observed("waiting", title="a title that is rather long for a phone, and goes on and on")
    chat_page.resize(PHONE, mobile=True)
    try:
        for place in ("#/", f"#/session/{ID}"):
            chat_page.open(place)
            chat_page.wait_for_text("Waits for you")
            width, shown = chat_page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            assert width <= shown, place
        chat_page.wait_for_text("Why this state")
    finally:
        chat_page.resize(DESKTOP)
