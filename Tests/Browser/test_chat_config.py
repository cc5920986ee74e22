"""The configuration in the page: what would change is shown before it changes, and nobody overwrites anybody."""

import hashlib
import json
import time

import pytest
from selenium.webdriver.common.by import By

from harness.chat_server import ChatServer, pretty
from harness.page import Page
from harness.talk import answer_dialog, say, wait_for_banner, wait_for_no_banner
from harness.waiting import eventually

RAW = "#config-raw"


def open_config(page: Page) -> None:
    page.open("#/chat")
    page.click("#side-config")
    page.find(RAW)


def text(page: Page) -> str:
    return page.find(RAW).get_property("value")


def edit(page: Page, new: str) -> None:
    # Typing would do the same, key by key.
    page.browser.execute_script(
        "const [area, text] = arguments; area.value = text; area.dispatchEvent(new Event('input'))", page.find(RAW), new
    )


def replace(page: Page, old: str, new: str) -> None:
    assert old in text(page)
    edit(page, text(page).replace(old, new))


def diff(page: Page) -> list[str]:
    script = """
        return [...document.querySelectorAll('dialog .diff-line:not(.same)')].map((line) =>
            line.querySelector('.diff-mark').textContent + line.querySelector('code').textContent);
    """
    return page.browser.execute_script(script)


def test_a_change_is_shown_before_it_is_applied(chat_page, chat):
    open_config(chat_page)
    chat_page.wait_for_text("config.json", "Provider", "Model")
    before = chat.config.disk
    assert text(chat_page) == before
    replace(chat_page, '"temperature": 0.2', '"temperature": 0.7')
    chat_page.wait_for_text("edited")
    chat_page.press("Apply")
    chat_page.wait_for_text("Apply this configuration?", "1 lines added, 1 removed")
    assert diff(chat_page) == ['−    "temperature": 0.2,', '+    "temperature": 0.7,']
    chat_page.screenshot("chat-config-diff")
    answer_dialog(chat_page, "Cancel")
    assert chat.asked("POST /api/config/apply") == []

    chat_page.press("Apply")
    answer_dialog(chat_page, "Apply")
    chat_page.wait_for_text("Applied.", "config.json.bak1")
    (request,) = chat.asked("POST /api/config/apply")
    assert request["expected_raw_sha256"] == hashlib.sha256(before.encode()).hexdigest()
    assert json.loads(request["raw"])["llm"]["temperature"] == 0.7
    assert chat.config.running["llm"]["temperature"] == 0.7
    chat_page.click("#side-events")
    chat_page.wait_for_text("[config.apply] config.json")


def test_what_needs_a_restart_is_listed(chat_page, chat):
    open_config(chat_page)
    replace(chat_page, "3000", "3001")
    chat_page.press("Apply")
    answer_dialog(chat_page, "Apply")
    chat_page.wait_for_text("Some of it needs a restart", "These take effect after a restart", "server.port")
    chat_page.screenshot("chat-config-pending")


def test_what_is_no_json_is_not_sent(chat_page, chat):
    open_config(chat_page)
    replace(chat_page, '"temperature": 0.2,', '"temperature": ,')
    chat_page.press("Apply")
    chat_page.wait_for_text("Not valid JSON in line 9")
    edit(chat_page, "[]")
    chat_page.press("Apply")
    chat_page.wait_for_text("The file must hold one JSON object")
    assert chat.asked("POST /api/config/apply") == []


def test_what_the_daemon_refuses_stays_in_the_editor(chat_page_with_failures, chat):
    page = chat_page_with_failures
    open_config(page)
    replace(page, '"provider": "mock"', '"provider": "nope"')
    page.press("Apply")
    answer_dialog(page, "Apply")
    wait_for_banner(page, "HTTP_BAD_REQUEST", "'nope' is no provider")
    assert '"nope"' in text(page)
    replace(page, '"nope"', '"openai"')
    page.press("Apply")
    answer_dialog(page, "Apply")
    page.wait_for_text("Applied.")
    wait_for_no_banner(page)


def test_the_change_of_somebody_else_is_not_overwritten(chat_page_with_failures, chat):
    page = chat_page_with_failures
    open_config(page)
    replace(page, '"temperature": 0.2', '"temperature": 0.7')
    theirs = json.loads(chat.config.disk)
    theirs["llm"]["model"] = "theirs"
    chat.config.apply({"config": theirs})
    page.press("Apply")
    answer_dialog(page, "Apply")
    page.wait_for_text("The file was changed by somebody else since it was loaded here.")
    assert chat.config.running["llm"] == theirs["llm"]
    assert '"temperature": 0.7' in text(page)
    # The next attempt compares with their version, so it is seen what would be undone.
    page.press("Apply")
    page.wait_for_text("Apply this configuration?")
    assert '−    "model": "theirs",' in diff(page)
    answer_dialog(page, "Cancel")
    page.press("Reload")
    answer_dialog(page, "Throw away")
    page.wait_for_text("Loaded.")
    assert text(page) == chat.config.disk


