"""A program that uses a chat runtime through `drover chat --bridge` (chat-runtime §6.5)."""

import contextlib
import json
import queue
import subprocess
import threading
import uuid
from dataclasses import dataclass, field

from harness.waiting import PATIENCE


class Rejected(Exception):
    def __init__(self, error: dict):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.error = error


@dataclass
class Streamed:
    """A stream as it was pushed, and how its call ended."""

    events: list[tuple[str, object]] = field(default_factory=list)
    rejection: Rejected | None = None

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    @property
    def text(self) -> str:
        return "".join(data for name, data in self.events if name == "delta")

    @property
    def last(self) -> tuple[str, dict]:
        return self.events[-1]

    def all(self, wanted: str) -> list:
        return [data for name, data in self.events if name == wanted]

    @property
    def session_id(self) -> str:
        return self.events[0][1]["session_id"]


class ChatBridge:
    """Calls may be made from several threads at once."""

    def __init__(self, binary: str, base_url: str, environment: dict[str, str]):
        self.base_url = base_url
        self.process = subprocess.Popen(
            [binary, "chat", "--bridge"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.lock = threading.Lock()
        self.answers: dict[int, queue.Queue] = {}
        self.streams: dict[str, Streamed] = {}
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            frame = json.loads(line)
            if "channel" in frame:
                assert frame["channel"] == "chaos://chat-event"
                payload = frame["payload"]
                self.streams[payload["stream_id"]].events.append((payload["event"], payload["data"]))
            else:
                self.answers[frame["id"]].put(frame)

    def call(self, command: str, **arguments):
        with self.lock:
            number = len(self.answers) + 1
            self.answers[number] = queue.Queue()
            frame = {"id": number, "command": command, "args": {"baseUrl": self.base_url, **arguments}}
            self.process.stdin.write(json.dumps(frame).encode() + b"\n")
            self.process.stdin.flush()
        answer = self.answers[number].get(timeout=3 * PATIENCE)
        if "error" in answer:
            raise Rejected(answer["error"])
        return answer["result"]

    def stream(self, message: str, session_id: str | None = None) -> Streamed:
        stream_id = str(uuid.uuid4())
        streamed = self.streams[stream_id] = Streamed()
        request = {"message": message, "session_id": session_id}
        try:
            assert self.call("chat_stream", request=request, streamId=stream_id) is None
        except Rejected as rejection:
            streamed.rejection = rejection
        return streamed

    def chat(self, message: str, session_id: str | None = None) -> Streamed:
        """A stream that must come to a good end."""
        streamed = self.stream(message, session_id)
        assert streamed.rejection is None, streamed.rejection
        return streamed

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            assert self.process.wait(PATIENCE) == 0
        finally:
            self.process.kill()
            self.process.wait(10)
            self.reader.join(PATIENCE)
            self.process.stdout.close()
