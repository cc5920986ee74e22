"""Socket.IO by hand, over a WebSocket: the text of each packet as it is on the wire."""

import json

from harness.engineio import websocket
from harness.websocket import RawWebSocket


class Wire:
    """A WebSocket past the Engine.IO handshake. Its packets are those of Socket.IO, without the leading `4`."""

    def __init__(self, port: int, path: str = "/socket.io/", **headers: str):
        self.socket: RawWebSocket = websocket(port, path, **headers)
        assert self.socket.is_open, self.socket.response
        opened = self.socket.read_message()
        assert opened[0] == "0"
        self.open = json.loads(opened[1:])

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, *packets: str | bytes) -> None:
        for packet in packets:
            self.socket.send("4" + packet if isinstance(packet, str) else packet)

    def read(self) -> str | bytes:
        """The next packet; heartbeats are answered."""
        while (message := self.socket.read_message()) == "2":
            self.socket.send("3")
        if isinstance(message, bytes):
            return message
        assert message.startswith("4"), message
        return message[1:]

    def connect(self, namespace: str = "/", auth: object = None) -> dict:
        """Connects to a namespace and returns the payload of the answer."""
        prefix = "" if namespace == "/" else namespace + ","
        self.send("0" + prefix + ("" if auth is None else json.dumps(auth)))
        answer = self.read()
        assert answer.startswith("0" + prefix), answer
        return json.loads(answer[1 + len(prefix) :])

    def is_closed_by_peer(self) -> bool:
        """Waits for the end of the connection; what comes before it is read and forgotten."""
        self.socket.read_until_closed()
        return True
