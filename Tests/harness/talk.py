"""What a person does in the chat."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from harness.page import Page
from harness.waiting import eventually


def write(page: Page, text: str) -> None:
    """Writes into the composer, line by line."""
    composer = page.find("#composer")
    composer.click()
    for number, line in enumerate(text.split("\n")):
        if number:
            composer.send_keys(Keys.SHIFT, Keys.ENTER, Keys.NULL)
        composer.send_keys(line)


def say(page: Page, text: str) -> None:
    write(page, text)
    page.find("#composer").send_keys(Keys.ENTER)


def draft(page: Page) -> str:
    return page.find("#composer").get_property("value")


def wait_for_draft(page: Page, text: str) -> None:
    eventually(lambda: draft(page) == text, f"the draft is {text!r}")


def rows(page: Page) -> list[tuple[str, str]]:
    """What the conversation shows: who, and what."""
    script = """
        return [...document.querySelectorAll('.transcript > article, .transcript > details')].map((row) => {
            if (row.matches('details')) return ['tool', row.querySelector('.tool-name').textContent];
            const text = row.querySelector('.rich, .said');
            return [row.classList.contains('from-user') ? 'user' : 'assistant', text.innerText.trim()];
        });
    """
    return [tuple(row) for row in page.browser.execute_script(script)]


def wait_for_rows(page: Page, *expected: tuple[str, str]) -> None:
    def shown():
        assert rows(page) == list(expected), rows(page)
        return True

    eventually(shown, f"the conversation is {expected}")


def banner(page: Page) -> str | None:
    found = page.browser.find_elements(By.CSS_SELECTOR, ".chat-banner")
    return found[0].text.strip() if found else None


def wait_for_banner(page: Page, *texts: str) -> None:
    eventually(lambda: banner(page) and all(text in banner(page) for text in texts), f"the banner says {texts}")


def wait_for_no_banner(page: Page) -> None:
    eventually(lambda: banner(page) is None, "the banner is gone")


def lines(page: Page) -> list[str]:
    """The events, newest first, without their times."""
    script = "return [...document.querySelectorAll('.event-lines li')].map((line) => line.textContent.slice(9))"
    return page.browser.execute_script(script)


def answer_dialog(page: Page, label: str) -> None:
    def found():
        buttons = page.browser.find_elements(By.CSS_SELECTOR, "dialog[open] button")
        return next((button for button in buttons if button.text == label), None)

    eventually(found, f"the dialog offers {label!r}").click()
    eventually(lambda: not page.browser.find_elements(By.CSS_SELECTOR, "dialog[open]"), "the dialog is closed")


def focused(page: Page) -> str:
    """What the focus is on, in a few words."""
    return page.browser.execute_script("""
        const at = document.activeElement;
        return at.id || at.getAttribute('aria-label') || at.innerText.trim() || at.tagName;
    """)


def keys(page: Page, *pressed: str) -> None:
    """Presses keys wherever the focus is."""
    for key in pressed:
        page.browser.switch_to.active_element.send_keys(key)
