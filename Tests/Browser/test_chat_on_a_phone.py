"""The chat on small screens, one pane at a time."""

from collections.abc import Iterator

import pytest

from harness.chat_server import Done, Tool
from harness.page import DESKTOP, PHONE, Page
from harness.talk import say, wait_for_draft, write
from harness.waiting import eventually

PANES = ("chat", "sessions", "events", "config", "skills")
BARS = ".topbar, .chat-tabs, .conversation-head, .composer, .pane-actions, .banner"
LONG = "an_unbroken_" * 40


@pytest.fixture
def phone(chat_page) -> Iterator[Page]:
    chat_page.resize(PHONE, mobile=True)
    yield chat_page
    chat_page.resize(DESKTOP)


def panes(page: Page) -> list[str]:
    """Which panes can be seen."""
    script = """
        return arguments[0].filter((name) => {
            const pane = document.getElementById(`pane-${name}`);
            return pane && pane.getClientRects().length > 0;
        });
    """
    return page.browser.execute_script(script, PANES)


def test_one_pane_at_a_time(phone, chat):
    chat.add_session(("user", "hello"))
    phone.open("#/chat")
    phone.find(".chat.mobile")
    for name in PANES:
        phone.click(f"#tab-{name}")
        eventually(lambda name=name: panes(phone) == [name], f"{name} alone is shown")
    phone.click("#tab-sessions")
    phone.click(".rail-head .button")
    eventually(lambda: panes(phone) == ["chat"], "a new session leads to the chat")
    assert len(chat.sessions) == 2
    phone.click("#tab-sessions")
    phone.wait_for_text("hello")
    phone.find(".rail-item")
    phone.browser.execute_script("document.querySelectorAll('.rail-item')[1].click()")
    eventually(lambda: panes(phone) == ["chat"], "choosing a session leads to the chat")
    phone.wait_for_text("hello")
    say(phone, "/sessions")
    eventually(lambda: panes(phone) == ["sessions"], "the command leads to the sessions")


def test_the_layout_follows_the_window(phone, chat):
    phone.open("#/chat")
    write(phone, "a draft")
    phone.click("#tab-config")
    eventually(lambda: panes(phone) == ["config"], "the configuration is shown")
    phone.resize((980, 700))
    phone.find(".chat.desktop")
    eventually(lambda: panes(phone) == ["chat", "sessions", "events"], "there is room for three")
    wait_for_draft(phone, "a draft")
    phone.resize((979, 700))
    phone.find(".chat.mobile")
    eventually(lambda: panes(phone) == ["chat"], "it begins with the chat again")
    wait_for_draft(phone, "a draft")


@pytest.mark.parametrize("width", [320, 390, 700, 979])
def test_nothing_is_wider_than_the_screen(phone, chat, width):
    wide = (
        f"# {LONG}\n\n{LONG}\n\n```\n{LONG}\n```\n\n| {LONG} | b |\n|---|---|\n| 1 | {LONG} |\n\n- {LONG}\n\n> {LONG}"
    )
    chat.script("wide", wide, Tool(LONG, LONG, {LONG: LONG}), Done(LONG))
    chat.config.disk = chat.config.disk.replace('"mock"', f'"{LONG}"')
    phone.resize((width, 844), mobile=True)
    phone.open("#/chat")
    say(phone, f"{LONG}")
    phone.wait_for_text("30 tokens")
    say(phone, "wide")
    eventually(lambda: phone.browser.find_elements("css selector", ".tool"), "the tool is shown")
    for name in PANES:
        phone.click(f"#tab-{name}")
        eventually(lambda name=name: panes(phone) == [name], f"{name} alone is shown")
        wide, high = phone.browser.execute_script(
            "const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]"
        )
        # Not the size that the browser tells: it is larger when it had to zoom out.
        assert wide <= width, f"{name} is wider than the screen"
        assert high <= 844, f"{name} is higher than the screen"
        # What is cut off counts as too wide, unless it can be scrolled to or is meant to be shortened.
        cut = phone.browser.execute_script(
            """
            return [...document.querySelectorAll('#app *')].filter((element) => {
                const box = element.getBoundingClientRect();
                return box.width > 1 && box.right > arguments[0] + 1 && element.closest(arguments[1]);
            }).map((element) => element.outerHTML.slice(0, 200));
        """,
            width,
            BARS,
        )
        assert cut == [], name
    phone.screenshot(f"chat-phone-{width}")


def test_fields_are_large_enough_for_fingers_and_do_not_zoom(phone, chat):
    chat.add_session(("user", "hello"))
    phone.open("#/chat")
    write(phone, "x")
    for tab, selector, least in (
        ("chat", "#composer", 36), ("chat", ".composer .primary", 36), ("config", "#config-raw", 36),
        ("config", ".pane-actions .button", 36), ("sessions", ".rail-item", 40), ("sessions", "[role=tab]", 32),
    ):  # fmt: skip
        phone.click(f"#tab-{tab}")
        element = phone.find(selector)
        assert element.size["height"] >= least, selector
        if element.tag_name == "textarea":
            assert float(element.value_of_css_property("font-size").removesuffix("px")) >= 16, selector


def test_the_keyboard_of_a_phone_leaves_room_to_write(phone, chat):
    chat.add_session(*[("user", f"line {number}") for number in range(40)])
    (session,) = chat.sessions
    phone.resize((390, 380), mobile=True)
    phone.open(f"#/chat/{session}")
    phone.wait_for_text("line 39")
    box = phone.find("#composer").rect
    assert box["y"] + box["height"] <= 380
    transcript = phone.find(".transcript").rect
    assert transcript["height"] >= 120
