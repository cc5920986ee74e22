"""A provider of models on this machine that answers exactly what a test tells it to, byte by byte."""

import contextlib
import dataclasses
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.waiting import PATIENCE

#: How an answer ends: with its last byte; with the connection, in the middle; with a reset; not at all.
ENDINGS = ("whole", "cut", "reset", "hang")


@dataclass(frozen=True)
class Answer:
    """What is said to one request. Each piece is a write of its own, flushed, and a chunk of its own."""

    pieces: tuple[bytes, ...] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/event-stream"),)
    ending: str = "whole"
    #: Seconds before the head, and before each piece.
    head_delay: float = 0
    delay: float = 0
    #: Without chunks, the end of the connection is the end of the body, whether or not it is whole.
    is_chunked: bool = True
    #: Nothing is said from this piece on before `gate` is set.
    gate: threading.Event | None = None
    gated_from: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def split(self, size: int) -> "Answer":
        """The same bytes in pieces of that size."""
        return self.split_at(*range(size, len(self.body), size))

    def split_at(self, *places: int) -> "Answer":
        """The same bytes, cut at these places."""
        cuts = [0, *sorted(places), len(self.body)]
        pieces = tuple(self.body[start:end] for start, end in zip(cuts, cuts[1:], strict=False) if start < end)
        return dataclasses.replace(self, pieces=pieces)

    def cut_after(self, count: int, ending: str = "cut") -> "Answer":
        """Only the first so many pieces, and then that ending."""
        assert ending in ENDINGS
        return dataclasses.replace(self, pieces=self.pieces[:count], ending=ending)

    def held_before(self, index: int) -> "Answer":
        """From that piece on, nothing is said before the answer's `gate` is set."""
        return dataclasses.replace(self, gate=threading.Event(), gated_from=index)

    def in_one_write(self) -> "Answer":
        return dataclasses.replace(self, pieces=(self.body,))

    def with_line_ends(self, end: bytes) -> "Answer":
        return dataclasses.replace(self, pieces=tuple(piece.replace(b"\n", end) for piece in self.pieces))

    def but(self, **changes: Any) -> "Answer":
        return dataclasses.replace(self, **changes)


@dataclass
class Request:
    """What arrived."""

    method: str
    path: str
    #: Names in lower case.
    headers: dict[str, str]
    raw: bytes
    #: On the monotonic clock.
    arrived_at: float = field(default_factory=time.monotonic)
    #: Set when the client ends the connection while its answer is not over.
    gone: threading.Event = field(default_factory=threading.Event)
    #: Set when the answer is over.
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class FakeProvider:
    """Answers requests with what `say` was given, in order; a request too many gets a 500."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._answers: list[Answer] = []
        self._standing: Answer | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        provider = self

        class Handler(_Handler):
            fake = provider

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What Anthropic's and Gemini's libraries, and Drover, take for their base."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def openai_url(self) -> str:
        return self.url + "/v1"

    def say(self, *answers: Answer) -> None:
        """Adds answers, one for each request to come."""
        with self._changed:
            self._answers.extend(answers)

    def always_say(self, answer: Answer | None) -> None:
        """The answer to every request for which there is no other."""
        with self._changed:
            self._standing = answer

    def wait_for_requests(self, count: int) -> list[Request]:
        """All requests, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, PATIENCE), f"only {self.requests}"
            return list(self.requests)

    def close(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FakeProvider":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, request: Request) -> Answer:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if self._answers:
                return self._answers.pop(0)
            return self._standing or failure(500, "nothing was scripted")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeProvider

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, raw)
        answer = self.fake._take(request)
        try:
            self._answer(request, answer)
        except OSError:
            request.gone.set()
            self.close_connection = True
        request.answered.set()

    do_GET = do_POST

    def _answer(self, request: Request, answer: Answer) -> None:
        if not self._wait(request, answer.head_delay):
            return
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.flush()
        for index, piece in enumerate(answer.pieces):
            if index == answer.gated_from and not self._pass(request, answer.gate):
                return
            if not self._wait(request, answer.delay):
                return
            if answer.is_chunked:
                piece = b"%x\r\n%s\r\n" % (len(piece), piece)
            self.wfile.write(piece)
            self.wfile.flush()
        self._end(request, answer)

    def _end(self, request: Request, answer: Answer) -> None:
        if answer.ending == "whole":
            if answer.is_chunked:
                self.wfile.write(b"0\r\n\r\n")
                self.wfile.flush()
            return
        self.close_connection = True
        if answer.ending == "hang":
            self._wait(request, 3600)
        elif answer.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _wait(self, request: Request, seconds: float) -> bool:
        """Waits, unless the client goes or the test ends meanwhile."""
        deadline = time.monotonic() + seconds
        self.connection.setblocking(False)
        try:
            while (left := deadline - time.monotonic()) > 0:
                if self.fake._stopping.wait(min(left, 0.02)):
                    return False
                with contextlib.suppress(BlockingIOError):
                    if not self.connection.recv(1, socket.MSG_PEEK):
                        request.gone.set()
                        self.close_connection = True
                        return False
        finally:
            self.connection.setblocking(True)
        return True

    def _pass(self, request: Request, gate: threading.Event | None) -> bool:
        """Waits for the gate, unless the client goes or the test ends meanwhile."""
        while gate and not gate.is_set():
            if not self._wait(request, 0.01):
                return False
        return True

    def log_message(self, *_: object) -> None:
        pass


