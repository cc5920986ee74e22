"""WebSocket by hand: frames that a well-behaved client would never send."""

import base64
import hashlib
import os
from dataclasses import dataclass

from harness.rawhttp import Closed, RawConnection, Response

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


@dataclass
class Frame:
    opcode: int
    payload: bytes
    final: bool = True

    @property
    def text(self) -> str:
        return self.payload.decode()

    @property
    def close_code(self) -> int | None:
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


class RawWebSocket:
    def __init__(self, address: tuple[str, int], path: str, timeout: float = 20.0, **headers: str):
        self.connection = RawConnection(address, timeout)
        self.response = self._handshake(address, path, headers)

    def _handshake(self, address: tuple[str, int], path: str, headers: dict[str, str]) -> Response:
        key = base64.b64encode(os.urandom(16)).decode()
        fields = {
            "Host": f"{address[0]}:{address[1]}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items()]
        self.connection.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        response = self.connection.read_response()
        if response.status == 101:
            # RFC 6455 §4.2.2: proof that the peer has understood the key.
            proof = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert response.headers["sec-websocket-accept"] == base64.b64encode(proof).decode()
        return response

    @property
    def is_open(self) -> bool:
        return self.response.status == 101

    def __enter__(self) -> "RawWebSocket":
        assert self.is_open, f"the handshake was answered with {self.response}"
        return self

    def __exit__(self, *_) -> None:
        self.connection.close()

    def close(self) -> None:
        self.connection.close()

    # Sending

    def send_frame(
        self,
        opcode: int,
        payload: bytes = b"",
        final: bool = True,
        masked: bool = True,
        reserved: int = 0,
        announced: int | None = None,
    ) -> None:
        """Sends one frame. `announced` is a length to claim in place of the payload's own."""
        length = len(payload) if announced is None else announced
        head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
        mask_bit = 0x80 if masked else 0
        if length < 126:
            head += bytes([mask_bit | length])
        elif length < 1 << 16:
            head += bytes([mask_bit | 126]) + length.to_bytes(2, "big")
        else:
            head += bytes([mask_bit | 127]) + length.to_bytes(8, "big")
        if masked:
            mask = os.urandom(4)
            whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
            scrambled = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
            payload = mask + scrambled.to_bytes(len(payload), "big")
        self.connection.send_what_is_taken(head + payload)

    def send_bytes(self, data: bytes) -> None:
        self.connection.send_what_is_taken(data)

    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.send_frame(TEXT, message.encode())
        else:
            self.send_frame(BINARY, message)

    def send_close(self, code: int | None = 1000, reason: bytes = b"") -> None:
        self.send_frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason)

    # Receiving

    def read_frame(self) -> Frame:
        first, second = self.connection.read_exactly(2)
        assert not first & 0x70, "the server set reserved bits without an extension"
        assert not second & 0x80, "the server masked a frame"
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self.connection.read_exactly(2), "big")
        elif length == 127:
            length = int.from_bytes(self.connection.read_exactly(8), "big")
        return Frame(first & 0x0F, self.connection.read_exactly(length), bool(first & 0x80))

    def read_message(self) -> str | bytes:
        """The next text or binary message; pings are answered, a close is an error."""
        message, opcode = b"", None
        while True:
            frame = self.read_frame()
            if frame.opcode == PING:
                self.send_frame(PONG, frame.payload)
            elif frame.opcode == CLOSE:
                raise Closed(f"closed with {frame.close_code}")
            elif frame.opcode in (TEXT, BINARY, CONTINUATION):
                opcode = frame.opcode if opcode is None else opcode
                message += frame.payload
                if frame.final:
                    return message.decode() if opcode == TEXT else message

    def read_until_closed(self) -> list[str | bytes]:
        """The messages that came before the connection ended."""
        messages = []
        try:
            while True:
                messages.append(self.read_message())
        except Closed:
            return messages

    def wait_for_close(self) -> int | None:
        """Skips messages up to a close frame and returns its code; `None` when the connection ended without one."""
        try:
            while True:
                frame = self.read_frame()
                if frame.opcode == CLOSE:
                    return frame.close_code
        except Closed:
            return None
