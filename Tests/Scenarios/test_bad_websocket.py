"""WebSocket frames that break the protocol (RFC 6455) close the connection with the code for it."""

import pytest

from harness.engineio import websocket
from harness.rawhttp import RawConnection
from harness.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009


@pytest.fixture
def socket(shared_daemon):
    with websocket(shared_daemon.address[1]) as socket:
        assert socket.read_message().startswith("0")
        yield socket


def test_a_frame_without_a_mask_is_a_protocol_error(socket):
    socket.send_frame(TEXT, b"40", masked=False)
    assert socket.wait_for_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("bits", [1, 2, 4, 7])
def test_reserved_bits_are_a_protocol_error(socket, bits):
    socket.send_frame(TEXT, b"40", reserved=bits)
    assert socket.wait_for_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [3, 4, 7, 11, 15])
def test_reserved_opcodes_are_a_protocol_error(socket, opcode):
    socket.send_frame(opcode, b"")
    assert socket.wait_for_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_in_fragments_is_a_protocol_error(socket, opcode):
    socket.send_frame(opcode, b"", final=False)
    assert socket.wait_for_close() == PROTOCOL_ERROR


def test_a_long_control_frame_is_a_protocol_error(socket):
    socket.send_frame(PING, b"x" * 126)
    assert socket.wait_for_close() == PROTOCOL_ERROR


def test_a_continuation_of_nothing_is_a_protocol_error(socket):
    socket.send_frame(CONTINUATION, b"0")
    assert socket.wait_for_close() == PROTOCOL_ERROR


def test_a_message_inside_another_is_a_protocol_error(socket):
    socket.send_frame(TEXT, b"4", final=False)
    socket.send_frame(TEXT, b"0")
    assert socket.wait_for_close() == PROTOCOL_ERROR


@pytest.mark.parametrize(
    "text",
    [b"4\xff", b"4\xc3", b"4\xed\xa0\x80", b"4\xf4\x90\x80\x80", b"4\xc0\xaf", b"4\xe2\x28\xa1"],
    ids=["no such byte", "cut short", "surrogate", "beyond Unicode", "overlong", "broken sequence"],
)
def test_text_that_is_not_utf_8_is_invalid(socket, text):
    socket.send_frame(TEXT, text)
    assert socket.wait_for_close() == INVALID_DATA


def test_text_that_is_not_utf_8_is_invalid_in_fragments_too(socket):
    socket.send_frame(TEXT, b"4\xc3", final=False)
    socket.send_frame(CONTINUATION, b"\x28", final=True)
    assert socket.wait_for_close() == INVALID_DATA


def test_a_message_beyond_the_limit_is_too_big(socket):
    socket.send_frame(BINARY, b"", announced=1_000_001)
    assert socket.wait_for_close() == TOO_BIG


def test_a_length_with_its_highest_bit_set_is_refused(socket):
    socket.send_frame(BINARY, b"", announced=1 << 63)
    assert socket.wait_for_close() in (PROTOCOL_ERROR, TOO_BIG)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_code_that_may_not_be_sent_is_a_protocol_error(socket, code):
    socket.send_close(code)
    assert socket.wait_for_close() == PROTOCOL_ERROR


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 3000, 4999])
def test_a_close_code_is_given_back(socket, code):
    socket.send_close(code, b"good bye")
    assert socket.wait_for_close() == code


def test_a_close_without_a_code_is_answered(socket):
    socket.send_close(None)
    assert socket.wait_for_close() in (None, 1000, 1005)


def test_a_close_with_half_a_code_is_a_protocol_error(socket):
    socket.send_frame(CLOSE, b"\x03")
    assert socket.wait_for_close() == PROTOCOL_ERROR


def test_a_close_reason_is_utf_8(socket):
    socket.send_close(1000, b"\xff\xfe")
    assert socket.wait_for_close() in (PROTOCOL_ERROR, INVALID_DATA)


def test_nothing_is_read_after_a_close(socket):
    socket.send_close(1000)
    socket.send("40")
    assert socket.wait_for_close() == 1000
    assert socket.connection.is_closed_by_peer()


def test_a_ping_is_answered_with_its_own_payload(socket):
    for payload in (b"", b"are you there?", bytes(125)):
        socket.send_frame(PING, payload)
        frame = socket.read_frame()
        assert (frame.opcode, frame.payload) == (PONG, payload)


def test_a_pong_nobody_asked_for_is_ignored(socket):
    socket.send_frame(PONG, b"hello")
    socket.send("40")
    assert socket.read_message().startswith("40")


def test_a_frame_may_come_byte_by_byte(socket):
    for byte in b"\x81\x82\x00\x00\x00\x0040":
        socket.send_bytes(bytes([byte]))
    assert socket.read_message().startswith("40")


def test_a_thousand_tiny_fragments_are_one_message(socket):
    message = b'40{"x":"' + b"y" * 1000 + b'"}'
    for index, byte in enumerate(message):
        opcode = TEXT if index == 0 else CONTINUATION
        socket.send_frame(opcode, bytes([byte]), final=index == len(message) - 1)
    assert socket.read_message().startswith("40")


HANDSHAKES = {
    "no key": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
    "short key": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n",
    "old version": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "no version": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "other upgrade": "Upgrade: h2c\r\nConnection: Upgrade\r\n",
}


@pytest.mark.parametrize("headers", HANDSHAKES.values(), ids=HANDSHAKES.keys())
def test_a_wrong_handshake_does_not_open(shared_daemon, headers):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()
        )
        assert connection.read_response().status in (400, 426)


def test_a_handshake_by_post_does_not_open(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(
            b"POST /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert connection.read_response().status in (400, 405)


def test_an_upgrade_on_a_path_that_has_none_is_refused(shared_daemon):
    with RawConnection(shared_daemon.address) as connection:
        connection.send(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        # An upgrade may be declined by answering as if it had not been asked for.
        assert connection.read_response().status in (200, 400, 404, 426)
