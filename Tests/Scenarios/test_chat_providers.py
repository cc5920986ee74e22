"""Chats with each of the three vendors (chat-runtime §5.3 to §5.6): the real daemon, and a provider that says exactly
what the test has it say.

Events and stored messages are held as a whole, and every request against what the vendor's own library describes.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from harness import fake_providers as fake
from harness.chat import ChatDaemon, ChatStream, check_order, names
from harness.fake_providers import Answer, FakeProvider, Request
from harness.provider_validation import validate_anthropic, validate_gemini, validate_openai

KEY = "sk-of-the-test-0123456789"

#: A call as (name, arguments); where a vendor's arguments come as text, the text comes in several fragments.
Call = tuple[str, dict[str, Any]]


def fragments(arguments: dict[str, Any]) -> list[str]:
    """The text of the arguments in three fragments, none of which is JSON; nothing where there are none."""
    if not arguments:
        return []
    text = json.dumps(arguments)
    return [text[:3], text[3:-2], text[-2:]]


@dataclass(frozen=True)
class Vendor:
    """What the vendors have in common, in each one's own words."""

    name: str
    model: str
    path: str
    key_header: str
    validate: Callable[[Any], None]
    text: Callable[..., Answer]
    calls: Callable[..., Answer]
    error: Callable[..., Answer]
    #: What a person reads of the error "overloaded".
    overloaded: str
    #: The vendor's words for the ends of an answer.
    reasons: dict[str, str]
    #: Pieces before that of the first delta.
    head: int

    def config(self, provider: FakeProvider, **llm: Any) -> dict[str, Any]:
        url = provider.openai_url if self.name == "openai" else provider.url
        return {
            "llm": {"provider": self.name, "model": self.model, "base_url": url, **llm},
            "secrets": {f"{self.name}_api_key": KEY},
        }

    def ids(self, count: int, first: int = 1) -> list[str]:
        """The ids of calls. Gemini has none, so Drover makes them."""
        prefix = "gemini" if self.name == "gemini" else "call"
        return [f"{prefix}_{number}" for number in range(first, first + count)]

    def history(self, body: dict[str, Any]) -> list[Any]:
        """What a request says was said, without what the model is told beside it."""
        match self.name:
            case "openai":
                assert [message["role"] for message in body["messages"]].count("system") == 1
                assert body["messages"][0]["role"] == "system" and "SOUL.md" in body["messages"][0]["content"]
                return body["messages"][1:]
            case "anthropic":
                assert "SOUL.md" in body["system"]
                return body["messages"]
            case _:
                assert "SOUL.md" in body["systemInstruction"]["parts"][0]["text"]
                return body["contents"]

    def user(self, *texts: str) -> Any:
        """A user's message; several are one message where roles have to alternate."""
        match self.name:
            case "openai":
                return [{"role": "user", "content": text} for text in texts]
            case "anthropic":
                return [{"role": "user", "content": [{"type": "text", "text": text} for text in texts]}]
            case _:
                return [{"role": "user", "parts": [{"text": text} for text in texts]}]

    def answered(self, text: str) -> Any:
        match self.name:
            case "openai":
                return [{"role": "assistant", "content": text}]
            case "anthropic":
                return [{"role": "assistant", "content": [{"type": "text", "text": text}]}]
            case _:
                return [{"role": "model", "parts": [{"text": text}]}]

    def called(self, text: str, *calls: tuple[str, str, Any, str, bool]) -> Any:
        """An answer with calls, and their results: (id, name, arguments, output, is an error)."""
        match self.name:
            case "openai":
                made = [
                    {"id": id, "type": "function", "function": {"name": name, "arguments": compact(arguments)}}
                    for id, name, arguments, _, _ in calls
                ]
                results = [{"role": "tool", "content": output, "tool_call_id": id} for id, _, _, output, _ in calls]
                return [{"role": "assistant", "content": text, "tool_calls": made}, *results]
            case "anthropic":
                said = [{"type": "text", "text": text}] if text else []
                used = [
                    {"type": "tool_use", "id": id, "name": name, "input": arguments}
                    for id, name, arguments, _, _ in calls
                ]
                results = [
                    {"type": "tool_result", "tool_use_id": id, "content": output}
                    | ({"is_error": True} if is_error else {})
                    for id, _, _, output, is_error in calls
                ]
                return [{"role": "assistant", "content": said + used}, {"role": "user", "content": results}]
            case _:
                said = [{"text": text}] if text else []
                used = [{"functionCall": {"name": name, "args": arguments}} for _, name, arguments, _, _ in calls]
                results = [
                    {"functionResponse": {"name": name, "response": {"output": output}}}
                    for _, name, _, output, _ in calls
                ]
                return [{"role": "model", "parts": said + used}, {"role": "user", "parts": results}]


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def openai_calls(*calls: Call, first: int = 1, **options: Any) -> Answer:
    made = [(f"call_{first + index}", name, fragments(arguments)) for index, (name, arguments) in enumerate(calls)]
    return fake.openai_calls(*made, **options)


