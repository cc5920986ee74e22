"""The page, in a real browser, with the real daemon behind it."""

from harness.page import DESKTOP, PHONE, Page
from harness.waiting import eventually


def start(page, line: str, name: str) -> None:
    """Starts a session with the form."""
    page.open("#/start")
    page.fill("#line", line)
    page.fill("#name", name)
    page.click("form button.primary")


def test_an_empty_fleet_tells_what_to_do(page):
    page.open()
    page.wait_for_text("No sessions yet", "drover run")
    page.screenshot("empty")


def test_a_session_is_started_watched_and_answered(page, daemon):
    script = 'for i in 1 2 3; do echo step $i; sleep 0.2; done; read -p "go? " x; echo got $x'
    start(page, f"bash -c '{script}'", "build")
    page.wait_for_terminal("step 1")
    page.wait_for_terminal("go?")
    assert daemon.session("build")["state"] == "RUNNING"

    page.type_into_terminal("yes\n")
    lines = page.wait_for_terminal("got yes")
    assert daemon.wait_for_end("build")["state"] == "COMPLETED"
    page.wait_for_text("completed")
    page.screenshot("session-desktop")

    # What the page shows, what the API serves and what the command line prints are the same bytes.
    output = daemon.output("build")
    assert output.decode().split("\r\n")[:-1] == lines == ["step 1", "step 2", "step 3", "go? yes", "got yes"]
    assert daemon.cli("logs", "build").stdout == output


def test_who_opens_the_page_afterwards_sees_what_happened(page, daemon):
    daemon.wait_for_end(daemon.run_script("seq 1 20; echo the end", name="counted"))
    daemon.wait_for_end(daemon.run_script("exit 3", name="broken"))
    page.open()
    page.wait_for_text("counted", "broken")
    page.screenshot("fleet-desktop")

    page.open("#/session/counted")
    lines = page.wait_for_terminal("the end")
    assert lines == [str(number) for number in range(1, 21)] + ["the end"]
    page.wait_for_text("completed")


def test_the_list_follows_what_happens_elsewhere(page, daemon):
    page.open()
    page.wait_for_text("No sessions yet")
    session = daemon.run_script("read x", name="elsewhere")
    page.wait_for_text("elsewhere", "1 running")
    daemon.type(session, "\n")
    page.wait_for_text("0 running")


def test_a_program_with_a_screen_of_its_own_is_drawn_and_driven(page, daemon):
    file = daemon.folder / "note.txt"
    start(page, f"vim -u NONE -N {file}", "editor")
    page.wait_for_terminal("~")
    page.type_into_terminal("ihello from the page")
    page.wait_for_terminal("hello from the page")
    page.screenshot("vim")
    daemon.type(daemon.session("editor")["id"], "\x1b:wq\r")
    daemon.wait_for_end("editor")
    assert file.read_text() == "hello from the page\n"


def test_a_practice_session_shows_every_kind_of_event(page, daemon):
    page.open("#/start?kind=mock")
    page.fill("#name", "practice")
    page.click("form button.primary")
    daemon.wait_for_end("practice")
    page.wait_for_text("completed")
    session = daemon.session("practice")
    page.open("#/alerts")
    page.wait_for_text(session["alertList"][0]["title"])
    page.screenshot("alerts")


def test_a_running_session_is_stopped_from_the_page(page, daemon):
    session = daemon.run("sleep", "1000", name="sleeper")
    daemon.wait_for_state(session, "RUNNING")
    page.open("#/session/sleeper")
    page.wait_for_text("running")

    page.press("Stop")
    daemon.wait_for_end(session)
    page.wait_for_text("completed")


def test_a_wrong_command_is_told_in_the_form_or_in_the_session(page, daemon):
    page.open("#/start")
    page.click("form button.primary")
    page.wait_for_text("Which command?")
    start(page, "no-such-program-anywhere", "missing")
    page.wait_for_text("failed", "no-such-program-anywhere")
    assert daemon.session("missing")["state"] == "FAILED"


def test_names_and_output_are_text_and_never_markup(page, daemon):
    evil = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    session = daemon.run("printf", "%s\\n\\033]0;%s\\007", evil, evil, name="markup")
    daemon.wait_for_end(session)
    page.open()
    page.wait_for_text("<img src=x")
    page.open("#/session/markup")
    page.wait_for_terminal("<img src=x")
    assert "owned" not in page.browser.title
    assert not page.browser.find_elements("css selector", "img[src=x]")


def test_the_page_recovers_when_the_daemon_comes_back(page_of_a_daemon_that_goes_away, daemon):
    page = page_of_a_daemon_that_goes_away
    daemon.wait_for_end(daemon.run_script("echo before", name="before"))
    # It comes back where it was, as it would for anybody who did not ask for port 0.
    daemon.environment["DROVER_PORT"] = str(daemon.address[1])
    page.open()
    page.wait_for_text("before", "live")

    daemon.kill()
    page.wait_for_text("reconnecting")
    page.screenshot("daemon-away")
    daemon.start()
    daemon.run_script("echo after; read x", name="after")
    page.wait_for_text("after", "1 running", within=40)
    page.wait_for_text("before")


def test_a_terminal_goes_on_after_the_daemon_was_restarted_and_shows_how_it_ended(
    page_of_a_daemon_that_goes_away, daemon
):
    page = page_of_a_daemon_that_goes_away
    daemon.environment["DROVER_PORT"] = str(daemon.address[1])
    session = daemon.run_script("echo before; sleep 1000", name="lost")
    daemon.wait_for_output(session, b"before")
    page.open("#/session/lost")
    page.wait_for_terminal("before")

    daemon.kill()
    daemon.start()
    daemon.wait_for_end(session)
    page.wait_for_text("failed", within=40)
    assert page.terminal_lines()[0] == "before"


def test_the_page_fits_a_phone(page, daemon):
    daemon.wait_for_end(daemon.mock("all", name="practice-on-the-train"))
    daemon.run_script("echo a line; read x", name="waiting-for-an-answer")
    page.resize(PHONE, mobile=True)
    try:
        for place, text in (
            ("#/", "waiting-for-an-answer"),
            ("#/start", "Command"),
            ("#/alerts", "Alerts"),
            ("#/session/waiting-for-an-answer", "waiting-for-an-answer"),
        ):
            page.open(place)
            page.wait_for_text(text)
            width, shown = page.browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            assert width <= shown, f"{place} is wider than the screen"
        page.wait_for_terminal("a line")
        page.screenshot("session-phone")
        page.open()
        page.wait_for_text("practice-on-the-train")
        page.screenshot("fleet-phone")
    finally:
        page.resize(DESKTOP)


def test_an_unknown_place_and_an_unknown_session_say_so(browser, daemon):
    page = Page(browser, daemon.url)
    page.open("#/session/nobody")
    text = eventually(lambda: "nobody" in page.text() and page.text(), "the page answers")
    assert "no session" in text.lower() or "not found" in text.lower() or "unknown" in text.lower(), text
