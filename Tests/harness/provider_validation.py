"""What the providers' own libraries say of the requests that Drover sends.

A library describes the body of a request as types. A body is held against them, strictly: unknown keys are mistakes
here, since a provider refuses them, or worse, passes over them.
"""

import functools
import importlib
import sys
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pydantic
from typing_extensions import is_typeddict


def validate_openai(body: Any) -> None:
    """Raises `pydantic.ValidationError` or `AssertionError` unless the body is a streamed chat completion's."""
    assert body["stream"] is True
    _exhaust(
        _adapter("openai", "chat.completion_create_params", "CompletionCreateParamsStreaming").validate_python(body)
    )
    answered: set[str] = set()
    waiting: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool":
            assert message["tool_call_id"] in waiting, f"nothing asked for {message}"
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, f"calls without an answer: {waiting}"
        waiting = [call["id"] for call in message.get("tool_calls", [])]
        assert not answered.intersection(waiting) and len(set(waiting)) == len(waiting), f"an id twice: {waiting}"
        answered.update(waiting)
    assert not waiting, f"calls without an answer: {waiting}"


def validate_anthropic(body: Any) -> None:
    """Raises `pydantic.ValidationError` or `AssertionError` unless the body is a streamed message's."""
    assert body["stream"] is True
    # The library speaks version 2026-10-21 of the API, which has no temperature; we speak 2023-06-01, which has.
    body = dict(body)
    assert 0 <= body.pop("temperature", 1) <= 1
    adapter = _adapter("anthropic", "message_create_params", "MessageCreateParamsStreaming")
    _exhaust(adapter.validate_python(body))
    assert all(tool["input_schema"].get("type") == "object" for tool in body.get("tools", []))
    _assert_alternating([message["role"] for message in body["messages"]], "user", "assistant")
    waiting: list[str] = []
    seen: set[str] = set()
    for message in body["messages"]:
        blocks = message["content"]
        assert blocks, "a message is empty"
        assert all(block["text"].strip() for block in blocks if block["type"] == "text"), "a text is blank"
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert results == waiting, f"results {results} of calls {waiting}"
        assert all(block["type"] == "tool_result" for block in blocks[: len(results)]), "results do not come first"
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert not seen.intersection(waiting) and len(set(waiting)) == len(waiting), f"an id twice: {waiting}"
        seen.update(waiting)
    assert not waiting, f"calls without a result: {waiting}"


def validate_gemini(body: Any) -> None:
    """Raises `pydantic.ValidationError` or `AssertionError` unless the body is a streamed generation's."""
    types = _module("google.genai.types")
    unknown = set(body) - {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings"}
    assert not unknown, f"unknown keys: {unknown}"
    contents = [types.Content.model_validate(content) for content in body["contents"]]
    if "systemInstruction" in body:
        types.Content.model_validate(body["systemInstruction"])
    for tool in body.get("tools", []):
        for declaration in types.Tool.model_validate(tool).function_declarations:
            if declaration.parameters is not None:
                _assert_schema(declaration.parameters)
    types.GenerationConfig.model_validate(body["generationConfig"])
    _assert_alternating([content.role for content in contents], "user", "model")
    waiting: list[str] = []
    for content in contents:
        assert content.parts, "a content is empty"
        answers = [part.function_response.name for part in content.parts if part.function_response]
        assert answers == waiting, f"answers of {answers} to calls of {waiting}"
        waiting = [part.function_call.name for part in content.parts if part.function_call]
    assert not waiting, f"calls without an answer: {waiting}"


def _assert_schema(schema: Any) -> None:
    """What the service refuses although the library's type allows it."""
    kind = schema.type.value if schema.type else None
    assert kind or schema.any_of, "a schema has no type"
    assert kind != "OBJECT" or schema.properties, "an object without properties"
    assert kind == "OBJECT" or not (schema.properties or schema.required), "properties of what is no object"
    assert kind != "ARRAY" or schema.items, "an array without items"
    assert not schema.enum or kind == "STRING", "an enumeration of what is no string"
    assert set(schema.required or []) <= set(schema.properties or {}), "what is required does not exist"
    # Keys that the library knows and the service does not.
    assert schema.additional_properties is None and schema.defs is None and schema.ref is None
    for inner in [*(schema.properties or {}).values(), *(schema.any_of or []), *filter(None, [schema.items])]:
        _assert_schema(inner)


def _assert_alternating(roles: list[str], first: str, second: str) -> None:
    expected = [(first, second)[index % 2] for index in range(len(roles))]
    assert roles == expected, f"roles do not alternate: {roles}"


def _module(name: str) -> ModuleType:
    # What a library says of its own future is not about us.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


@functools.cache
def _adapter(library: str, module: str, name: str) -> pydantic.TypeAdapter:
    params = getattr(_module(f"{library}.types.{module}"), name)
    # A dictionary's type allows unknown keys unless it says otherwise itself. All that this one is made of is imported.
    for found in [module for name, module in sys.modules.items() if name.startswith(f"{library}.types.")]:
        for value in vars(found).values():
            if is_typeddict(value):
                value.__pydantic_config__ = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydantic.TypeAdapter(params)


def _exhaust(value: Any) -> None:
    """Pydantic looks at what is in an iterable only when it is asked for it."""
    if isinstance(value, str | bytes):
        return
    # The library takes its own answers back, which allow any key; we send dictionaries.
    assert not isinstance(value, pydantic.BaseModel), f"not what is asked for: {value}"
    if isinstance(value, Mapping):
        value = value.values()
    if hasattr(value, "__iter__"):
        for inner in value:
            _exhaust(inner)