def anthropic_calls(*calls: Call, first: int = 1, **options: Any) -> Answer:
    made = [(f"call_{first + index}", name, fragments(arguments)) for index, (name, arguments) in enumerate(calls)]
    return fake.anthropic_calls(*made, **options)


def gemini_calls(*calls: Call, first: int = 1, **options: Any) -> Answer:
    return fake.gemini_calls(*calls, **options)


OPENAI = Vendor(
    name="openai",
    model="gpt-4o-mini",
    path="/v1/chat/completions",
    key_header="authorization",
    validate=validate_openai,
    text=lambda *deltas, reason="stop", **options: fake.openai_text(*deltas, finish=reason, **options),
    calls=openai_calls,
    error=fake.openai_error,
    overloaded="overloaded",
    reasons={"stop": "stop", "length": "length", "content_filter": "content_filter"},
    head=1,
)
ANTHROPIC = Vendor(
    name="anthropic",
    model="claude-sonnet-4-5",
    path="/v1/messages",
    key_header="x-api-key",
    validate=validate_anthropic,
    text=lambda *deltas, reason="end_turn", **options: fake.anthropic_text(*deltas, reason=reason, **options),
    calls=anthropic_calls,
    error=fake.anthropic_error,
    overloaded="overloaded_error: overloaded",
    reasons={"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"},
    head=2,
)
GEMINI = Vendor(
    name="gemini",
    model="gemini-2.5-flash",
    path="/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    key_header="x-goog-api-key",
    validate=validate_gemini,
    text=lambda *deltas, reason="STOP", **options: fake.gemini_text(*deltas, finish=reason, **options),
    calls=gemini_calls,
    error=fake.gemini_error,
    overloaded="UNAVAILABLE: overloaded",
    reasons={"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"},
    head=0,
)


