"""Somebody who watches: a stock Socket.IO client that remembers everything it was sent."""

import threading
import time
from collections.abc import Callable

import engineio
import socketio
from engineio.packet import CLOSE, Packet

from harness.waiting import PATIENCE, eventually

TRANSPORTS = {
    "polling": ["polling"],
    "websocket": ["websocket"],
    "upgrade": ["polling", "websocket"],
}


class Transport(engineio.Client):
    def _trigger_event(self, event, *arguments, **options):
        # The stock client handles every message in a thread of its own. What is told must be remembered in its order.
        if event == "message":
            options["run_async"] = False
        return super()._trigger_event(event, *arguments, **options)


class Client(socketio.Client):
    def _engineio_client_class(self):
        return Transport


def leave(client: socketio.Client) -> None:
    """Disconnects and waits until the client's threads have ended."""
    if client.connected and client.transport() == "polling":
        # Left to itself the stock client sometimes ends before it has said so, and sits in its last poll for long.
        client.eio._send_packet(Packet(CLOSE))
        eventually(lambda: client.eio.state == "disconnected", "the server has closed the session")
    client.disconnect()
    client.wait()


class Viewer:
    def __init__(self, url: str, transport: str = "websocket", auth: dict | None = None, **headers: str):
        self.client = Client(reconnection=False)
        self.events: list[tuple[str, dict]] = []
        self.news = threading.Condition()
        self.client.on("*", self._received)
        self.client.on("server_ping", lambda *_: None)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self.client.connect(url, auth=auth, headers=fields, transports=TRANSPORTS[transport], wait_timeout=PATIENCE)

    def _received(self, event: str, *arguments) -> None:
        with self.news:
            # With recovery on, an event carries its offset as a trailing string: not ours to look at.
            self.events.append((event, arguments[0] if arguments else None))
            self.news.notify_all()

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        leave(self.client)

    @property
    def transport(self) -> str:
        return self.client.transport()

    def ask(self, event: str, payload: object = None) -> dict | None:
        """Emits and returns what the acknowledgement says."""
        return self.client.call(event, payload, timeout=PATIENCE)

    def join(self, room: str, **payload) -> dict:
        answer = self.ask(f"join_{room}", payload)
        assert answer["ok"] is True, answer
        return answer

    def seen(self, event: str, matching: Callable[[dict], bool] = lambda _: True) -> list[dict]:
        with self.news:
            return [payload for name, payload in self.events if name == event and matching(payload)]

    def wait_for(
        self,
        event: str,
        matching: Callable[[dict], bool] = lambda _: True,
        count: int = 1,
        within: float = PATIENCE,
    ) -> list[dict]:
        """Waits until that many matching events have come, and returns them."""
        deadline = time.monotonic() + within
        with self.news:
            while (
                len(found := [payload for name, payload in self.events if name == event and matching(payload)]) < count
            ):
                left = deadline - time.monotonic()
                assert left > 0, f"{count} x {event} did not come; there were {self._summary()}"
                self.news.wait(left)
        return found

    def _summary(self) -> dict[str, int]:
        names = [name for name, _ in self.events]
        return {name: names.count(name) for name in names}
