"""A browser with the page of a daemon in it."""

from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from harness.waiting import PATIENCE, eventually

SCREENSHOTS = Path(__file__).parents[1] / "Browser/screenshots"
DESKTOP, PHONE = (1280, 800), (390, 844)


def open_browser(profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    # The sandbox wants what containers do not give; shared memory is small there.
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument("--no-proxy-server")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    browser.set_page_load_timeout(PATIENCE)
    return browser


class Page:
    def __init__(self, browser: webdriver.Chrome, url: str):
        self.browser = browser
        self.url = url
        self.console: list[dict] = []
        self.resize(DESKTOP)
        self.browser.get_log("browser")  # what an earlier page said is not ours

    def resize(self, size: tuple[int, int], mobile: bool = False) -> None:
        width, height = size
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile},
        )
        self.browser.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})

    def open(self, place: str = "#/") -> "Page":
        self.browser.get("about:blank")  # so that a change of the part after `#` alone is a new visit, too
        self.browser.get(f"{self.url}/{place}")
        return self

    def find(self, selector: str, within: float = PATIENCE) -> WebElement:
        def shown():
            elements = [element for element in self.browser.find_elements(By.CSS_SELECTOR, selector)]
            return next((element for element in elements if element.is_displayed()), None)

        return eventually(shown, f"the page shows {selector}", within)

    def text(self) -> str:
        return self.browser.execute_script("return document.body.innerText")

    def wait_for_text(self, *texts: str, within: float = PATIENCE) -> str:
        def shown():
            text = self.text()
            for wanted in texts:
                assert wanted.lower() in text.lower(), f"{wanted!r} is not in {text[:1500]!r}"
            return text

        return eventually(shown, f"the page shows {texts}", within)

    def fill(self, selector: str, text: str) -> None:
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def click(self, selector: str) -> None:
        self.find(selector).click()

    def press(self, label: str) -> None:
        """Clicks the button that says so."""

        def found():
            buttons = self.browser.find_elements(By.CSS_SELECTOR, "button")
            return next((b for b in buttons if b.is_displayed() and b.is_enabled() and b.text.strip() == label), None)

        eventually(found, f"there is a button {label!r}").click()

    # The terminal

    def terminal_lines(self) -> list[str]:
        """What the terminal shows, line by line, without the blanks at the ends."""
        rows = self.browser.execute_script(
            "return [...document.querySelectorAll('.xterm-rows > div')].map((row) => row.textContent)"
        )
        # The terminal draws blanks as no-break spaces where it must keep their width.
        lines = [row.replace("\xa0", " ").rstrip() for row in rows or []]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def wait_for_terminal(self, text: str, within: float = PATIENCE) -> list[str]:
        def shown():
            lines = self.terminal_lines()
            assert text in "\n".join(lines), f"the terminal shows {lines}"
            return lines

        return eventually(shown, f"the terminal shows {text!r}", within)

    def type_into_terminal(self, text: str) -> None:
        self.click(".terminal-mount")
        active = self.browser.switch_to.active_element
        for line in text.splitlines(keepends=True):
            active.send_keys(line.rstrip("\n"))
            if line.endswith("\n"):
                active.send_keys(Keys.ENTER)

    # What went wrong

    def complaints(self) -> list[str]:
        """What the browser's console holds against the page: errors, refused resources, violated policies.

        What a page before it asked for may be told late, when its daemon is gone: it stands there with that daemon's
        address.
        """
        self.console += self.browser.get_log("browser")
        severe = [entry["message"] for entry in self.console if entry["level"] == "SEVERE"]
        return [text for text in severe if text.startswith(self.url) or not text.startswith("http://127.0.0.1:")]

    def screenshot(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.browser.save_screenshot(str(SCREENSHOTS / f"{name}.png"))