@dataclass
class Talk:
    """A daemon, its vendor, and a session."""

    vendor: Vendor
    provider: FakeProvider
    daemon: ChatDaemon
    session: str = "talk"

    def stream(self, message: str) -> ChatStream:
        return self.daemon.stream(message, self.session)

    def say(self, message: str) -> list[tuple[str, Any]]:
        """A whole turn, as what its events say."""
        return said(self.stream(message))

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The messages that are stored, without their times, which each of them has."""
        messages = self.daemon.messages(self.session)
        assert all(message.pop("created_at").endswith("Z") for message in messages)
        return messages

    @property
    def requests(self) -> list[Request]:
        return self.provider.requests

    @property
    def history(self) -> list[Any]:
        """What the last request says was said."""
        return self.vendor.history(self.requests[-1].body)

    def begun(self) -> tuple[str, Any]:
        return ("session", {"session_id": self.session})

    def done(
        self,
        *usage: tuple[int, int] | None,
        reason: str = "stop",
        detail: str | None = None,
    ) -> tuple[str, Any]:
        """The event, after calls of the model that used so much each."""
        figures = None
        if usage[-1]:
            total = [sum(pair[place] for pair in usage if pair) for place in (0, 1)]
            figures = {**tokens(*usage[-1]), "total": tokens(*total), "iterations": len(usage)}
        data = {"session_id": self.session, "usage": figures, "finish_reason": reason}
        return ("done", data | ({"stop_detail": detail} if detail else {}))

    def failed(self, message: str) -> tuple[str, Any]:
        return ("error", {"code": "internal_error", "message": message})


def tokens(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def said(stream: ChatStream) -> list[tuple[str, Any]]:
    assert stream.status == 200
    events = stream.wait()
    check_order(events)
    return [(event.name, event.data if event.name == "delta" else event.json) for event in events]


def deltas(*texts: str) -> list[tuple[str, Any]]:
    return [("delta", text) for text in texts]


def tool_call(id: str, name: str, arguments: Any, output: str, is_error: bool = False) -> tuple[str, Any]:
    return ("tool_call", {"id": id, "name": name, "args": arguments, "output": output, "is_error": is_error})


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str, *calls: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    made = [{"id": id, "name": name, "arguments": arguments} for id, name, arguments in calls]
    return {"role": "assistant", "content": text} | ({"tool_calls": made} if made else {}) | more


def result(id: str, name: str, output: str, is_error: bool = False) -> dict[str, Any]:
    message = {"role": "tool", "content": output, "name": name, "tool_call_id": id}
    return message | ({"is_error": True} if is_error else {})


@pytest.fixture
def fake_provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def make_talk(fake_provider, make_chat_daemon) -> Iterator[Callable[..., Talk]]:
    """Starts talks; when the test is over, every request of theirs must be one that the vendor takes."""
    made: list[Talk] = []

    def make(vendor: Vendor, **llm: Any) -> Talk:
        daemon = make_chat_daemon(config=vendor.config(fake_provider, **llm)).start()
        made.append(Talk(vendor, fake_provider, daemon))
        return made[-1]

    yield make
    for talk in made:
        assert talk.requests, "the vendor was never asked"
        for request in talk.requests:
            assert request.method == "POST" and request.path == talk.vendor.path
            talk.vendor.validate(request.body)


@pytest.fixture(params=[OPENAI, ANTHROPIC, GEMINI], ids=lambda vendor: vendor.name)
def vendor(request) -> Vendor:
    return request.param


@pytest.fixture
def talk(make_talk, vendor) -> Talk:
    return make_talk(vendor)


# What is asked


def test_the_head_and_the_settings_of_a_request(make_talk, vendor):
    talk = make_talk(vendor, temperature=0.7, max_tokens=321)
    talk.provider.say(vendor.text("Hello."))
    talk.say("hi")
    [request] = talk.requests
    assert request.headers[vendor.key_header] == (f"Bearer {KEY}" if vendor is OPENAI else KEY)
    assert sum(KEY in value for value in request.headers.values()) == 1 and KEY.encode() not in request.raw
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "text/event-stream"
    assert ("anthropic-version" in request.headers) == (vendor is ANTHROPIC)
    body = request.body
    if vendor is GEMINI:
        assert body["generationConfig"] == {"temperature": 0.7, "maxOutputTokens": 321}
        tools = [tool["name"] for tool in body["tools"][0]["functionDeclarations"]]
    else:
        assert (body["model"], body["temperature"], body["max_tokens"]) == (vendor.model, 0.7, 321)
        tools = [tool.get("function", tool)["name"] for tool in body["tools"]]
    if vendor is OPENAI:
        assert body["stream_options"] == {"include_usage": True} and body["tool_choice"] == "auto"
    assert tools == sorted(tools) and {"read", "write", "edit", "bash", "grep", "find", "ls"} <= set(tools)


@pytest.mark.parametrize("model", ["gpt-5-mini", "GPT-5", "o3"])
def test_models_that_reason_have_another_name_for_the_limit(make_talk, model):
    talk = make_talk(OPENAI, model=model, max_tokens=321)
    talk.provider.say(OPENAI.text("Hello."))
    assert talk.say("hi") == [talk.begun(), *deltas("Hello."), talk.done((10, 20))]
    body = talk.requests[0].body
    assert body["max_completion_tokens"] == 321 and "max_tokens" not in body and "temperature" not in body


def test_the_second_vendor_does_not_take_more_than_its_temperature(make_talk):
    talk = make_talk(ANTHROPIC, temperature=1.7)
    talk.provider.say(ANTHROPIC.text("Hello."))
    talk.say("hi")
    assert talk.requests[0].body["temperature"] == 1


# Plain answers

#: Characters of one to four bytes, a family that is one to its reader, and line ends that are not the stream's.
PIECES = ("Grüße, ", "日本", "👩‍🚀", " \n", "\n\ndata: x\u2028", "\r\n", " \\n\"'", "é")

CUTS = {
    "as-it-is": lambda answer: answer,
    "in-one-write": lambda answer: answer.in_one_write(),
    "byte-by-byte": lambda answer: answer.split(1),
    "by-seven": lambda answer: answer.split(7),
    "crlf": lambda answer: answer.with_line_ends(b"\r\n"),
    "crlf-byte-by-byte": lambda answer: answer.with_line_ends(b"\r\n").split(1),
    "until-the-connection-ends": lambda answer: answer.but(is_chunked=False),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_plain_answer_however_it_is_cut(talk, vendor, cut):
    talk.provider.say(CUTS[cut](vendor.text(*PIECES, usage=(30, 40))))
    shown = [piece.replace("\r\n", "\n") for piece in PIECES]
    assert talk.say("Wer bist du, 👩‍🚀?") == [talk.begun(), *deltas(*shown), talk.done((30, 40))]
    assert talk.stored == [user("Wer bist du, 👩‍🚀?"), assistant("".join(PIECES))]
    assert talk.history == vendor.user("Wer bist du, 👩‍🚀?")


def test_characters_that_are_torn_apart(talk, vendor):
    """One cut inside of each character's bytes, and each with a write of its own."""
    answer = vendor.text("é日👩‍🚀", "ß")
    inside = [place for place, byte in enumerate(answer.body) if byte & 0xC0 == 0x80]
    assert len(inside) >= 8
    talk.provider.say(answer.split_at(*inside))
    assert talk.say("hi") == [talk.begun(), *deltas("é日👩‍🚀", "ß"), talk.done((10, 20))]
    assert talk.stored == [user("hi"), assistant("é日👩‍🚀ß")]


def test_deltas_are_shown_while_the_answer_goes_on(talk, vendor):
    answer = vendor.text("one ", "two").held_before(vendor.head + 1)
    talk.provider.say(answer)
    stream = talk.stream("hi")
    assert [event.data for event in stream.wait_for("delta")] == ["one "]
    assert names(stream.events) == ["session", "delta"]
    assert talk.stored == [user("hi")]
    answer.gate.set()
    assert said(stream) == [talk.begun(), *deltas("one ", "two"), talk.done((10, 20))]