# What providers say.


def _data(payload: Any) -> bytes:
    return b"data: " + _json(payload) + b"\n\n"


def _named(payload: dict[str, Any]) -> bytes:
    return b"event: " + payload["type"].encode() + b"\n" + _data(payload)


def _json(payload: Any) -> bytes:
    return json.dumps(payload, ensure_ascii=False).encode()


def failure(status: int, message: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
    """An answer that is no stream, in the shape that all three have in common."""
    body = _json({"error": {"message": message, "type": "error", "code": status}})
    return Answer((body,), status, (("Content-Type", "application/json"), *headers))


def rate_limited(retry_after: int = 1) -> Answer:
    return failure(429, "Too many requests", [("Retry-After", str(retry_after))])


def _openai_chunk(delta: dict[str, Any], finish: str | None = None, usage: Any = None) -> bytes:
    return _data(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1694268190,
            "model": "gpt-4o-mini",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
            "usage": usage,
        }
    )


def _openai_end(finish: str, usage: tuple[int, int] | None) -> list[bytes]:
    end = [_openai_chunk({}, finish)]
    if usage:
        prompt, completion = usage
        figures = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1694268190, "model": "gpt-4o-mini"}
        end.append(_data({**head, "choices": [], "usage": figures}))
    return [*end, b"data: [DONE]\n\n"]


def openai_text(*deltas: str, finish: str = "stop", usage: tuple[int, int] | None = (10, 20)) -> Answer:
    """A text in these deltas: one piece for the role, one for each delta, then finish, usage and `[DONE]`."""
    start = _openai_chunk({"role": "assistant", "content": "", "refusal": None})
    pieces = [_openai_chunk({"content": delta}) for delta in deltas]
    return Answer((start, *pieces, *_openai_end(finish, usage)))


def openai_calls(
    *calls: tuple[str, str, list[str]],
    text: str = "",
    finish: str = "tool_calls",
    usage: tuple[int, int] | None = (10, 5),
) -> Answer:
    """Calls as (id, name, fragments of the arguments' text). With several, the fragments alternate."""
    pieces = [_openai_chunk({"role": "assistant", "content": text or None})]
    for index, (call_id, name, _) in enumerate(calls):
        call = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        pieces.append(_openai_chunk({"tool_calls": [call]}))
    for step in range(max((len(fragments) for _, _, fragments in calls), default=0)):
        for index, (_, _, fragments) in enumerate(calls):
            if step < len(fragments):
                call = {"index": index, "function": {"arguments": fragments[step]}}
                pieces.append(_openai_chunk({"tool_calls": [call]}))
    return Answer((*pieces, *_openai_end(finish, usage)))


