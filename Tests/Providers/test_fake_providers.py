"""The fake providers say what the real ones do: the official clients understand them."""

import contextlib
import http.client
import json
import warnings
from collections.abc import Iterator

import pytest

from harness import fake_providers as fake
from harness.fake_providers import Answer, FakeProvider

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import anthropic
    import openai
    from google import genai


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        yield provider


def ask_openai(provider: FakeProvider) -> list:
    client = openai.OpenAI(base_url=provider.openai_url, api_key="sk-test", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    return list(client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True))


def ask_anthropic(provider: FakeProvider):
    client = anthropic.Anthropic(base_url=provider.url, api_key="sk-test", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    with client.messages.stream(model="claude-opus-5", max_tokens=100, messages=messages) as stream:
        return stream.get_final_message()


def ask_gemini(provider: FakeProvider) -> list:
    client = genai.Client(api_key="test", http_options={"base_url": provider.url, "api_version": "v1beta"})
    return list(client.models.generate_content_stream(model="gemini-2.5-flash", contents="hi"))


@pytest.mark.parametrize("size", [None, 1, 7])
def test_openai_text(provider, size):
    answer = fake.openai_text("Grüße, ", "👩‍🚀", usage=(3, 4))
    provider.say(answer.split(size) if size else answer)
    chunks = ask_openai(provider)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Grüße, 👩‍🚀"
    assert chunks[-1].usage.total_tokens == 7
    [request] = provider.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.body["messages"] == [{"role": "user", "content": "hi"}]


def test_openai_calls(provider):
    provider.say(fake.openai_calls(("a", "read", ['{"pa', 'th":"x"}']), ("b", "ls", ["{}"])))
    arguments = {0: "", 1: ""}
    for chunk in ask_openai(provider):
        for call in chunk.choices[0].delta.tool_calls or [] if chunk.choices else []:
            arguments[call.index] += call.function.arguments
    assert arguments == {0: '{"path":"x"}', 1: "{}"}


def test_openai_error(provider):
    provider.say(fake.openai_error("overloaded", "a"))
    with pytest.raises(openai.APIError, match="overloaded"):
        ask_openai(provider)


def test_anthropic_text(provider):
    provider.say(fake.anthropic_text("Grüße, ", "👩‍🚀", usage=(3, 4)).split(5))
    message = ask_anthropic(provider)
    assert message.content[0].text == "Grüße, 👩‍🚀"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (3, 4)
    assert provider.requests[0].path == "/v1/messages"


def test_anthropic_calls(provider):
    provider.say(fake.anthropic_calls(("a", "read", ['{"pa', 'th":"x"}']), ("b", "ls", []), text="Well."))
    message = ask_anthropic(provider)
    assert [block.type for block in message.content] == ["text", "tool_use", "tool_use"]
    assert [block.input for block in message.content[1:]] == [{"path": "x"}, {}]
    assert message.stop_reason == "tool_use"


def test_anthropic_error(provider):
    provider.say(fake.anthropic_error("Overloaded", "a"))
    with pytest.raises(anthropic.APIError, match="Overloaded"):
        ask_anthropic(provider)


def test_gemini_text(provider):
    provider.say(fake.gemini_text("Grüße, ", "👩‍🚀", usage=(3, 4)).split(5))
    chunks = ask_gemini(provider)
    assert "".join(chunk.text for chunk in chunks) == "Grüße, 👩‍🚀"
    assert chunks[-1].usage_metadata.total_token_count == 7
    assert provider.requests[0].path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def test_gemini_calls(provider):
    provider.say(fake.gemini_calls(("read", {"path": "x"}), ("ls", {}), signature="c2ln"))
    calls = [call for chunk in ask_gemini(provider) for call in chunk.function_calls or []]
    assert [(call.name, call.args) for call in calls] == [("read", {"path": "x"}), ("ls", {})]


def test_a_refusal_has_its_headers(provider):
    provider.say(fake.rate_limited(7))
    with pytest.raises(openai.RateLimitError) as caught:
        ask_openai(provider)
    assert caught.value.response.headers["retry-after"] == "7"


def test_a_request_too_many_is_an_error(provider):
    provider.say(fake.openai_text("a"))
    ask_openai(provider)
    with pytest.raises(openai.InternalServerError, match="nothing was scripted"):
        ask_openai(provider)
    provider.always_say(fake.openai_text("b"))
    assert ask_openai(provider)
    assert len(provider.wait_for_requests(3)) == 3


@contextlib.contextmanager
def post(provider: FakeProvider) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(provider.url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps({}))
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def test_an_answer_can_be_cut(provider):
    answer = fake.openai_text("a", "b")
    provider.say(answer.cut_after(2), answer.cut_after(2).but(is_chunked=False))
    with post(provider) as response, pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == answer.body[: len(caught.value.partial)]
    # Without chunks nobody can tell.
    with post(provider) as response:
        assert response.read() == b"".join(answer.pieces[:2])


def test_an_answer_can_be_reset(provider):
    provider.say(Answer((b"data: a\n\n",), ending="reset"))
    with post(provider) as response, pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        response.read()


def test_an_answer_can_hang_and_sees_the_client_go(provider):
    provider.say(Answer((b"data: a\n\n",), ending="hang"))
    with post(provider) as response:
        assert response.read(9) == b"data: a\n\n"
        [request] = provider.requests
        assert not request.gone.wait(0.1)
    assert request.gone.wait(10)


def test_an_answer_can_be_cut_anywhere():
    answer = fake.openai_text("é")
    for size in range(1, 30):
        assert answer.split(size).body == answer.body
        assert all(len(piece) <= size for piece in answer.split(size).pieces)
    assert answer.split_at(5, 3).pieces == (answer.body[:3], answer.body[3:5], answer.body[5:])
    assert answer.with_line_ends(b"\r\n").body == answer.body.replace(b"\n", b"\r\n")
