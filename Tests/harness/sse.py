"""A reader of the unified event stream, `GET /api/events`."""

import contextlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from harness.waiting import PATIENCE, eventually


@dataclass
class Message:
    id: str | None
    event: str
    data: str

    @property
    def json(self) -> dict:
        return json.loads(self.data)


@dataclass
class Stream:
    """Reads in the background until the daemon or the test ends it. What was read stays readable afterwards."""

    url: str
    query: dict = field(default_factory=dict)
    last_event_id: str | None = None

    def __post_init__(self) -> None:
        self.messages: list[Message] = []
        self.comments = 0
        headers = {"Accept": "text/event-stream"}
        if self.last_event_id is not None:
            headers["Last-Event-ID"] = self.last_event_id
        self.connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        self.connection.connect()
        self.socket = self.connection.sock
        self.connection.request("GET", f"/api/events?{urlencode(self.query)}", headers=headers)
        self.response = self.connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"].startswith("text/event-stream")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        # The connection may end at any moment; what came before that counts.
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            while line := self.response.readline():
                text = line.rstrip(b"\r\n").decode()
                if not text:
                    if "data" in fields:
                        self.messages.append(Message(fields.get("id"), fields.get("event", "message"), fields["data"]))
                    fields = {}
                elif text.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = text.partition(":")
                    value = value.removeprefix(" ")
                    fields[name] = fields[name] + "\n" + value if name == "data" and name in fields else value

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        # A shutdown wakes the reader, which closing alone would not.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)
        self.response.close()
        self.connection.close()

    def wait_for(self, event: str, **fields) -> Message:
        """The first message of that type whose data has these fields."""

        def found():
            for message in list(self.messages):
                if message.event == event and fields.items() <= message.json.items():
                    return message
            return None

        return eventually(found, f"the stream carries {event} with {fields}")
