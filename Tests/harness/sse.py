"""A reader of the unified event stream, `GET /api/events`."""

import json
import threading
from dataclasses import dataclass, field

import requests

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
        session = requests.Session()
        session.trust_env = False
        self.response = session.get(
            self.url + "/api/events", params=self.query, headers=headers, stream=True, timeout=PATIENCE
        )
        assert self.response.status_code == 200, self.response.text
        assert self.response.headers["Content-Type"].startswith("text/event-stream")
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        try:
            for line in self.response.iter_lines(chunk_size=1):
                text = line.decode()
                if not text:
                    if "data" in fields:
                        event = fields.get("event", "message")
                        self.messages.append(Message(fields.get("id"), event, fields["data"]))
                    fields = {}
                elif text.startswith(":"):
                    self.comments += 1
                else:
                    name, _, value = text.partition(":")
                    value = value.removeprefix(" ")
                    fields[name] = fields[name] + "\n" + value if name == "data" and name in fields else value
        except (requests.RequestException, AttributeError, ValueError, OSError):
            pass  # the connection ended; what came before it counts

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.response.close()

    def wait_for(self, event: str, **fields) -> Message:
        """The first message of that type whose data has these fields."""

        def found():
            for message in list(self.messages):
                if message.event == event and fields.items() <= message.json.items():
                    return message
            return None

        return eventually(found, f"the stream carries {event} with {fields}")
