"""Talking to the chat runtime: streams read as bytes, a daemon with a configuration of its own, a provider that does as
it is told."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests

from harness.daemon import Daemon
from harness.waiting import PATIENCE, eventually

# Streams


@dataclass
class Event:
    name: str
    data: str

    @property
    def json(self) -> dict:
        return json.loads(self.data)


def parse(raw: bytes) -> tuple[list[Event], int]:
    """The events and the number of comments of a stream, which must be framed exactly as chat-runtime §2.2 says."""
    assert b"\r" not in raw
    assert raw == b"" or raw.endswith(b"\n\n"), raw[-200:]
    events, comments = [], 0
    for block in raw.decode().split("\n\n")[:-1]:
        lines = block.split("\n")
        if lines == [": keepalive"]:
            comments += 1
            continue
        assert lines[0].startswith("event: "), block
        assert len(lines) > 1 and all(line.startswith("data: ") for line in lines[1:]), block
        events.append(Event(lines[0][7:], "\n".join(line[6:] for line in lines[1:])))
    return events, comments


class ChatStream:
    """A chat being answered. It reads in the background; what was read stays."""

    def __init__(self, url: str, body: dict, headers: dict | None = None, reads: bool = True):
        self.raw = b""
        self.ended = False
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        if not reads:
            # So that the kernel takes little in the reader's place.
            self.connection.sock = socket.socket()
            self.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self.connection.sock.settimeout(60)
            self.connection.sock.connect((urlsplit(url).hostname, urlsplit(url).port))
        self.connection.request(
            "POST", "/api/chat", json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        )
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.thread = threading.Thread(target=self._read, daemon=True)
        if reads:
            self.thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            while piece := self.response.read1(65536):
                self.raw += piece
            self.ended = True
        self.response.close()
        self.connection.close()

    def wait(self, within: float = PATIENCE) -> list[Event]:
        """All events, once the server has ended the stream as it should."""
        self.thread.join(within)
        assert not self.thread.is_alive(), f"the stream goes on after {self.raw[-300:]!r}"
        assert self.ended, f"the stream broke off after {self.raw[-300:]!r}"
        return self.events

    @property
    def events(self) -> list[Event]:
        """What has come so far."""
        whole = self.raw[: self.raw.rfind(b"\n\n") + 2] if b"\n\n" in self.raw else b""
        return parse(whole)[0]

    @property
    def comments(self) -> int:
        return self.raw.count(b": keepalive\n\n")

    @property
    def text(self) -> str:
        return "".join(event.data for event in self.events if event.name == "delta")

    def wait_for(self, name: str, count: int = 1, within: float = PATIENCE) -> list[Event]:
        def come():
            found = [event for event in self.events if event.name == name]
            return found if len(found) >= count else None

        return eventually(come, f"{count} events {name}", within)

    def drop(self) -> None:
        """Goes away without a word."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)


def names(events: list[Event]) -> list[str]:
    return [event.name for event in events]


def check_order(events: list[Event]) -> None:
    """`session`, then iterations, then one terminal event (§2.4)."""
    kinds = names(events)
    assert kinds[0] == "session" and kinds.count("session") == 1, kinds
    assert kinds[-1] in ("done", "error"), kinds
    assert kinds.count("done") + kinds.count("error") == 1, kinds


# Daemons


class ChatDaemon(Daemon):
    """A daemon whose chat goes by a configuration of the test."""

    def __init__(self, config: dict | None = None, **variables: str):
        super().__init__(**variables)
        self.configure(config if config is not None else {"llm": {"provider": "mock"}})

    @property
    def config_path(self):
        return self.home / "config.json"

    @property
    def workspace(self):
        return self.home / "workspace"

    def configure(self, config: dict) -> None:
        """Writes the file, before the start or behind the daemon's back."""
        self.config_path.write_text(json.dumps(config))

    def stream(self, message: str, session: str | None = None, **options) -> ChatStream:
        body = {"message": message}
        if session is not None:
            body["session_id"] = session
        return ChatStream(self.url, body, **options)

    def chat(self, message: str, session: str | None = None) -> list[Event]:
        stream = self.stream(message, session)
        assert stream.status == 200
        events = stream.wait()
        check_order(events)
        return events

    def messages(self, session: str) -> list[dict]:
        answer = self.get(f"/api/sessions/{session}")
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    def sessions(self) -> list[dict]:
        return self.get("/api/sessions").json()

    def apply(self, config: dict) -> requests.Response:
        return self.post("/api/config/apply", {"config": config})


def session_id(events: list[Event]) -> str:
    return events[0].json["session_id"]


# Providers


def openai_delta(text: str) -> bytes:
    return chunk({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def openai_end(reason: str = "stop", usage: tuple[int, int] | None = (3, 4)) -> bytes:
    end = chunk({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if usage:
        prompt, completion = usage
        counts = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        end += chunk({"choices": [], "usage": counts})
    return end + b"data: [DONE]\n\n"


def openai_calls(*calls: dict) -> bytes:
    return chunk({"choices": [{"index": 0, "delta": {"tool_calls": list(calls)}, "finish_reason": None}]})


def chunk(payload: dict) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


@dataclass
class Asked:
    path: str
    headers: dict
    body: dict


@dataclass
class Answering:
    """What a scripted answer writes with."""

    handler: BaseHTTPRequestHandler
    request: Asked
    has_begun: bool = False
    gone: bool = False

    def begin(self, status: int = 200, **headers: str) -> None:
        self.has_begun = True
        self.handler.send_response(status)
        for name, value in {"Content-Type": "text/event-stream", "Connection": "close", **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def send(self, data: bytes) -> None:
        if not self.has_begun:
            self.begin()
        try:
            self.handler.wfile.write(data)
            self.handler.wfile.flush()
        except OSError:
            self.gone = True

    def refuse(self, status: int, body: bytes = b"no", **headers: str) -> None:
        self.begin(status, **{"Content_Type": "text/plain", **headers})
        self.send(body)

    def wait_until_gone(self, within: float = PATIENCE) -> None:
        """Waits for the daemon to close the connection."""
        self.handler.connection.settimeout(within)
        try:
            while self.handler.connection.recv(4096):
                pass
        except ConnectionError:
            pass
        self.gone = True


@dataclass
class Provider:
    """An OpenAI-compatible server on this machine. `answer` says what it does with each request."""

    answer: Callable[[Answering], None] = lambda answering: answering.send(openai_delta("hello") + openai_end())
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        provider = self
        # Held by answers that wait for the test.
        self.released = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, json.loads(body))
                provider.asked.append(asked)
                with contextlib.suppress(OSError):
                    provider.answer(Answering(self, asked))
                self.close_connection = True

            def log_message(self, *_) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def config(self, **llm) -> dict:
        return {
            "llm": {"provider": "openai", "model": "gpt-test", "base_url": self.url, **llm},
            "secrets": {"openai_api_key": "sk-of-the-test"},
        }

    def hold(self) -> None:
        assert self.released.wait(60)

    def wait_for_requests(self, count: int) -> list[Asked]:
        eventually(lambda: len(self.asked) >= count, f"the provider was asked {count} times")
        return self.asked

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


def wait_a_moment(seconds: float) -> None:
    """Where something must not happen, one can only look on for a while."""
    time.sleep(seconds)
