"""The two transports of Engine.IO, one request or message at a time."""

import http.client
import json
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlencode

from harness.rawhttp import Response
from harness.websocket import RawWebSocket

HOST = "127.0.0.1"
RECORD_SEPARATOR = "\x1e"


def request(port: int, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Response:
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body.encode() if isinstance(body, str) else body, fields)
        answer = connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, names, answer.read())
    finally:
        connection.close()


def address(path: str, **query) -> str:
    return f"{path}?{urlencode(query)}"


class Polling:
    """One session by HTTP long-polling."""

    def __init__(self, port: int, path: str = "/socket.io/", open: bool = True):
        self.port, self.path = port, path
        self.pool = ThreadPoolExecutor(max_workers=4)
        self.sid: str | None = None
        if open:
            answer = request(port, "GET", address(path, EIO=4, transport="polling"))
            assert answer.status == 200, answer
            assert answer.text.startswith("0"), answer
            self.open = json.loads(answer.text[1:])
            self.sid = self.open["sid"]

    @property
    def location(self) -> str:
        return address(self.path, EIO=4, transport="polling", sid=self.sid)

    def get(self) -> Response:
        return request(self.port, "GET", self.location)

    def post(self, payload: str | bytes) -> Response:
        return request(self.port, "POST", self.location, payload, Content_Type="text/plain;charset=UTF-8")

    def get_in_background(self) -> Future[Response]:
        return self.pool.submit(self.get)

    def poll(self) -> list[str]:
        """The packets of the next answer."""
        answer = self.get()
        assert answer.status == 200, answer
        return answer.text.split(RECORD_SEPARATOR)

    def push(self, *packets: str) -> None:
        answer = self.post(RECORD_SEPARATOR.join(packets))
        assert (answer.status, answer.text) == (200, "ok"), answer

    def is_unknown(self) -> bool:
        """Whether the server no longer knows this session."""
        return self.get().status == 400


def websocket(port: int, path: str = "/socket.io/", sid: str | None = None, **headers: str) -> RawWebSocket:
    """A WebSocket to an Engine.IO server; to a session that exists already with `sid`."""
    query = {"EIO": 4, "transport": "websocket"} | ({"sid": sid} if sid else {})
    return RawWebSocket((HOST, port), address(path, **query), **headers)
