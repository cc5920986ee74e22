"""What Drover sends is what the providers' own libraries describe; and the tests of that are strict.

The requests are written by `ModelsTests`, which fails when they change.
"""

import copy
import json
from pathlib import Path

import pydantic
import pytest

from harness.provider_validation import validate_anthropic, validate_gemini, validate_openai

FIXTURES = Path(__file__).parent.parent / "Fixtures/provider-requests"
VALIDATORS = {"openai": validate_openai, "anthropic": validate_anthropic, "gemini": validate_gemini}
REQUESTS = sorted(path.stem for path in FIXTURES.glob("*.json"))


def request(name: str) -> dict:
    return json.loads((FIXTURES / f"{name}.json").read_text())


def validate(name: str, body: dict) -> None:
    VALIDATORS[name.partition("-")[0]](body)


def test_there_is_a_request_of_every_kind():
    assert len(REQUESTS) >= 15
    assert {name.partition("-")[0] for name in REQUESTS} == set(VALIDATORS)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_accepted(name):
    validate(name, request(name))


def spoil(body: dict, path: str, value: object) -> dict:
    """The body with something else at a place like `messages.0.role`; `...` takes away what is there."""
    body = copy.deepcopy(body)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = body
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("openai-plain", "max_tokenz", 1),
        ("openai-plain", "model", ...),
        ("openai-plain", "stream", False),
        ("openai-plain", "messages.0.extra", 1),
        ("openai-plain", "messages.0.role", "robot"),
        ("openai-tool-turn", "messages.2.tool_calls.0.function.arguments", {}),
        ("openai-tool-turn", "messages.2.tool_calls.1.id", "call_1"),
        ("openai-tool-turn", "messages.3", ...),
        ("openai-tool-turn", "messages.2", ...),
        ("openai-tool-turn", "tools.0.function.name", ...),
        ("anthropic-plain", "max_tokens", ...),
        ("anthropic-plain", "stream_options", {}),
        ("anthropic-plain", "temperature", 1.5),
        ("anthropic-plain", "messages.0.content.0.extra", 1),
        ("anthropic-plain", "messages.0.content.0.text", " "),
        ("anthropic-plain", "messages.0.role", "assistant"),
        ("anthropic-tool-turn", "messages.2.content.0", ...),
        ("anthropic-tool-turn", "messages.1.content.1.input", "x"),
        ("anthropic-tool-turn", "tools.0.input_schema.type", ...),
        ("gemini-plain", "stream", True),
        ("gemini-plain", "contents.0.role", "assistant"),
        ("gemini-plain", "contents.0.parts.0.extra", 1),
        ("gemini-plain", "generationConfig.maxTokens", 1),
        ("gemini-tool-turn", "contents.2.parts.0", ...),
        ("gemini-schemas", "tools.0.functionDeclarations.0.parameters.properties", {}),
        ("gemini-schemas", "tools.0.functionDeclarations.0.parameters.additionalProperties", False),
        ("gemini-schemas", "tools.0.functionDeclarations.0.parameters.required", ["nowhere"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_seen(name, path, value):
    body = spoil(request(name), path, value)
    with pytest.raises((pydantic.ValidationError, AssertionError, KeyError)):
        validate(name, body)
