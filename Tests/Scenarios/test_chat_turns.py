"""Turns that go wrong, wait, are ended or watched by nobody (chat-runtime §2)."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chat import (
    ChatStream,
    Provider,
    check_order,
    names,
    openai_calls,
    openai_delta,
    openai_end,
    parse,
    session_id,
)
from harness.waiting import eventually


@pytest.fixture
def asking(provider, make_chat_daemon):
    """A daemon whose provider is the test's."""
    return make_chat_daemon(config=provider.config()).start()


def roles(daemon, id):
    return [message["role"] for message in daemon.messages(id)]


# What the stream looks like


def test_the_head_of_a_stream(chat_daemon):
    stream = chat_daemon.stream("hi")
    stream.wait()
    headers = stream.response.headers
    assert headers["Content-Type"] == "text/event-stream" and headers["Cache-Control"] == "no-cache"
    assert headers["X-Accel-Buffering"] == "no" and headers["Transfer-Encoding"] == "chunked"


def test_every_event_is_sent_when_it_happens(provider: Provider, asking):
    steps = [threading.Event() for _ in range(3)]

    def slowly(answering):
        for number, step in enumerate(steps):
            assert step.wait(30)
            answering.send(openai_delta(f"part {number} "))
        answering.send(openai_end())

    provider.answer = slowly
    stream = asking.stream("hi")
    stream.wait_for("session")
    for number, step in enumerate(steps):
        assert names(stream.events) == ["session", *["delta"] * number]
        step.set()
        assert stream.wait_for("delta", number + 1)[-1].data == f"part {number} "
    assert names(stream.wait())[-1] == "done"


def test_what_the_provider_sends_arrives_byte_for_byte(provider: Provider, asking):
    pieces = [" ", "\n", "\r", "\n", "a\r\n\r\nb", "  two", "\n\nthree\n", "data: x", ": no comment", "event: y", "é", "\u2028"]

    def answer(answering):
        for piece in pieces:
            answering.send(openai_delta(piece))
        answering.send(openai_end())

    provider.answer = answer
    stream = asking.stream("hi")
    check_order(stream.wait())
    text = "".join(pieces)
    assert stream.text == text.replace("\r\n", "\n").replace("\r", "\n")
    assert asking.messages(session_id(stream.events))[-1]["content"] == text


def test_a_long_answer(chat_daemon):
    message = "0123456789" * 20_000
    stream = chat_daemon.stream(message)
    check_order(stream.wait())
    assert stream.text == "Mock response to: " + message


@pytest.mark.parametrize(
    ("reason", "detail"), [("length", "length"), ("content_filter", "content_filter"), ("stop", None)]
)
def test_why_an_answer_ended(provider: Provider, asking, reason, detail):
    provider.answer = lambda answering: answering.send(openai_delta("x") + openai_end(reason))
    done = asking.chat("hi")[-1].json
    assert done["finish_reason"] == reason and done.get("stop_detail") == detail