def test_a_conversation_goes_back_as_it_was(talk, vendor):
    talk.provider.say(vendor.text("A", "nn."), vendor.text("Bob."), vendor.text("Cat."))
    for number, name in enumerate(["Ann.", "Bob.", "Cat."]):
        assert talk.say(f"question {number}")[-1] == talk.done((10, 20))
        assert talk.stored[-1] == assistant(name)
    assert talk.history == [
        *vendor.user("question 0"),
        *vendor.answered("Ann."),
        *vendor.user("question 1"),
        *vendor.answered("Bob."),
        *vendor.user("question 2"),
    ]


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_why_an_answer_ended(talk, vendor, reason):
    talk.provider.say(vendor.text("As far as", " this", reason=vendor.reasons[reason]))
    detail = None if reason == "stop" else reason
    expected = [talk.begun(), *deltas("As far as", " this"), talk.done((10, 20), reason=reason, detail=detail)]
    assert talk.say("hi") == expected
    assert talk.stored == [user("hi"), assistant("As far as this")]


def test_an_answer_without_a_word(talk, vendor):
    """It is stored, and left out where the vendor takes no empty message back."""
    talk.provider.say(vendor.text(*([""] if vendor is GEMINI else [])), vendor.text("Now."))
    assert talk.say("one") == [talk.begun(), talk.done((10, 20))]
    assert talk.stored == [user("one"), assistant("")]
    assert talk.say("two") == [talk.begun(), *deltas("Now."), talk.done((10, 20))]
    if vendor is OPENAI:
        assert talk.history == [*vendor.user("one"), *vendor.answered(""), *vendor.user("two")]
    else:
        assert talk.history == vendor.user("one", "two")


def test_usage_may_be_missing(make_talk):
    talk = make_talk(OPENAI)
    talk.provider.say(OPENAI.text("Hello.", usage=None))
    assert talk.say("hi") == [talk.begun(), *deltas("Hello."), talk.done(None)]


def test_the_first_vendors_end_without_its_last_word(make_talk):
    """Some servers end with a reason and no `[DONE]`."""
    talk = make_talk(OPENAI)
    answer = OPENAI.text("Hello.")
    talk.provider.say(answer.cut_after(len(answer.pieces) - 1, "whole"))
    assert talk.say("hi") == [talk.begun(), *deltas("Hello."), talk.done((10, 20))]


def test_an_answer_whose_last_event_has_no_empty_line(talk, vendor):
    body = vendor.text("Hello.", " Bye.").body
    talk.provider.say(Answer((body[:-2],)), Answer((body[:-1],), is_chunked=False))
    for _ in range(2):
        assert talk.say("hi") == [talk.begun(), *deltas("Hello.", " Bye."), talk.done((10, 20))]


def test_the_third_vendor_refuses_a_prompt(make_talk):
    talk = make_talk(GEMINI)
    payload = {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10},
    }
    talk.provider.say(Answer((b"data: " + compact(payload).encode() + b"\n\n",)))
    expected = talk.done((10, 0), reason="content_filter", detail="content_filter")
    assert talk.say("hi") == [talk.begun(), expected]
    assert talk.stored == [user("hi"), assistant("")]


@pytest.mark.parametrize("vendor", [ANTHROPIC, GEMINI], ids=lambda vendor: vendor.name)
def test_thoughts_are_not_shown(make_talk, vendor):
    talk = make_talk(vendor)
    if vendor is ANTHROPIC:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        thought = [
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}},
            {"type": "content_block_stop", "index": 0},
            {"type": "something_new", "text": "?"},
        ]
        thoughts = tuple(f"event: {one['type']}\ndata: {compact(one)}\n\n".encode() for one in thought)
    else:
        parts = [{"text": "Hm.", "thought": True}]
        thoughts = (f"data: {compact({'candidates': [{'content': {'parts': parts}}]})}\n\n".encode(),)
    answer = vendor.text("Hello.")
    start = 1 if vendor is ANTHROPIC else 0
    talk.provider.say(answer.but(pieces=answer.pieces[:start] + thoughts + answer.pieces[start:]))
    assert talk.say("hi") == [talk.begun(), *deltas("Hello."), talk.done((10, 20))]
    assert talk.stored == [user("hi"), assistant("Hello.")]


# Tools


@pytest.fixture
def box(talk) -> None:
    fill(talk)


def fill(talk: Talk) -> None:
    """Something for tools to find."""
    folder = talk.daemon.workspace / "box"
    folder.mkdir()
    (folder / "b.txt").write_text("b")
    (folder / "a.txt").write_text("Grüße,\n日本 👩‍🚀\n")


