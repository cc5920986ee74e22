"""Commands that begin with a slash, and the chat without a mouse."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness.chat_server import Done
from harness.talk import answer_dialog, draft, focused, keys, lines, rows, say, wait_for_draft, wait_for_rows, write
from harness.waiting import eventually


def hints(page) -> list[tuple[str, bool]]:
    """The commands that are offered, and which of them is chosen."""
    script = """
        return [...document.querySelectorAll('[role=listbox] [role=option]')].map((option) =>
            [option.querySelector('code').textContent, option.getAttribute('aria-selected') === 'true']);
    """
    return [tuple(hint) for hint in page.browser.execute_script(script)]


def wait_for_hints(page, *expected: tuple[str, bool]) -> None:
    eventually(lambda: hints(page) == list(expected), f"these are offered: {expected}")


def press(page, *pressed: str) -> None:
    page.find("#composer").send_keys(*pressed)


def test_hints_are_chosen_with_the_keyboard(chat_page, chat):
    chat_page.open("#/chat")
    write(chat_page, "/mo")
    wait_for_hints(chat_page, ("/model", True), ("/models", False), ("/models set <id>", False))
    assert chat_page.find("#composer").get_attribute("aria-activedescendant") == "hint-0"
    press(chat_page, Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    wait_for_hints(chat_page, ("/model", False), ("/models", False), ("/models set <id>", True))
    press(chat_page, Keys.ENTER)
    wait_for_draft(chat_page, "/models set ")
    wait_for_hints(chat_page)
    say(chat_page, "mock-2")
    eventually(lambda: chat.config.running["llm"]["model"] == "mock-2", "the other model is configured")
    wait_for_draft(chat_page, "")
    chat_page.wait_for_text("Now using mock-2", "mock · mock-2")
    (request,) = chat.asked("POST /api/config/apply")
    assert request["config"]["llm"]["provider"] == "mock" and len(request["expected_raw_sha256"]) == 64


def test_hints_go_away_and_are_completed_by_a_click(chat_page):
    chat_page.open("#/chat")
    write(chat_page, "/")
    eventually(lambda: len(hints(chat_page)) == 9, "all commands are offered")
    chat_page.screenshot("chat-hints")
    press(chat_page, Keys.ESCAPE)
    wait_for_hints(chat_page)
    press(chat_page, "act", Keys.TAB)
    wait_for_draft(chat_page, "/activate ")
    chat_page.find("#composer").clear()
    write(chat_page, "//")
    wait_for_hints(chat_page)
    chat_page.find("#composer").clear()
    write(chat_page, "/he")
    chat_page.find("[role=option]").click()
    wait_for_draft(chat_page, "/help")
    assert focused(chat_page) == "composer"


def test_help_and_models_are_listed_in_the_events(chat_page):
    chat_page.open("#/chat")
    say(chat_page, "/help")
    eventually(lambda: lines(chat_page)[:1] == ["/help - list the commands in the events"], "help is listed")
    assert lines(chat_page)[8].startswith("/activate <id> - ")
    say(chat_page, " / MODELS ")
    eventually(lambda: lines(chat_page)[:2] == ["[models] mock (in use)", "[models] mock-2"], "models are listed")
    say(chat_page, "/model")
    chat_page.wait_for_text("mock · mock")


def test_what_is_no_command_stays_a_draft(chat_page, chat):
    chat_page.open("#/chat")
    for wrong, why in (
        ("/nosuch", "no command /nosuch"),
        ("/", "Which command"),
        ("/models set gpt-9", "none of the known"),
    ):
        write(chat_page, wrong)
        press(chat_page, Keys.ESCAPE)
        press(chat_page, Keys.ENTER)
        chat_page.wait_for_text(why)
        assert draft(chat_page) == wrong
        chat_page.find("#composer").clear()
    assert chat.asked("POST /api/chat") == []
    assert chat.asked("POST /api/config/apply") == []


def test_a_slash_can_be_said_and_a_skill_activated(chat_page, chat):
    chat_page.open("#/chat")
    say(chat_page, "//etc/passwd")
    chat_page.wait_for_text("Mock response to: /etc/passwd", "30 tokens")
    say(chat_page, "/activate review this")
    chat_page.wait_for_text("Mock response to: /activate review this")
    assert [request["message"] for request in chat.asked("POST /api/chat")] == ["/etc/passwd", "/activate review this"]


def test_skills_are_shown_and_used(chat_page):
    chat_page.open("#/chat")
    chat_page.click("#side-skills")
    chat_page.wait_for_text("Look at a change with care.")
    chat_page.click("#pane-skills summary")
    chat_page.wait_for_text("Read everything.")
    chat_page.press("/activate review")
    wait_for_draft(chat_page, "/activate review ")
    assert focused(chat_page) == "composer"


def test_new_clear_and_sessions(chat_page, chat):
    session = chat.add_session(("user", "old"))
    chat_page.open(f"#/chat/{session}")
    chat_page.wait_for_text("old")
    say(chat_page, "/new")
    eventually(lambda: len(chat.sessions) == 2, "there is a new session")
    chat_page.wait_for_text("Say something")
    say(chat_page, "/clear")
    wait_for_draft(chat_page, "")
    say(chat_page, "/sessions")
    chat_page.wait_for_text("The sessions are on the left")


def test_compact_goes_on_in_a_new_session_with_a_digest(chat_page, chat):
    words = "word " * 100
    session = chat.add_session(*[("user" if n % 2 == 0 else "assistant", f"number {n} {words}") for n in range(20)])
    chat_page.open(f"#/chat/{session}")
    chat_page.wait_for_text("number 19")
    say(chat_page, "/compact")
    (request,) = eventually(lambda: chat.asked("POST /api/chat"), "the digest is sent")
    assert request["session_id"] != session
    digest = request["message"].split("\n")[1:]
    assert len(digest) == 12
    assert digest[0].startswith("- user: number 8 word word")
    assert all(len(line.split(": ", 1)[1]) <= 180 for line in digest)
    eventually(lambda: chat_page.browser.current_url.endswith(request["session_id"]), "the new session is shown")
    wait_for_draft(chat_page, "")


def test_everything_can_be_reached_without_a_mouse(chat_page, chat):
    session = chat.add_session(("user", "the older one"))
    chat_page.open()
    chat_page.wait_for_text("No sessions yet")
    keys(chat_page, "c")
    eventually(lambda: focused(chat_page) == "composer", "the focus is where one writes")
    keys(chat_page, "use_tool: ls", Keys.ENTER)
    chat_page.wait_for_text("max iterations")

    # Back over the conversation: a tool's row opens with Enter.
    def tab_until(name: str, back: bool = False) -> None:
        for _ in range(40):
            if focused(chat_page).startswith(name):
                return
            if back:
                chat_page.browser.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
            else:
                chat_page.browser.switch_to.active_element.send_keys(Keys.TAB)
        raise AssertionError(f"the focus never came to {name}")

    tab_until("done", back=True)
    keys(chat_page, Keys.ENTER)
    eventually(lambda: chat_page.browser.find_elements(By.CSS_SELECTOR, "details[open]"), "the row is open")
    # On to the side, whose tabs are one stop with arrows within.
    chat_page.browser.execute_script("document.getElementById('composer').focus()")
    keys(chat_page, "x")
    tab_until("side-events")
    keys(chat_page, Keys.ARROW_RIGHT)
    eventually(lambda: focused(chat_page) == "side-config", "the next tab has the focus")
    chat_page.wait_for_text("Raw configuration")
    # A key leads back to the composer, the list is walked with arrows, and a question is answered with Escape.
    keys(chat_page, "t")
    eventually(lambda: focused(chat_page) == "composer", "the focus is where one writes")
    tab_until("Refresh", back=True)
    tab_until(chat_page.find(".rail-item").text.strip()[:8])
    keys(chat_page, Keys.ARROW_DOWN, Keys.ENTER)
    wait_for_rows(chat_page, ("user", "the older one"))
    tab_until("Delete session")
    keys(chat_page, Keys.ENTER)
    eventually(lambda: chat_page.browser.find_elements(By.CSS_SELECTOR, "dialog[open]"), "it asks")
    assert focused(chat_page) == "Cancel"
    keys(chat_page, Keys.ESCAPE)
    eventually(lambda: not chat_page.browser.find_elements(By.CSS_SELECTOR, "dialog[open]"), "it asks no more")
    assert session in chat.sessions
    assert focused(chat_page) == "Delete session"


def test_a_screen_reader_hears_the_answer_in_sentences(chat_page, chat):
    heard = "return [...document.querySelectorAll('[role=log][aria-live=polite] p')].map((line) => line.textContent)"
    chat.script("tell", "One. ", "more *words* " * 10, "Two. ", "Three", Done())
    chat_page.open("#/chat")
    say(chat_page, "tell")
    chat_page.wait_for_text("30 tokens")
    said = chat_page.browser.execute_script(heard)
    assert " ".join(said) == ("One. " + "more words " * 10 + "Two. Three").strip()
    labels = chat_page.browser.execute_script("""
        const named = (e) => e.getAttribute('aria-label') || e.innerText.trim() || e.labels?.length;
        const all = [...document.querySelectorAll('main button, main a, main input, main textarea, main summary')];
        return all.filter((element) => !named(element)).map((element) => element.outerHTML);
    """)
    assert labels == []


@pytest.mark.parametrize("label", ["Cancel", "Delete session"])
def test_the_focus_is_somewhere_sensible_after_a_question(chat_page, chat, label):
    session = chat.add_session(("user", "hello"))
    chat_page.open(f"#/chat/{session}")
    wait_for_rows(chat_page, ("user", "hello"))
    chat_page.press("Delete session")
    answer_dialog(chat_page, label)
    eventually(lambda: (rows(chat_page) == []) == (label != "Cancel"), "it is done")
    eventually(lambda: focused(chat_page) in ("Delete session", "composer", "main"), "the focus is not lost")