def test_usage_is_the_last_calls_and_the_total_is_all_of_them(provider: Provider, asking):
    function = {"name": "ls", "arguments": "{}"}

    def answer(answering):
        if len(provider.asked) == 1:
            call = openai_calls({"index": 0, "id": "c", "type": "function", "function": function})
            return answering.send(call + openai_end("tool_calls", usage=(100, 10)))
        answering.send(openai_delta("x") + openai_end(usage=None if len(provider.asked) > 2 else (200, 20)))

    provider.answer = answer
    events = asking.chat("hi")
    usage = events[-1].json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (200, 20, 220)
    assert usage["total"] == {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
    assert usage["iterations"] == 2
    assert asking.chat("again", session_id(events))[-1].json["usage"] is None


# What goes wrong


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_provider_that_refuses(provider: Provider, asking, status):
    provider.answer = lambda answering: answering.refuse(status, b'{"error":{"message":"not like this sk-of-the-test"}}')
    events = asking.chat("hi")
    assert names(events) == ["session", "error"]
    message = events[-1].json["message"]
    assert str(status) in message and "not like this" in message and "sk-of-the-test" not in message
    assert len(message.encode()) <= 2048 + 200
    assert len(provider.asked) == 1
    assert roles(asking, session_id(events)) == ["user"]


def test_a_provider_that_says_much_when_it_refuses(provider: Provider, asking):
    provider.answer = lambda answering: answering.refuse(400, b"x" * 100_000)
    assert len(asking.chat("hi")[-1].json["message"].encode()) <= 2048


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_a_provider_that_refuses_for_a_moment_is_asked_twice(provider: Provider, asking, status):
    def answer(answering):
        if len(provider.asked) == 1:
            return answering.refuse(status, Retry_After="0")
        answering.send(openai_delta("hello") + openai_end())

    provider.answer = answer
    events = asking.chat("hi")
    assert names(events) == ["session", "delta", "done"]
    assert len(provider.asked) == 2
    assert provider.asked[0].body == provider.asked[1].body


def test_a_provider_that_keeps_refusing_is_asked_twice_and_no_more(provider: Provider, asking):
    provider.answer = lambda answering: answering.refuse(503, b"busy", Retry_After="0")
    events = asking.chat("hi")
    assert names(events) == ["session", "error"] and "busy" in events[-1].json["message"]
    assert len(provider.asked) == 2


def test_a_provider_that_asks_for_too_much_patience(provider: Provider, asking):
    provider.answer = lambda answering: answering.refuse(429, b"tomorrow", Retry_After="86400")
    assert names(asking.chat("hi")) == ["session", "error"]
    assert len(provider.asked) == 1


def test_no_second_attempt_once_something_was_shown(provider: Provider, asking):
    provider.answer = lambda answering: answering.send(openai_delta("half"))
    events = asking.chat("hi")
    assert names(events) == ["session", "delta", "error"] and len(provider.asked) == 1


def test_a_provider_that_is_not_there(make_chat_daemon):
    config = {
        "llm": {"provider": "openai", "base_url": "http://127.0.0.1:1/v1"},
        "secrets": {"openai_api_key": "sk-secret-key"},
    }
    daemon = make_chat_daemon(config=config).start()
    events = daemon.chat("hi")
    assert names(events) == ["session", "error"]
    assert "127.0.0.1" in events[-1].json["message"] and "sk-secret" not in events[-1].data


@pytest.mark.parametrize(
    "body",
    [b"data: {nonsense\n\n", b'data: {"error":{"message":"overloaded"}}\n\n', b"", b": just a comment\n\n"],
    ids=["no JSON", "error in the stream", "nothing", "comment"],
)
def test_a_provider_that_talks_nonsense(provider: Provider, asking, body):
    provider.answer = lambda answering: answering.send(body) if body else answering.begin()
    events = asking.chat("hi")
    assert names(events) == ["session", "error"]
    assert roles(asking, session_id(events)) == ["user"]


def test_a_provider_that_hangs_is_given_up(provider: Provider, make_chat_daemon):
    provider.answer = lambda answering: provider.hold()
    daemon = make_chat_daemon(config=provider.config(timeout_seconds=1)).start()
    events = daemon.chat("hi")
    assert names(events) == ["session", "error"] and "timed out" in events[-1].json["message"]
    assert daemon.is_healthy()


def test_a_failure_in_a_later_iteration_keeps_those_before(provider: Provider, asking):
    function = {"name": "ls", "arguments": "{}"}

    def answer(answering):
        if len(provider.asked) == 1:
            call = openai_calls({"index": 0, "id": "c", "type": "function", "function": function})
            return answering.send(openai_delta("let me see") + call + openai_end("tool_calls"))
        answering.refuse(400)

    provider.answer = answer
    events = asking.chat("hi")
    assert names(events) == ["session", "delta", "tool_call", "error"]
    messages = asking.messages(session_id(events))
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["content"] == "let me see"


def test_a_personality_that_cannot_be_read(chat_daemon):
    id = session_id(chat_daemon.chat("hi"))
    before = chat_daemon.get(f"/api/sessions/{id}").json()
    (chat_daemon.workspace / "personality/SOUL.md").write_bytes(b"\xff\xfe\x00broken")
    events = chat_daemon.chat("and now", id)
    assert names(events) == ["session", "error"] and "SOUL.md" in events[-1].json["message"]
    assert chat_daemon.get(f"/api/sessions/{id}").json() == before
    events = chat_daemon.chat("in a new one")
    assert names(events) == ["session", "error"] and chat_daemon.messages(session_id(events)) == []


def test_a_daemon_that_cannot_chat_starts_all_the_same(make_chat_daemon):
    daemon = make_chat_daemon(config={}).start()
    assert daemon.get("/api/health").json()["agent"] == "degraded"
    events = daemon.chat("hi")
    assert names(events) == ["session", "error"] and "openai" in events[-1].json["message"].lower()
    assert daemon.messages(session_id(events)) == []
    assert daemon.apply({"llm": {"provider": "mock"}}).status_code == 200
    assert daemon.get("/api/health").json()["agent"] == "ready"
    assert names(daemon.chat("hi"))[-1] == "done"


# Who watches


def test_the_turn_goes_on_without_its_reader(provider: Provider, asking):
    def slowly(answering):
        answering.send(openai_delta("one "))
        provider.hold()
        answering.send(openai_delta("two") + openai_end())

    provider.answer = slowly
    stream = asking.stream("hi", "left-alone")
    stream.wait_for("delta")
    stream.drop()
    provider.released.set()

    def is_saved():
        return [message["content"] for message in asking.messages("left-alone")] == ["hi", "one two"]

    eventually(is_saved, "the answer is saved")


def test_a_reader_that_takes_nothing_is_dropped_and_the_turn_is_not(provider: Provider, asking):
    text = "x" * 65_536
    # Less than an answer may have, and more than the daemon and the kernel keep for a reader.
    pieces = 125

    def flood(answering):
        for _ in range(pieces):
            answering.send(openai_delta(text))
        answering.send(openai_end())

    provider.answer = flood
    stream = ChatStream(asking.url, {"message": "hi", "session_id": "flood"}, reads=False)

    def is_saved():
        messages = asking.messages("flood")
        return len(messages) == 2 and len(messages[1]["content"]) == pieces * len(text)

    eventually(is_saved, "the answer is saved")
    stream.thread.start()
    stream.thread.join(20)
    assert not stream.ended, "the stream was broken off"
    assert len(stream.raw) < pieces * len(text)
    assert asking.is_healthy()


# One after another


def test_turns_of_one_session_wait_for_each_other(provider: Provider, asking):
    def answer(answering):
        provider.hold()
        question = answering.request.body["messages"][-1]["content"]
        answering.send(openai_delta(f"answer to {question}") + openai_end())

    provider.answer = answer
    first = asking.stream("q0", "queue")
    first.wait_for("session")
    provider.wait_for_requests(1)
    waiting = []
    for number in range(1, 9):
        stream = asking.stream(f"q{number}", "queue")
        # The session at once, and nothing else.
        assert session_id(stream.wait_for("session")) == "queue"
        waiting.append(stream)
    full = asking.post("/api/chat", {"message": "one too many", "session_id": "queue"})
    assert full.status_code == 503 and full.json()["code"] == "service_unavailable"
    assert len(provider.asked) == 1 and all(names(stream.events) == ["session"] for stream in waiting)
    provider.released.set()
    for stream in [first, *waiting]:
        check_order(stream.wait())
        assert stream.events[-1].name == "done"
    messages = [message["content"] for message in asking.messages("queue")]
    expected = []
    for number in range(9):
        expected += [f"q{number}", f"answer to q{number}"]
    assert messages == expected
    # Each was asked with all that was said before.
    assert [len(asked.body["messages"]) for asked in provider.asked] == [2 * number + 2 for number in range(9)]


def test_two_first_messages_of_the_same_new_session(provider: Provider, asking):
    def answer(answering):
        provider.hold()
        answering.send(openai_delta("x") + openai_end())

    provider.answer = answer
    streams = [asking.stream(f"q{number}", "both-new") for number in range(2)]
    for stream in streams:
        stream.wait_for("session")
    provider.released.set()
    for stream in streams:
        check_order(stream.wait())
    assert roles(asking, "both-new") == ["user", "assistant"] * 2
    assert len(asking.sessions()) == 1


@pytest.mark.timeout(180)
def test_sixty_four_turns_at_once_and_the_next_one_waits(provider: Provider, asking):
    def answer(answering):
        provider.hold()
        answering.send(openai_delta("x") + openai_end())

    provider.answer = answer
    streams = [asking.stream("hi", f"s{number}") for number in range(70)]
    for stream in streams[:64]:
        stream.wait_for("session")
    provider.wait_for_requests(64)
    assert asking.get("/api/health").json()["status"] == "ok"
    assert len(provider.asked) == 64
    provider.released.set()
    for stream in streams:
        check_order(stream.wait(60))
        assert stream.events[-1].name == "done"
    assert len(provider.asked) == 70
    assert all(len(session["messages"]) == 2 for session in asking.sessions())


def test_many_short_turns_side_by_side(chat_daemon):
    def work(worker):
        for number in range(25):
            events = chat_daemon_chat(f"w{worker} n{number}")
            assert "".join(event.data for event in events if event.name == "delta").endswith(f"w{worker} n{number}")

    def chat_daemon_chat(message):
        stream = chat_daemon.stream(message)
        return stream.wait()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(chat_daemon.sessions()) == 200


# Ended from outside


def held_turn(provider, daemon, id):
    """A turn that has shown something and waits for more."""

    def answer(answering):
        answering.send(openai_delta("half"))
        answering.wait_until_gone()

    provider.answer = answer
    stream = daemon.stream("hi", id)
    stream.wait_for("delta")
    return stream


def test_a_turn_is_cancelled(provider: Provider, asking):
    stream = held_turn(provider, asking, "cancelled")
    answer = asking.post("/api/sessions/cancelled/cancel")
    assert answer.status_code == 202
    events = stream.wait()
    assert names(events) == ["session", "delta", "error"] and events[-1].json["code"] == "cancelled"
    messages = asking.messages("cancelled")
    assert [message["content"] for message in messages] == ["hi", "half"] and messages[1]["partial"] is True
    provider.answer = lambda answering: answering.send(openai_delta("whole") + openai_end())
    assert names(asking.chat("again", "cancelled"))[-1] == "done"
    assert asking.post("/api/sessions/cancelled/cancel").status_code == 202


def test_cancelling_lets_the_next_one_begin(provider: Provider, asking):
    stream = held_turn(provider, asking, "next")
    second = asking.stream("second", "next")
    second.wait_for("session")
    provider.answer = lambda answering: answering.send(openai_delta("whole") + openai_end())
    assert asking.post("/api/sessions/next/cancel").status_code == 202
    assert stream.wait()[-1].json["code"] == "cancelled"
    assert second.wait()[-1].name == "done"
    assert [message["content"] for message in asking.messages("next")] == ["hi", "half", "second", "whole"]


def test_cancelling_between_two_attempts(provider: Provider, asking):
    provider.answer = lambda answering: answering.refuse(503, Retry_After="9")
    stream = asking.stream("hi", "pause")
    provider.wait_for_requests(1)

    def cancelled():
        asking.post("/api/sessions/pause/cancel")
        return stream.ended

    eventually(cancelled, "the turn is cancelled", within=8)
    assert stream.wait()[-1].json["code"] == "cancelled" and len(provider.asked) == 1


def test_a_session_is_deleted_during_its_turn(provider: Provider, asking):
    stream = held_turn(provider, asking, "deleted")
    waiting = asking.stream("second", "deleted")
    waiting.wait_for("session")
    assert asking.request("DELETE", "/api/sessions/deleted").status_code == 204
    for each in (stream, waiting):
        events = each.wait()
        check_order(events)
        assert events[-1].json["code"] == "not_found"
    assert asking.get("/api/sessions/deleted").status_code == 404
    assert asking.sessions() == []
    provider.answer = lambda answering: answering.send(openai_delta("new") + openai_end())
    asking.chat("hi again", "deleted")
    assert [message["content"] for message in asking.messages("deleted")] == ["hi again", "new"]
    asking.restart()
    assert [message["content"] for message in asking.messages("deleted")] == ["hi again", "new"]


def test_the_daemon_ends_during_turns(provider: Provider, asking):
    streams = [held_turn(provider, asking, f"ending{number}") for number in range(3)]
    waiting = asking.stream("second", "ending0")
    waiting.wait_for("session")
    asking.program.signal(15)
    for stream in [*streams, waiting]:
        events = stream.wait()
        check_order(events)
        assert events[-1].json["code"] == "shutting_down"
    assert asking.program.wait() == 0
    asking.start()
    for number in range(3):
        messages = asking.messages(f"ending{number}")
        assert [message["content"] for message in messages] == ["hi", "half"] and messages[1]["partial"]


# Memory and skills


def test_a_turn_is_noted_and_remembered(provider: Provider, asking):
    asking.chat("the colour of the\nboat is purple")

    def noted():
        return [line for path in (asking.workspace / "memory").glob("*.md") for line in path.read_text().splitlines()]

    lines = eventually(noted, "the turn is in the diary")
    assert lines == ["- User: the colour of the boat is purple | Assistant: hello"]
    asking.chat("what colour has the boat?")
    system = provider.asked[-1].body["messages"][0]
    assert system["role"] == "system" and "# Relevant Memory Context" in system["content"]
    assert "purple" in system["content"]
    assert "## SOUL.md" in system["content"] and system["content"].index("## SOUL.md") < system["content"].index("## USER.md")


def test_a_person_is_who_the_files_say_at_the_time(provider: Provider, asking):
    soul = asking.workspace / "personality/SOUL.md"

    def told():
        asking.chat("who are you?")
        return provider.asked[-1].body["messages"][0]["content"]

    for name in ("Ann", "Bob", "Cat"):
        soul.write_text(f"You are {name}.")
        assert f"## SOUL.md\nYou are {name}." in told()
        assert f"You are {name}." in told()
    soul.unlink()
    assert "SOUL.md" not in told()


def test_skills_are_listed_and_activated(provider: Provider, asking):
    folder = asking.workspace / "skills/greet"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text('---\nname: Greet\ndescription: "Says hello"\n---\nAlways say hello twice.\n')
    listed = asking.get("/api/skills").json()
    assert {"id": "greet", "name": "Greet", "description": "Says hello"} in listed
    assert [skill["id"] for skill in listed] == sorted(skill["id"] for skill in listed)
    skill = asking.get("/api/skills/greet").json()
    assert skill["meta"]["name"] == "Greet" and skill["body"].strip() == "Always say hello twice."
    asking.chat("hi")
    assert "# Available Skills" in provider.asked[-1].body["messages"][0]["content"]
    assert "twice" not in provider.asked[-1].body["messages"][0]["content"]
    asking.chat("/activate greet")
    assert "# Activated Skill Instructions" in provider.asked[-1].body["messages"][0]["content"]
    assert "hello twice" in provider.asked[-1].body["messages"][0]["content"]


def test_no_upgrade_by_itself(chat_daemon):
    upgrade = chat_daemon.get("/api/upgrade").json()
    assert upgrade["supported"] is False and upgrade["current_version"] == chat_daemon.ready["version"]


def test_the_token_budget_keeps_the_newest(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config(token_budget=2500)).start()
    for number in range(4):
        daemon.chat(f"{number} " + "x" * 3000, "long")
    sent = provider.asked[-1].body["messages"]
    assert sent[-1]["content"].startswith("3 ") and not any(m["content"].startswith("0 ") for m in sent)
    assert len(daemon.messages("long")) == 8


def test_the_stream_of_everything_tells_of_chats_and_not_what_was_said(chat_daemon):
    id = session_id(chat_daemon.chat("a secret word"))
    events = chat_daemon.get("/api/events", params={"since": 0}, headers={"Accept": "application/json"}).json()["items"]
    events = [event for event in events if event["type"].startswith("CHAT_")]
    types = [event["type"] for event in events if event["sessionId"] == id]
    assert types == ["CHAT_SESSION_CREATED", "CHAT_MESSAGE_APPENDED", "CHAT_MESSAGE_APPENDED", "CHAT_TURN_ENDED"]
    assert len(events) == len(types) and {event["source"] for event in events} == {"chat"}
    assert "secret word" not in json.dumps(events)
    assert parse(b"") == ([], 0)