@pytest.mark.parametrize("cut", CUTS)
def test_a_tool_turn_however_it_is_cut(talk, vendor, box, cut):
    """The arguments come in fragments, where the vendor sends them as text, and those of two calls by turns."""
    calls = vendor.calls(("ls", {"path": "box"}), ("read", {"path": "box/a.txt"}), text="Let me see.", usage=(10, 5))
    talk.provider.say(CUTS[cut](calls), CUTS[cut](vendor.text("Two ", "files.", usage=(70, 8))))
    one, two = vendor.ids(2)
    listing, content = "a.txt\nb.txt", "Grüße,\n日本 👩‍🚀\n"
    assert talk.say("look") == [
        talk.begun(),
        *deltas("Let me see."),
        tool_call(one, "ls", {"path": "box"}, listing),
        tool_call(two, "read", {"path": "box/a.txt"}, content),
        *deltas("Two ", "files."),
        talk.done((10, 5), (70, 8)),
    ]
    assert talk.stored == [
        user("look"),
        assistant("Let me see.", (one, "ls", {"path": "box"}), (two, "read", {"path": "box/a.txt"})),
        result(one, "ls", listing),
        result(two, "read", content),
        assistant("Two files."),
    ]
    assert len(talk.requests) == 2
    assert vendor.history(talk.requests[0].body) == vendor.user("look")
    assert talk.history == [
        *vendor.user("look"),
        *vendor.called(
            "Let me see.",
            (one, "ls", {"path": "box"}, listing, False),
            (two, "read", {"path": "box/a.txt"}, content, False),
        ),
    ]
    first, second = talk.requests
    assert {**first.body, **second.body} == second.body, "the second request has something else than the first"


def test_calls_without_arguments(talk, vendor):
    """No fragment at all means none: one tool is content with that, the other says what is missing."""
    talk.provider.say(vendor.calls(("memory_search", {}), ("read", {})), vendor.text("Well."))
    events = talk.say("go")
    one, two = vendor.ids(2)
    failures = [event[1]["output"] for event in events[1:3]]
    assert events == [
        talk.begun(),
        tool_call(one, "memory_search", {}, failures[0], True),
        tool_call(two, "read", {}, failures[1], True),
        *deltas("Well."),
        talk.done((10, 5), (10, 20)),
    ]
    assert all(failure.startswith("tool error: ") for failure in failures)
    assert talk.stored == [
        user("go"),
        assistant("", (one, "memory_search", {}), (two, "read", {})),
        result(one, "memory_search", failures[0], True),
        result(two, "read", failures[1], True),
        assistant("Well."),
    ]
    assert talk.history == [
        *vendor.user("go"),
        *vendor.called("", (one, "memory_search", {}, failures[0], True), (two, "read", {}, failures[1], True)),
    ]


def test_a_tool_that_needs_no_arguments_gets_none(talk, vendor):
    for path in talk.daemon.workspace.iterdir():
        assert path.name != "only-here"
    (talk.daemon.workspace / "only-here").write_text("x")
    talk.provider.say(vendor.calls(("ls", {})), vendor.text("Well."))
    events = talk.say("go")
    [id] = vendor.ids(1)
    output = events[1][1]["output"]
    assert "only-here" in output.splitlines()
    assert events == [
        talk.begun(),
        tool_call(id, "ls", {}, output),
        *deltas("Well."),
        talk.done((10, 5), (10, 20)),
    ]


@pytest.mark.parametrize("vendor", [OPENAI, ANTHROPIC], ids=lambda vendor: vendor.name)
def test_arguments_that_are_no_json_are_kept_as_they_were_written(make_talk, vendor):
    talk = make_talk(vendor)
    make = fake.openai_calls if vendor is OPENAI else fake.anthropic_calls
    talk.provider.say(make(("call_1", "ls", ['{"pa', "th: 日"])), vendor.text("Well."))
    raw = {"raw": '{"path: 日'}
    events = talk.say("go")
    output, is_error = events[1][1]["output"], events[1][1]["is_error"]
    assert events[:2] == [talk.begun(), tool_call("call_1", "ls", raw, output, is_error)]
    assert events[2:] == [*deltas("Well."), talk.done((10, 5), (10, 20))]
    assert talk.stored[1] == assistant("", ("call_1", "ls", raw))
    assert talk.history == [*vendor.user("go"), *vendor.called("", ("call_1", "ls", raw, output, is_error))]


def test_a_tool_that_does_not_exist(talk, vendor):
    talk.provider.say(vendor.calls(("fly", {"to": "月"})), vendor.text("Well."))
    events = talk.say("go")
    [id] = vendor.ids(1)
    output = events[1][1]["output"]
    assert output.startswith("tool error: ")
    assert events[1] == tool_call(id, "fly", {"to": "月"}, output, True)
    assert talk.history == [*vendor.user("go"), *vendor.called("", (id, "fly", {"to": "月"}, output, True))]


def test_calls_count_although_the_answer_is_said_to_have_stopped(talk, vendor, box):
    """Servers that end with `stop`; the third vendor always does."""
    options = {"openai": {"finish": "stop"}, "anthropic": {"reason": "end_turn"}, "gemini": {"finish": "STOP"}}
    talk.provider.say(vendor.calls(("ls", {"path": "box"}), **options[vendor.name]), vendor.text("Two."))
    [id] = vendor.ids(1)
    assert talk.say("look") == [
        talk.begun(),
        tool_call(id, "ls", {"path": "box"}, "a.txt\nb.txt"),
        *deltas("Two."),
        talk.done((10, 5), (10, 20)),
    ]


