"""A daemon's chat, played from a script: everything else, the page and its policy included, comes from the real daemon.

The mock provider's answers are given by themselves. What a test wants to happen otherwise it writes down beforehand:

    chat.script("tell me", "Once ", Gate("more"), "upon a time", Done())
    ...
    chat.open("more")
"""

import asyncio
import contextlib
import hashlib
import http.client
import json
import socket
import struct
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

PATIENCE = 30.0
MAX_ITERATIONS = 6


@dataclass
class Gate:
    """Nothing goes on before the test opens it."""

    name: str


@dataclass
class Tool:
    name: str
    output: str
    args: object = field(default_factory=dict)
    is_error: bool = False
    id: str = "call_1"


@dataclass
class Failed:
    """The terminal event `error`."""

    message: str
    code: str = "internal_error"


@dataclass
class Done:
    finish_reason: str | None = "stop"
    usage: dict | None = field(default_factory=lambda: usage(10, 20))


@dataclass
class Cut:
    """The connection ends here, without a terminal event; the turn goes on."""

    clean: bool = False


@dataclass
class Raw:
    """Bytes as they are."""

    data: bytes


def usage(prompt: int, completion: int) -> dict:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code


def now(ahead: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=ahead)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def pretty(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


class Configuration:
    """The file, in memory."""

    def __init__(self) -> None:
        self.running: dict = {
            "server": {"host": "127.0.0.1", "port": 3000},
            "llm": {"provider": "mock", "model": "mock", "temperature": 0.2, "models": ["mock", "mock-2"]},
            "secrets": {"openai_api_key": None},
        }  # fmt: skip
        self.disk = pretty(self.running)
        self.pending: list[str] = []
        self.backups = 0
        self.restart_scheduled = False

    def state(self) -> dict:
        try:
            parsed, problem = json.loads(self.disk), None
        except ValueError:
            parsed, problem = self.running, "/home/p/.drover/config.json is not valid JSON"
        path = "/home/p/.drover/config.json"
        return {
            "config_path": path, "backup1_path": f"{path}.bak1", "backup2_path": f"{path}.bak2",
            "config_format": "config.json", "running": self.running, "disk": parsed,
            "raw": pretty(self.running) if problem else self.disk, "disk_parse_error": problem,
            "disk_raw": self.disk if problem else None, "pending_restart": self.pending,
            "backups": [self.backup(f"{path}.bak{n}", self.backups >= n) for n in (1, 2)],
        }  # fmt: skip

    @staticmethod
    def backup(path: str, exists: bool) -> dict:
        return {"path": path, "exists": exists, "modified_at": now() if exists else None}

    def apply(self, body: dict) -> None:
        if (body.get("raw") is None) == (body.get("config") is None):
            raise Refusal(400, "invalid_request", "give either raw or config")
        expected = body.get("expected_raw_sha256")
        if expected is not None and expected != hashlib.sha256(self.state()["raw"].encode()).hexdigest():
            raise Refusal(409, "conflict", "the configuration was changed meanwhile")
        try:
            config = json.loads(body["raw"]) if body.get("raw") is not None else body["config"]
        except ValueError as error:
            raise Refusal(400, "config_invalid", f"not JSON: {error}") from None
        provider = config.get("llm", {}).get("provider")
        if provider not in ("openai", "anthropic", "gemini", "mock"):
            raise Refusal(400, "config_invalid", f"llm.provider: {provider!r} is no provider")
        self.pending = ["server.port"] if config.get("server") != self.running.get("server") else []
        self.running = config
        self.write(pretty(config))

    def write(self, text: str) -> None:
        if text != self.disk:
            self.backups = min(2, self.backups + 1)
        self.disk = text


class ChatServer:
    def __init__(self, daemon_url: str):
        self.daemon = urlsplit(daemon_url)
        self.sessions: dict[str, dict] = {}
        self.config = Configuration()
        self.scripts: dict[str, list] = {}
        self.refusals: dict[str, Refusal] = {}
        self.requests: list[tuple[str, str, dict | None]] = []
        self.fleet: dict[str, dict] = {}  # sessions that the daemon does not have, for the list of the fleet
        self.reported: dict = {"restsOn": None, "competing": []}  # why they are what they are
        self.started_at = now()
        self.clock_ahead = 0.0  # seconds
        self.away = False  # the chat's routes do not answer, as in a restart
        self.gates: dict[str, asyncio.Event] = {}
        self.cancelled: dict[str, asyncio.Event] = {}
        self.locks: dict[str, asyncio.Lock] = {}
        self.tasks: set[asyncio.Task] = set()
        self.writers: set[asyncio.StreamWriter] = set()
        self.over = asyncio.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.ready = threading.Event()
        self.thread.start()
        assert self.ready.wait(PATIENCE)

    # What a test says

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def script(self, message: str, *steps) -> None:
        """What happens after `session` when this is said."""
        self.scripts[message] = list(steps)

    def open(self, gate: str) -> None:
        self.loop.call_soon_threadsafe(lambda: self._gate(gate).set())

    def refuse(self, route: str, status: int, code: str, message: str) -> None:
        """The next request of this route, such as `POST /api/chat`, is refused."""
        self.refusals[route] = Refusal(status, code, message)

    def add_session(self, *messages: tuple[str, str]) -> str:
        session = self._create()
        session["messages"] = [{"role": role, "content": content} for role, content in messages]
        return session["id"]

    def asked(self, route: str) -> list:
        """The bodies of all requests of a route so far."""
        return [body for method, path, body in list(self.requests) if f"{method} {path}" == route]

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()

    # Connections

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.over.wait()
        server.close()
        for task in list(self.tasks):
            task.cancel()
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.gather(*list(self.tasks), return_exceptions=True)
        # Transports that were told to close do so in the next turn of the loop.
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.tasks.add(task)
        self.writers.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)
            }
            path = target.split("?")[0]
            if path.startswith(("/api/health", "/api/sessions", "/api/chat", "/api/config", "/api/skills")):
                if self.away:
                    return
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                await self._answer(method, path, body, writer)
            elif path.startswith("/api/fleet") and self.fleet:
                await self._answer_fleet(method, target, path, lines, writer)
            else:
                await self._tunnel(head, lines, headers, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            self.writers.discard(writer)
            writer.close()

    async def _tunnel(self, head: bytes, lines: list[str], headers: dict, reader, writer) -> None:
        up_reader, up_writer = await asyncio.open_connection(self.daemon.hostname, self.daemon.port)
        if "upgrade" not in headers:
            kept = [line for line in lines if line and not line.lower().startswith("connection:")]
            head = "\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1")
        up_writer.write(head)

        async def pump(source, sink) -> None:
            with contextlib.suppress(ConnectionError):
                while data := await source.read(1 << 16):
                    sink.write(data)
                    await sink.drain()

        self.writers.add(up_writer)
        up = asyncio.ensure_future(pump(reader, up_writer))
        try:
            await pump(up_reader, writer)
        finally:
            up.cancel()
            self.writers.discard(up_writer)
            up_writer.close()

    def _send(self, writer, status: int, body: object = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} {http.client.responses[status]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
            + data
        )

    # Routes

    async def _answer(self, method: str, path: str, data: bytes, writer) -> None:
        body = json.loads(data) if data else None
        self.requests.append((method, path, body))
        try:
            refusal = self.refusals.pop(f"{method} {path}", None)
            if refusal:
                raise refusal
            if (method, path) == ("POST", "/api/chat"):
                await self._chat(body, writer)
                return
            self._send(writer, *self._route(method, path, body))
        except Refusal as refusal:
            self._send(writer, refusal.status, {"code": refusal.code, "message": str(refusal)})
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    def _route(self, method: str, path: str, body: dict | None) -> tuple:
        parts = [unquote(part) for part in path.split("/")[2:]]
        match [method, *parts]:
            case ["GET", "health"]:
                stamp = now(self.clock_ahead).replace("Z", "+00:00")
                return 200, {"status": "ok", "now": stamp, "agent": "ready", "started_at": self.started_at}
            case ["GET", "sessions"]:
                return 200, sorted(self.sessions.values(), key=lambda s: s["updated_at"], reverse=True)
            case ["POST", "sessions"]:
                return 200, self._create()
            case ["GET", "sessions", id]:
                return 200, self._session(id)
            case ["DELETE", "sessions", id]:
                self._session(id)
                del self.sessions[id]
                return (204,)
            case ["POST", "sessions", id, "cancel"]:
                self._session(id)
                self.cancelled.setdefault(id, asyncio.Event()).set()
                return (202,)
            case ["GET", "config"]:
                return 200, self.config.state()
            case ["POST", "config", action]:
                return 200, self._configure(action, body or {})
            case ["GET", "skills"]:
                return 200, [{"id": "review", "name": "Review", "description": "Look at a change with care."}]
            case ["GET", "skills", "review"]:
                meta = {"id": "review", "name": "Review", "description": "Look at a change with care."}
                return 200, {"meta": meta, "body": "# Review\n\nRead **everything**."}
        raise Refusal(404, "not_found", f"there is no {path}")

    def _configure(self, action: str, body: dict) -> dict:
        if action == "apply":
            self.config.apply(body)
        elif action == "reset":
            self.config.write(pretty(self.config.running))
        elif action != "restart":
            raise Refusal(404, "not_found", "no such action")
        scheduled = action == "restart" and self.config.restart_scheduled
        return {"ok": True, "action": action, "restart_scheduled": scheduled, "state": self.config.state()}

    def _create(self, id: str | None = None) -> dict:
        stamp = now()
        session = {"id": id or str(uuid.uuid4()), "created_at": stamp, "updated_at": stamp, "messages": []}
        self.sessions[session["id"]] = session
        return session

    def _session(self, id: str) -> dict:
        if id not in self.sessions:
            raise Refusal(404, "not_found", f"there is no session {id}")
        return self.sessions[id]

    async def _answer_fleet(self, method: str, target: str, path: str, lines: list[str], writer) -> None:
        id = unquote(path.removeprefix("/api/fleet").strip("/"))
        if id in self.fleet:
            self._send(writer, 200, self.fleet[id])
            return
        if id.removesuffix("/why") in self.fleet:
            self._send(writer, 200, {"id": id.removesuffix("/why"), "reported": self.reported})
            return

        def ask() -> tuple[int, dict]:
            connection = http.client.HTTPConnection(self.daemon.netloc, timeout=PATIENCE)
            connection.request(method, target)
            answer = connection.getresponse()
            result = answer.status, json.loads(answer.read())
            connection.close()
            return result

        status, body = await self.loop.run_in_executor(None, ask)
        if path == "/api/fleet":
            body["items"] += self.fleet.values()
            body["total"] += len(self.fleet)
        self._send(writer, status, body)

    # A turn

    def _gate(self, name: str) -> asyncio.Event:
        return self.gates.setdefault(name, asyncio.Event())

    async def _chat(self, body: dict, writer) -> None:
        message = body.get("message")
        if not isinstance(message, str) or not message.strip():
            raise Refusal(400, "invalid_request", "message is empty")
        id = body.get("session_id") or str(uuid.uuid4())
        session = self.sessions.get(id) or self._create(id)
        head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Cache-Control: no-cache", "Connection: close"]
        writer.write("\r\n".join([*head, "", ""]).encode())
        stream = Stream(writer)
        stream.send("session", {"session_id": id})
        async with self.locks.setdefault(id, asyncio.Lock()):
            await self._turn(session, message, stream)
        await stream.flush()

    async def _turn(self, session: dict, message: str, stream: "Stream") -> None:
        id = session["id"]
        cancelled = self.cancelled[id] = asyncio.Event()
        self._add(session, role="user", content=message)
        text: list[str] = []

        def end_round(**more) -> None:
            if text or more:
                self._add(session, role="assistant", content="".join(text), **more)
            text.clear()

        for step in self.scripts.get(message) or self._mock(message):
            await stream.flush()
            match step:
                case str():
                    text.append(step)
                    stream.send("delta", step)
                case Gate(name):
                    gate = self._gate(name)
                    waits = [asyncio.ensure_future(gate.wait()), asyncio.ensure_future(cancelled.wait())]
                    await asyncio.wait(waits, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
                    for wait in waits:
                        wait.cancel()
                    if id not in self.sessions:
                        stream.send("error", {"code": "not_found", "message": "the session was deleted"})
                        return
                    if cancelled.is_set():
                        end_round(partial=True)
                        stream.send("error", {"code": "cancelled", "message": "the turn was cancelled"})
                        return
                case Tool(name, output, args, is_error, call):
                    end_round(tool_calls=[{"id": call, "name": name, "arguments": args}])
                    self._add(session, role="tool", content=output, name=name, tool_call_id=call, is_error=is_error)
                    stream.send(
                        "tool_call", {"id": call, "name": name, "args": args, "output": output, "is_error": is_error}
                    )
                case Failed(problem, code):
                    if text:
                        end_round(partial=True)
                    stream.send("error", {"code": code, "message": problem})
                    return
                case Cut(clean):
                    await stream.flush()
                    stream.cut(clean)
                case Raw(data):
                    stream.write(data)
                case Done(reason, figures):
                    end_round()
                    stream.send("done", {"session_id": id, "usage": figures, "finish_reason": reason})
                    return

    def _mock(self, message: str) -> list:
        """What the mock provider says (chat-runtime §5.7)."""
        if message.startswith("use_tool:"):
            name = (message.removeprefix("use_tool:").split() or ["read"])[0]
            outputs = {"ls": ("MEMORY.md\nmemory/\npersonality/", False), "read": ("tool error: path is missing", True)}
            output, is_error = outputs.get(name, (f"tool error: there is no tool {name}", True))
            calls = [Tool(name, output, {}, is_error, "mock_tc_1") for _ in range(MAX_ITERATIONS)]
            return [*calls, "Stopped: max iterations reached.", Done("tool_calls", usage(10, 5))]
        text = f"Mock response to: {message}"
        return [*(text[at : at + 10] for at in range(0, len(text), 10)), Done()]

    def _add(self, session: dict, **message) -> None:
        session["messages"].append(message)
        session["updated_at"] = now()


class Stream:
    """Events on their way to one reader, who may have gone."""

    def __init__(self, writer) -> None:
        self.writer = writer
        self.gone = False

    def send(self, name: str, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        lines = "".join(f"data: {line}\n" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        self.write(f"event: {name}\n{lines}\n".encode())

    def write(self, data: bytes) -> None:
        if not self.gone:
            self.writer.write(data)

    def cut(self, clean: bool) -> None:
        self.gone = True
        if not clean:
            # Closing then resets the connection, which no reader takes for an end in good order.
            linger = struct.pack("ii", 1, 0)
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.close()

    async def flush(self) -> None:
        if self.gone:
            return
        try:
            await self.writer.drain()
            await asyncio.sleep(0)
        except ConnectionError:
            self.gone = True
