"""The chat in the page with the daemon's own chat behind it, and the mock provider behind that."""

import functools
import json
from collections.abc import Iterator

import pytest

from harness.daemon import Daemon
from harness.page import Page
from harness.program import REPOSITORY
from harness.talk import answer_dialog, banner, draft, rows, say, wait_for_banner, wait_for_no_banner, wait_for_rows
from harness.waiting import eventually


@pytest.fixture
def talker(make_daemon) -> Daemon:
    """A daemon that answers as the mock provider does. It comes back where it was."""
    daemon = make_daemon()
    daemon.launch = functools.partial(daemon.launch, "--web-root", str(REPOSITORY / "web"))
    (daemon.home / "config.json").write_text(json.dumps({"llm": {"provider": "mock", "model": "mock"}}))
    daemon.start()
    daemon.environment["DROVER_PORT"] = str(daemon.address[1])
    return daemon


@pytest.fixture
def talk(browser, talker) -> Iterator[Page]:
    page = Page(browser, talker.url)
    yield page
    expected = ("Failed to load resource", "net::ERR_", "WebSocket connection")
    complaints = [text for text in page.complaints() if not any(part in text for part in expected)]
    browser.get("about:blank")
    assert complaints == []


def sessions(daemon: Daemon) -> list[dict]:
    return daemon.get("/api/sessions").json()


def test_a_conversation(talk, talker):
    talk.open("#/chat")
    talk.wait_for_text("ok @ 20", "mock · mock", "No sessions yet")
    say(talk, "hi\nthere 🐄")
    wait_for_rows(talk, ("user", "hi\nthere 🐄"), ("assistant", "Mock response to: hi\nthere 🐄"))
    talk.wait_for_text("complete · 10 + 20 = 30 tokens")
    say(talk, "use_tool: ls")
    eventually(lambda: [kind for kind, _ in rows(talk)].count("tool") == 6, "the tool was used six times")
    talk.wait_for_text("max iterations", "stopped after as many rounds as allowed")
    say(talk, "use_tool: nosuch")
    eventually(lambda: [kind for kind, _ in rows(talk)].count("tool") == 12, "the unknown tool was tried six times")
    eventually(lambda: len(talk.browser.find_elements("css selector", "details.failed")) == 6, "six rows have failed")
    assert banner(talk) is None
    # What was shown while it came is what is shown of what was stored, also after a restart.
    before = rows(talk)
    talk.browser.refresh()
    wait_for_rows(talk, *before)
    talker.restart()
    talk.browser.refresh()
    wait_for_rows(talk, *before)
    (session,) = sessions(talker)
    roles = [message["role"] for message in session["messages"]]
    assert (roles.count("user"), roles.count("tool")) == (3, 12)
    talk.screenshot("chat-real")

    talk.press("Delete session")
    answer_dialog(talk, "Delete session")
    eventually(lambda: sessions(talker) == [], "the session is deleted")


def test_the_configuration_is_changed_broken_and_mended(talk, talker):
    file = talker.home / "config.json"
    talk.open("#/chat")
    talk.click("#side-config")
    talk.find("#config-raw")

    def edit(change) -> None:
        raw = talk.find("#config-raw").get_property("value")
        script = "const [area, text] = arguments; area.value = text; area.dispatchEvent(new Event('input'))"
        talk.browser.execute_script(script, talk.find("#config-raw"), change(raw))

    def with_model(model: str):
        return lambda raw: json.dumps({**json.loads(raw), "llm": {"provider": "mock", "model": model}}, indent=2)

    edit(with_model("mock-2"))
    talk.press("Apply")
    answer_dialog(talk, "Apply")
    talk.wait_for_text("Applied.", "mock · mock-2")
    assert json.loads(file.read_text())["llm"]["model"] == "mock-2"

    edit(lambda raw: raw.replace('"provider": "mock"', '"provider": "nope"'))
    talk.press("Apply")
    answer_dialog(talk, "Apply")
    wait_for_banner(talk, "HTTP_BAD_REQUEST")
    talk.press("Reload")
    answer_dialog(talk, "Throw away")
    wait_for_no_banner(talk)

    # Somebody else is faster.
    edit(with_model("mine"))
    theirs = json.loads(file.read_text())
    theirs["llm"]["model"] = "theirs"
    assert talker.post("/api/config/apply", {"config": theirs}).status_code == 200
    talk.press("Apply")
    answer_dialog(talk, "Apply")
    talk.wait_for_text("The file was changed by somebody else")
    assert json.loads(file.read_text())["llm"]["model"] == "theirs"
    talk.press("Apply")
    answer_dialog(talk, "Apply")
    talk.wait_for_text("Applied.", "mock · mine")

    file.write_text('{ "llm": ')
    talk.press("Reload")
    talk.wait_for_text("The file on disk cannot be read", "Mend it and apply")
    assert talk.find("#config-raw").get_property("value") == '{ "llm": '
    talk.press("Reset")
    answer_dialog(talk, "Reset the file")
    talk.wait_for_text("holds the running configuration again")
    assert json.loads(file.read_text())["llm"]["model"] == "mine"


def test_the_daemon_is_restarted_from_the_page(talk, talker):
    talk.open("#/chat")
    say(talk, "before")
    wait_for_rows(talk, ("user", "before"), ("assistant", "Mock response to: before"))
    started = talker.get("/api/health").json()["started_at"]
    talk.click("#side-config")
    talk.press("Restart")
    answer_dialog(talk, "Restart")
    talk.wait_for_text("The daemon is back.", within=40)
    assert talker.get("/api/health").json()["started_at"] != started
    talk.wait_for_text("live", within=40)
    say(talk, "after")
    talk.wait_for_text("Mock response to: after")


def test_a_daemon_without_a_key_says_what_is_missing(browser, make_daemon):
    daemon = make_daemon()
    daemon.launch = functools.partial(daemon.launch, "--web-root", str(REPOSITORY / "web"))
    daemon.start()
    page = Page(browser, daemon.url)
    page.open("#/chat")
    page.wait_for_text("it cannot answer before its configuration is mended")
    say(page, "hi")
    wait_for_banner(page, "key")
    page.wait_for_text("Not finished")
    # Whether the daemon keeps the question or not, it is not lost.
    eventually(lambda: rows(page) == [("user", "hi")] or draft(page) == "hi", "the question is kept")


def test_a_chat_is_one_of_the_sessions_of_the_fleet(talk, talker):
    talk.open("#/chat")
    say(talk, "hello fleet")
    wait_for_rows(talk, ("user", "hello fleet"), ("assistant", "Mock response to: hello fleet"))
    talk.open("#/")
    talk.wait_for_text("hello fleet", "chat", "Ready")
    session = talk.find("a.row").get_attribute("data-id")
    talk.open(f"#/session/{session}")
    talk.wait_for_text("because it has answered", "the chat", "10 + 20 = 30", "A conversation")
    talk.open("#/")
    talk.click("a.row")
    wait_for_rows(talk, ("user", "hello fleet"), ("assistant", "Mock response to: hello fleet"))