def test_tools_until_the_iterations_are_used_up_and_the_turn_after_that(make_talk, vendor):
    """The model gives each of its calls the same id, and no vendor takes an id twice."""
    talk = make_talk(vendor, max_iterations=3)
    fill(talk)
    talk.provider.always_say(vendor.calls(("ls", {"path": "box"})))
    events = talk.say("look")
    # Those that Drover makes go on within a turn.
    ids = vendor.ids(3) if vendor is GEMINI else vendor.ids(1) * 3
    text = events[-2][1]
    assert "max iterations" in text
    assert events == [
        talk.begun(),
        *[tool_call(id, "ls", {"path": "box"}, "a.txt\nb.txt") for id in ids],
        *deltas(text),
        talk.done((10, 5), (10, 5), (10, 5), reason="tool_calls", detail="max_iterations"),
    ]
    stored = [user("look")]
    for id in ids:
        stored += [assistant("", (id, "ls", {"path": "box"})), result(id, "ls", "a.txt\nb.txt")]
    assert talk.stored == [*stored, assistant(text)]
    talk.provider.always_say(vendor.text("So it is."))
    assert talk.say("and now?") == [talk.begun(), *deltas("So it is."), talk.done((10, 20))]
    assert len(talk.requests) == 4
    assert talk.history[-2:] == [*vendor.answered(text), *vendor.user("and now?")]


def test_the_third_vendors_signature_goes_back(make_talk):
    talk = make_talk(GEMINI, model="gemini-2.5-flash")
    fill(talk)
    calls = [("ls", {"path": "box"}), ("read", {"path": "box/b.txt"})]
    talk.provider.say(fake.gemini_calls(*calls, signature="c2lnbmF0dXJl"), GEMINI.text("Two."))
    assert names_of(talk.say("look")) == ["session", "tool_call", "tool_call", "delta", "done"]
    parts = talk.history[1]["parts"]
    assert [part["functionCall"]["name"] for part in parts] == ["ls", "read"]
    assert [part.get("thoughtSignature") for part in parts] == ["c2lnbmF0dXJl", None]


def names_of(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events]


# What breaks off

BROKEN_OFF = "the provider's answer broke off before the model was done"


def goes_on(talk: Talk, *before: Any) -> None:
    """The session takes the next turn, with these messages before it."""
    talk.provider.say(talk.vendor.text("Here I am."))
    assert talk.say("still there?") == [talk.begun(), *deltas("Here I am."), talk.done((10, 20))]
    assert talk.history == list(before)


@pytest.mark.parametrize("ending", ["cut", "whole", "unframed"])
def test_an_answer_that_is_cut_in_the_middle(talk, vendor, ending):
    """`whole` and `unframed` look like a good end to the connection; only the model has not said that it is done."""
    answer = vendor.text("Half ", "an ", "answer").cut_after(vendor.head + 2, "cut" if ending == "cut" else "whole")
    talk.provider.say(answer.but(is_chunked=ending != "unframed"))
    events = talk.say("hi")
    message = events[-1][1]["message"]
    assert events == [talk.begun(), *deltas("Half ", "an "), talk.failed(message)]
    assert "broke off" in message and (ending == "cut" or message == BROKEN_OFF)
    assert talk.stored == [user("hi"), assistant("Half an ", partial=True)]
    assert len(talk.requests) == 1
    goes_on(talk, *vendor.user("hi"), *vendor.answered("Half an "), *vendor.user("still there?"))


def test_a_last_delta_without_its_empty_line(talk, vendor):
    """An event counts without it at the end of an answer, and so it does at the end of one that broke off."""
    answer = vendor.text("Half ", "an ", "answer")
    body = b"".join(answer.pieces[: vendor.head + 2])
    talk.provider.say(Answer((body.removesuffix(b"\n\n"),)))
    assert talk.say("hi") == [talk.begun(), *deltas("Half ", "an "), talk.failed(BROKEN_OFF)]
    assert talk.stored == [user("hi"), assistant("Half an ", partial=True)]


def test_an_answer_that_is_reset(talk, vendor):
    answer = vendor.text("Half ", "an ", "answer").cut_after(vendor.head + 2, "reset").held_before(vendor.head + 1)
    talk.provider.say(answer)
    stream = talk.stream("hi")
    stream.wait_for("delta")
    answer.gate.set()
    events = said(stream)
    # What is still on its way when a connection is reset may be lost.
    shown = [data for name, data in events if name == "delta"]
    assert shown in (["Half "], ["Half ", "an "])
    message = events[-1][1]["message"]
    assert events == [talk.begun(), *deltas(*shown), talk.failed(message)] and "broke off" in message
    assert talk.stored == [user("hi"), assistant("".join(shown), partial=True)]