def openai_error(message: str, *deltas: str) -> Answer:
    """An error in the middle of a stream, after these deltas."""
    pieces = openai_text(*deltas).pieces[: 1 + len(deltas)]
    return Answer((*pieces, _data({"error": {"message": message, "type": "server_error", "code": None}})))


def _anthropic_start(prompt: int) -> bytes:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "content": [],
        "model": "claude-sonnet-4-5",
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": prompt, "output_tokens": 1},
    }
    return _named({"type": "message_start", "message": message}) + _named({"type": "ping"})


def _anthropic_block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[bytes]:
    return [
        _named({"type": "content_block_start", "index": index, "content_block": block}),
        *(_named({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas),
        _named({"type": "content_block_stop", "index": index}),
    ]


def _anthropic_end(reason: str, completion: int) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [
        _named({"type": "message_delta", "delta": delta, "usage": {"output_tokens": completion}}),
        _named({"type": "message_stop"}),
    ]


def anthropic_text(*deltas: str, reason: str = "end_turn", usage: tuple[int, int] = (10, 20)) -> Answer:
    block = _anthropic_block(
        0, {"type": "text", "text": ""}, [{"type": "text_delta", "text": delta} for delta in deltas]
    )
    return Answer((_anthropic_start(usage[0]), *block, *_anthropic_end(reason, usage[1])))


def anthropic_calls(
    *calls: tuple[str, str, list[str]], text: str = "", reason: str = "tool_use", usage: tuple[int, int] = (10, 5)
) -> Answer:
    """Calls as (id, name, fragments of the input's text)."""
    pieces = [_anthropic_start(usage[0])]
    if text:
        pieces += _anthropic_block(0, {"type": "text", "text": ""}, [{"type": "text_delta", "text": text}])
    for index, (call_id, name, fragments) in enumerate(calls, start=1 if text else 0):
        block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": fragment} for fragment in fragments]
        pieces += _anthropic_block(index, block, deltas)
    return Answer((*pieces, *_anthropic_end(reason, usage[1])))


def anthropic_error(message: str, *deltas: str, kind: str = "overloaded_error") -> Answer:
    pieces = anthropic_text(*deltas).pieces[: 2 + len(deltas)]
    return Answer((*pieces, _named({"type": "error", "error": {"type": kind, "message": message}})))


def _gemini_chunk(parts: list[dict[str, Any]], finish: str | None, usage: tuple[int, int]) -> bytes:
    prompt, completion = usage
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    figures = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": completion,
        "totalTokenCount": prompt + completion,
    }
    return _data({"candidates": [candidate], "usageMetadata": figures, "modelVersion": "gemini-2.5-flash"})


def gemini_text(*deltas: str, finish: str = "STOP", usage: tuple[int, int] = (10, 20)) -> Answer:
    last = len(deltas) - 1
    return Answer(
        tuple(
            _gemini_chunk([{"text": delta}], finish if index == last else None, usage)
            for index, delta in enumerate(deltas)
        )
    )


def gemini_calls(
    *calls: tuple[str, dict[str, Any]],
    text: str = "",
    signature: str | None = None,
    finish: str = "STOP",
    usage: tuple[int, int] = (10, 5),
) -> Answer:
    """Calls as (name, arguments). The first bears the signature."""
    parts: list[dict[str, Any]] = [{"functionCall": {"name": name, "args": args}} for name, args in calls]
    if signature is not None:
        parts[0]["thoughtSignature"] = signature
    chunks = [_gemini_chunk([{"text": text}], None, usage)] if text else []
    return Answer((*chunks, *(_gemini_chunk([part], None, usage) for part in parts), _gemini_chunk([], finish, usage)))


def gemini_error(message: str, *deltas: str) -> Answer:
    pieces = [_gemini_chunk([{"text": delta}], None, (10, 1)) for delta in deltas]
    return Answer((*pieces, _data({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})))
