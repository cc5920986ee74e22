"""A chat runtime that says exactly what a test has it say, and remembers what it was asked."""

import contextlib
import itertools
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.waiting import PATIENCE, eventually


def event(name: str, data) -> bytes:
    """One event as the daemon frames it."""
    text = data if isinstance(data, str) else json.dumps(data)
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{lines}\n".encode()


def session(session_id: str, *messages: tuple[str, str], changed: str = "2026-01-05T10:00:00.000000Z") -> dict:
    return {
        "id": session_id,
        "created_at": "2026-01-05T09:00:00.000000Z",
        "updated_at": changed,
        "messages": [{"role": role, "content": content} for role, content in messages],
    }


def config(**llm) -> dict:
    file = {"llm": {"provider": "openai", "model": "gpt-4o", **llm}, "secrets": {"openai_api_key": "***REDACTED***"}}
    return {
        "config_path": "/h/config.json",
        "backup1_path": "/h/config.json.bak1",
        "backup2_path": "/h/config.json.bak2",
        "config_format": "config.json",
        "running": file,
        "disk": file,
        "raw": json.dumps(file),
        "disk_parse_error": None,
    }


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Refusal(Exception):
    status: int
    code: str
    message: str


@dataclass
class ScriptedRuntime:
    """`chat` is asked what to stream: bytes, one after the other; it may wait between them."""

    chat: Callable[["ScriptedRuntime", Request], Iterable[bytes]] | None = None
    sessions: list[dict] = field(default_factory=list)
    config: dict = field(default_factory=config)
    # What is answered to a request, by its method and path, instead of the usual.
    answers: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        self.cancelled = threading.Event()
        self.released = threading.Event()
        self.left = threading.Event()
        runtime = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_) -> None:
                pass

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError):
                    super().handle_one_request()

            def take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                runtime.requests.append(request)
                try:
                    if (self.command, self.path) == ("POST", "/api/chat"):
                        self.stream(request)
                    else:
                        self.answer(200, runtime.reply(request))
                except Refusal as refusal:
                    self.answer(refusal.status, {"code": refusal.code, "message": refusal.message})

            do_GET = do_POST = do_DELETE = take

            def answer(self, status: int, body) -> None:
                data = b"" if body is None else json.dumps(body).encode()
                self.send_response(204 if body is None else status)
                if body is not None:
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def stream(self, request: Request) -> None:
                pieces = iter(runtime.chat(runtime, request))
                # A script that refuses does so before it says anything.
                first = next(pieces, b"")
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                try:
                    for piece in itertools.chain([first], pieces):
                        self.wfile.write(piece)
                        self.wfile.flush()
                except ConnectionError:
                    runtime.left.set()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __enter__(self) -> "ScriptedRuntime":
        return self

    def __exit__(self, *_) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def reply(self, request: Request):
        key = f"{request.method} {request.path}"
        if key in self.answers:
            answer = self.answers[key]
            if isinstance(answer, Refusal):
                raise answer
            return answer
        found = [one for one in self.sessions if request.path.startswith(f"/api/sessions/{one['id']}")]
        match request.method, request.path:
            case "GET", "/api/health":
                return {"status": "ok", "now": "2026-01-05T10:00:00+00:00"}
            case "GET", "/api/sessions":
                return self.sessions
            case "POST", "/api/sessions":
                self.sessions.insert(0, session(f"new-{len(self.sessions)}"))
                return self.sessions[0]
            case "GET", "/api/config":
                return self.config
            case "POST", "/api/config/apply":
                running = request.json["config"]
                self.config = {**self.config, "running": running, "disk": running}
                return {"ok": True, "action": "apply", "restart_scheduled": False, "state": self.config}
            case "POST", path if path.endswith("/cancel"):
                self.cancelled.set()
                return {}
            case "GET", _ if found:
                return found[0]
            case "DELETE", _ if found:
                self.sessions.remove(found[0])
                return None
        raise Refusal(404, "not_found", "no such session")

    # For scripts of streams

    def hold_until_cancelled(self) -> Iterable[bytes]:
        """Keeps the stream alive until the turn is cancelled, and ends it as the daemon does."""
        while not self.cancelled.wait(0.05):
            if self.released.is_set():
                return
            yield b": keepalive\n\n"
        yield event("error", {"code": "cancelled", "message": "the turn was cancelled"})

    def hold(self) -> Iterable[bytes]:
        """Keeps the stream alive until the client leaves or the test is over."""
        while not self.released.wait(0.02):
            yield b": keepalive\n\n"

    # For tests

    def asked(self, method: str, path: str) -> list[Request]:
        return [one for one in list(self.requests) if (one.method, one.path) == (method, path)]

    def wait_for(self, method: str, path: str, count: int = 1) -> Request:
        return eventually(
            lambda: len(self.asked(method, path)) >= count and self.asked(method, path)[count - 1],
            f"{method} {path} was asked {count} times",
            PATIENCE,
        )


def says(*texts: str, session_id: str = "s-0001", finish: str = "stop"):
    """A turn in which the model says these pieces."""

    def chat(_, request: Request) -> Iterable[bytes]:
        chosen = request.json.get("session_id") or session_id
        yield event("session", {"session_id": chosen})
        for text in texts:
            yield event("delta", text)
        yield event("done", {"session_id": chosen, "usage": None, "finish_reason": finish})

    return chat


def streams(*pieces: bytes):
    """A turn of exactly these bytes."""
    return lambda *_: iter(pieces)