@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "unframed"])
def test_an_answer_that_is_cut_inside_of_a_character(talk, vendor, is_chunked):
    answer = vendor.text("Half ", "日本", "answer")
    place = answer.body.index("日".encode()) + 1
    talk.provider.say(answer.split_at(place).cut_after(1, "cut").but(is_chunked=is_chunked))
    events = talk.say("hi")
    message = events[-1][1]["message"]
    assert events == [talk.begun(), *deltas("Half "), talk.failed(message)] and "broke off" in message
    assert talk.stored == [user("hi"), assistant("Half ", partial=True)]


@pytest.mark.parametrize("text", ["", "Let me see."], ids=["without-text", "after-text"])
def test_calls_that_are_cut_in_the_middle_are_not_made(talk, vendor, text):
    answer = vendor.calls(("write", {"path": "made.txt", "content": "x"}), text=text)
    # The vendor's own end is missing, and where the arguments come in fragments, the last of those.
    missing = {"openai": 4, "anthropic": 4, "gemini": 1}[vendor.name]
    talk.provider.say(answer.cut_after(len(answer.pieces) - missing))
    events = talk.say("go")
    message = events[-1][1]["message"]
    shown = [text] if text else []
    assert events == [talk.begun(), *deltas(*shown), talk.failed(message)] and "broke off" in message
    assert talk.stored == [user("go"), *(assistant(one, partial=True) for one in shown)]
    assert not (talk.daemon.workspace / "made.txt").exists()
    if text:
        goes_on(talk, *vendor.user("go"), *vendor.answered(text), *vendor.user("still there?"))
    elif vendor is OPENAI:
        goes_on(talk, *vendor.user("go"), *vendor.user("still there?"))
    else:
        goes_on(talk, *vendor.user("go", "still there?"))


def test_an_answer_that_breaks_off_after_a_tool_keeps_what_was_before(talk, vendor, box):
    talk.provider.say(vendor.calls(("ls", {"path": "box"})), vendor.text("Two ", "files.").cut_after(vendor.head + 1))
    events = talk.say("look")
    message = events[-1][1]["message"]
    [id] = vendor.ids(1)
    listing = "a.txt\nb.txt"
    assert events == [
        talk.begun(),
        tool_call(id, "ls", {"path": "box"}, listing),
        *deltas("Two "),
        talk.failed(message),
    ]
    assert talk.stored == [
        user("look"),
        assistant("", (id, "ls", {"path": "box"})),
        result(id, "ls", listing),
        assistant("Two ", partial=True),
    ]
    goes_on(
        talk,
        *vendor.user("look"),
        *vendor.called("", (id, "ls", {"path": "box"}, listing, False)),
        *vendor.answered("Two "),
        *vendor.user("still there?"),
    )


def test_a_turn_that_is_cancelled_lets_its_provider_go(talk, vendor):
    talk.provider.say(vendor.text("Half ", "an answer").cut_after(vendor.head + 1, "hang"))
    stream = talk.stream("hi")
    stream.wait_for("delta")
    assert talk.daemon.post(f"/api/sessions/{talk.session}/cancel").status_code == 202
    events = said(stream)
    assert events[:-1] == [talk.begun(), *deltas("Half ")] and events[-1][1]["code"] == "cancelled"
    assert talk.requests[0].gone.wait(20)
    assert talk.stored == [user("hi"), assistant("Half ", partial=True)]
    goes_on(talk, *vendor.user("hi"), *vendor.answered("Half "), *vendor.user("still there?"))


# What cannot be read

NONSENSE = {
    "no-json": b"data: {nonsense\n\n",
    "no-object": b"data: [1]\n\n",
    "no-utf-8": b'data: {"x": "\xff\xfe"}\n\n',
    "half-a-character": b'data: {"x": "\xe6\x97"}\n\n',
}
UNREADABLE = "the provider's answer cannot be read: "


@pytest.mark.parametrize("together", [True, False], ids=["in-one-write", "after-the-delta"])
@pytest.mark.parametrize("kind", NONSENSE)
def test_a_payload_that_is_broken(talk, vendor, kind, together):
    """What was said before it is shown and kept, also where both came in the same packet."""
    whole = vendor.text("Half ", "an answer")
    place = vendor.head + 1
    answer = whole.but(pieces=(*whole.pieces[:place], NONSENSE[kind], *whole.pieces[place:]))
    events = say_apart_or_together(talk, answer, place, together)
    message = events[-1][1]["message"]
    assert events == [talk.begun(), *deltas("Half "), talk.failed(message)] and message.startswith(UNREADABLE)
    assert talk.stored == [user("hi"), assistant("Half ", partial=True)]
    assert len(talk.requests) == 1
    goes_on(talk, *vendor.user("hi"), *vendor.answered("Half "), *vendor.user("still there?"))


@pytest.mark.parametrize("kind", NONSENSE)
def test_nothing_but_a_broken_payload(talk, vendor, kind):
    talk.provider.say(Answer((NONSENSE[kind],)))
    events = talk.say("hi")
    message = events[-1][1]["message"]
    assert events == [talk.begun(), talk.failed(message)] and message.startswith(UNREADABLE)
    assert talk.stored == [user("hi")]