def test_a_model_is_not_set_over_the_change_of_somebody_else(chat_page_with_failures, chat):
    page = chat_page_with_failures
    page.open("#/chat")
    page.find("#composer")
    chat.refuse("POST /api/config/apply", 409, "conflict", "changed meanwhile")
    say(page, "/models set mock-2")
    page.wait_for_text("The file was changed by somebody else")
    assert chat.config.running["llm"]["model"] == "mock"


def test_a_broken_file_is_shown_as_it_is_and_mended(chat_page, chat):
    broken = '{ "llm": { "provider": "mock", "model": "mock" '
    chat.config.disk = broken
    open_config(chat_page)
    chat_page.wait_for_text("The file on disk cannot be read", "is not valid JSON", "Mend it and apply")
    assert text(chat_page) == broken
    chat_page.screenshot("chat-config-broken")
    edit(chat_page, broken + "} }")
    chat_page.press("Apply")
    answer_dialog(chat_page, "Apply")
    chat_page.wait_for_text("Applied.")
    assert json.loads(chat.config.disk) == {"llm": {"provider": "mock", "model": "mock"}}
    eventually(lambda: "cannot be read" not in chat_page.text(), "nothing is broken any more")


def test_a_broken_file_is_reset_to_what_runs(chat_page, chat):
    running = chat.config.running
    chat.config.disk = "{"
    open_config(chat_page)
    chat_page.press("Reset")
    chat_page.wait_for_text("The broken file is replaced")
    answer_dialog(chat_page, "Cancel")
    assert chat.config.disk == "{"
    chat_page.press("Reset")
    answer_dialog(chat_page, "Reset the file")
    chat_page.wait_for_text("holds the running configuration again")
    assert chat.config.disk == pretty(running)
    assert text(chat_page) == chat.config.disk


def test_a_file_that_was_changed_by_hand_is_reloaded(chat_page, chat):
    open_config(chat_page)
    chat.config.disk = chat.config.disk.replace("0.2", "0.9")
    chat_page.press("Reload")
    eventually(lambda: "0.9" in text(chat_page), "the editor shows the file")


@pytest.mark.parametrize("away", [True, False], ids=["seen away", "too quick to be seen"])
def test_the_page_waits_for_a_restart(chat_page_with_failures, chat: ChatServer, away):
    page = chat_page_with_failures
    chat.config.restart_scheduled = True
    open_config(page)
    page.press("Restart")
    page.wait_for_text("Restart the daemon?")
    answer_dialog(page, "Restart")
    page.wait_for_text("Restarting…")
    if away:
        chat.away = True
        eventually(lambda: "unreachable" in page.text(), "the page has seen that it is away")
        chat.away = False
    else:
        chat.started_at = "2026-01-01T00:00:00Z"
    page.wait_for_text("The daemon is back.")
    eventually(lambda: "ok @" in page.text(), "health is well again")


def test_a_restart_that_is_switched_off_says_so(chat_page):
    open_config(chat_page)
    chat_page.press("Restart")
    answer_dialog(chat_page, "Restart")
    chat_page.wait_for_text("Restarting is switched off")


def test_a_daemon_that_stays_away_is_told_after_half_a_minute(chat_page_with_failures, chat):
    page = chat_page_with_failures
    chat.config.restart_scheduled = True
    open_config(page)
    page.press("Restart")
    begun = time.monotonic()
    answer_dialog(page, "Restart")
    page.wait_for_text("Restarting…")
    chat.away = True
    page.wait_for_text("did not come back within 30 seconds", within=45)
    assert time.monotonic() - begun > 25


def test_a_configuration_that_cannot_be_had_is_asked_for_again(chat_page_with_failures, chat):
    page = chat_page_with_failures
    chat.refuse("GET /api/config", 503, "service_unavailable", "there is no configuration")
    page.open("#/chat")
    wait_for_banner(page, "HTTP_SERVER_ERROR: there is no configuration")
    page.click("#side-config")
    page.press("Load it")
    page.wait_for_text("Raw configuration")
    wait_for_no_banner(page)
    assert page.browser.find_elements(By.CSS_SELECTOR, RAW)
