"""HTTP by hand: sends exactly the bytes it is told to, and reads what comes back."""

import contextlib
import socket
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Closed(Exception):
    """The peer closed the connection before the answer was complete."""


class RawConnection:
    def __init__(self, address: tuple[str, int], timeout: float = 20.0):
        self.socket = socket.create_connection(address, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_what_is_taken(self, data: bytes) -> None:
        """Sends, content that the peer may answer and close before it has read all."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def end_sending(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self) -> bytes:
        """Some bytes, or none when the peer closed."""
        try:
            return self.socket.recv(65536)
        except ConnectionResetError:
            return b""

    def read_exactly(self, count: int) -> bytes:
        while len(self.buffer) < count:
            more = self.receive()
            if not more:
                raise Closed(self.buffer)
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_through(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            more = self.receive()
            if not more:
                raise Closed(self.buffer)
            self.buffer += more
        data, _, self.buffer = self.buffer.partition(mark)
        return data + mark

    def read_to_end(self) -> bytes:
        while more := self.receive():
            self.buffer += more
        data, self.buffer = self.buffer, b""
        return data

    def is_closed_by_peer(self) -> bool:
        """Waits for the peer to close; false when it sends something instead, or stays silent."""
        try:
            return not self.buffer and not self.receive()
        except TimeoutError:
            return False

    def read_response(self, has_body: bool = True) -> Response:
        lines = self.read_through(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        assert version in ("HTTP/1.1", "HTTP/1.0"), lines[0]
        headers = {}
        for line in lines[1:-2]:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        body = b""
        if has_body and int(status) not in (101, 204, 304) and int(status) >= 200:
            if "chunked" in headers.get("transfer-encoding", ""):
                body = self._read_chunks()
            elif "content-length" in headers:
                body = self.read_exactly(int(headers["content-length"]))
            else:
                body = self.read_to_end()
        return Response(int(status), headers, body)

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.read_through(b"\r\n").split(b";")[0], 16):
            body += self.read_exactly(size)
            assert self.read_exactly(2) == b"\r\n"
        assert self.read_through(b"\r\n") == b"\r\n"
        return body


def exchange(address: tuple[str, int], request: bytes) -> Response:
    """One request on a connection of its own."""
    with RawConnection(address) as connection:
        connection.send_what_is_taken(request)
        return connection.read_response()