@pytest.mark.parametrize("together", [True, False], ids=["in-one-write", "after-the-delta"])
def test_an_error_in_the_middle_of_an_answer(talk, vendor, together):
    events = say_apart_or_together(talk, vendor.error("overloaded", "Half "), vendor.head + 1, together)
    failure = talk.failed(f"the provider reports an error: {vendor.overloaded}")
    assert events == [talk.begun(), *deltas("Half "), failure]
    assert talk.stored == [user("hi"), assistant("Half ", partial=True)]
    assert len(talk.requests) == 1
    goes_on(talk, *vendor.user("hi"), *vendor.answered("Half "), *vendor.user("still there?"))


def test_an_error_instead_of_an_answer(talk, vendor):
    talk.provider.say(vendor.error(f"overloaded by {KEY}"))
    failure = talk.failed(f"the provider reports an error: {vendor.overloaded} by ***")
    assert talk.say("hi") == [talk.begun(), failure]
    assert talk.stored == [user("hi")]


def say_apart_or_together(talk: Talk, answer: Answer, place: int, together: bool) -> list[tuple[str, Any]]:
    """A turn in which the pieces from that place on come in one packet with those before, or once those are shown."""
    if together:
        talk.provider.say(answer.in_one_write())
        return talk.say("hi")
    answer = answer.held_before(place)
    talk.provider.say(answer)
    stream = talk.stream("hi")
    stream.wait_for("delta")
    answer.gate.set()
    return said(stream)


# What is refused


def test_a_vendor_that_asks_for_patience_is_asked_once_more(talk, vendor):
    talk.provider.say(fake.rate_limited(1), vendor.text("Hello."))
    assert talk.say("hi") == [talk.begun(), *deltas("Hello."), talk.done((10, 20))]
    first, second = talk.requests
    assert second.arrived_at - first.arrived_at >= 0.99
    assert first.raw == second.raw and first.headers == second.headers
    assert talk.stored == [user("hi"), assistant("Hello.")]


def test_a_vendor_that_asks_for_patience_in_the_middle_of_a_turn(talk, vendor, box):
    talk.provider.say(vendor.calls(("ls", {"path": "box"})), fake.rate_limited(0), vendor.text("Two."))
    [id] = vendor.ids(1)
    assert talk.say("look") == [
        talk.begun(),
        tool_call(id, "ls", {"path": "box"}, "a.txt\nb.txt"),
        *deltas("Two."),
        talk.done((10, 5), (10, 20)),
    ]
    assert [request.raw for request in talk.requests[1:]] == [talk.requests[1].raw] * 2


def test_a_vendor_that_fails_twice_is_not_asked_again(talk, vendor):
    started = time.monotonic()
    talk.provider.say(fake.failure(500, "first"), fake.failure(500, f"second {KEY}"))
    events = talk.say("hi")
    message = events[-1][1]["message"]
    assert events == [talk.begun(), talk.failed(message)]
    assert message.startswith("the provider answered 500: ") and "second ***" in message and KEY not in message
    assert time.monotonic() - started >= 0.5, "there was no pause between the two"
    assert len(talk.requests) == 2 and talk.requests[0].raw == talk.requests[1].raw
    assert talk.stored == [user("hi")]
    if vendor is OPENAI:
        goes_on(talk, *vendor.user("hi"), *vendor.user("still there?"))
    else:
        goes_on(talk, *vendor.user("hi", "still there?"))


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_vendor_that_refuses_is_asked_once(talk, vendor, status):
    talk.provider.say(fake.failure(status, f"not with {KEY}"))
    events = talk.say("hi")
    message = events[-1][1]["message"]
    assert events == [talk.begun(), talk.failed(message)]
    assert message.startswith(f"the provider answered {status}: ") and "not with ***" in message
    assert len(talk.requests) == 1 and talk.stored == [user("hi")]


# From one vendor to another


def test_a_session_goes_from_vendor_to_vendor(fake_provider, make_chat_daemon):
    """What one said and called goes to the next in its own words."""
    daemon = make_chat_daemon(config=OPENAI.config(fake_provider)).start()
    asked = 0
    for vendor in (OPENAI, ANTHROPIC, GEMINI, OPENAI):
        assert daemon.apply(vendor.config(fake_provider)).status_code == 200
        talk = Talk(vendor, fake_provider, daemon)
        if not asked:
            fill(talk)
        fake_provider.say(vendor.calls(("ls", {"path": "box"}), text="Let me see."), vendor.text("Two."))
        [id] = vendor.ids(1)
        assert talk.say("look") == [
            talk.begun(),
            *deltas("Let me see."),
            tool_call(id, "ls", {"path": "box"}, "a.txt\nb.txt"),
            *deltas("Two."),
            talk.done((10, 5), (10, 20)),
        ]
        for request in talk.requests[asked:]:
            assert request.path == vendor.path
            vendor.validate(request.body)
        asked += 2
        assert len(talk.requests) == asked
    assert [message["role"] for message in talk.stored] == ["user", "assistant", "tool", "assistant"] * 4
