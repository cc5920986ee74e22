"""What is too large is refused, whichever way it comes."""

import pytest

from harness.engineio import Polling, websocket
from harness.rawhttp import RawConnection
from harness.websocket import CONTINUATION, TEXT

PATH = "/engine.io/"
LIMIT = 1000


def test_a_payload_of_the_limit_passes_by_polling(small_engine):
    polling = Polling(small_engine.port, PATH)
    polling.push("4" + "x" * (LIMIT - 1))
    assert polling.poll() == ["4" + "x" * (LIMIT - 1)]


def test_a_payload_above_the_limit_is_413_by_polling(small_engine):
    assert Polling(small_engine.port, PATH).post("4" + "x" * LIMIT).status == 413


def test_a_length_above_the_limit_is_413_before_the_body_is_sent(small_engine):
    polling = Polling(small_engine.port, PATH)
    with RawConnection(("127.0.0.1", small_engine.port)) as connection:
        head = f"POST {polling.location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n"
        connection.send(head.encode())
        assert connection.read_response().status == 413


def test_chunks_above_the_limit_are_413(small_engine):
    polling = Polling(small_engine.port, PATH)
    with RawConnection(("127.0.0.1", small_engine.port)) as connection:
        head = f"POST {polling.location} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.send(head.encode())
        for _ in range(3):
            connection.send_what_is_taken(b"190\r\n" + b"4" * 400 + b"\r\n")
        assert connection.read_response().status == 413


def test_a_message_of_the_limit_passes_by_websocket(small_engine):
    with websocket(small_engine.port, PATH) as socket:
        socket.read_message()
        socket.send("4" + "x" * (LIMIT - 1))
        assert socket.read_message() == "4" + "x" * (LIMIT - 1)


def test_a_message_above_the_limit_closes_the_websocket_with_1009(small_engine):
    with websocket(small_engine.port, PATH) as socket:
        socket.read_message()
        socket.send("4" + "x" * LIMIT)
        assert socket.wait_for_close() == 1009


def test_a_frame_that_announces_too_much_is_refused_before_it_is_sent(small_engine):
    with websocket(small_engine.port, PATH) as socket:
        socket.read_message()
        socket.send_frame(TEXT, b"4", announced=1 << 40)
        assert socket.wait_for_close() == 1009


def test_fragments_that_together_are_too_large_close_the_websocket(small_engine):
    with websocket(small_engine.port, PATH) as socket:
        socket.read_message()
        socket.send_frame(TEXT, b"4" + b"x" * 600, final=False)
        socket.send_frame(CONTINUATION, b"x" * 600, final=True)
        assert socket.wait_for_close() == 1009


@pytest.mark.parametrize("count", [LIMIT // 2])
def test_a_payload_of_many_empty_messages_is_taken(small_engine, count):
    polling = Polling(small_engine.port, PATH)
    polling.push(*["4"] * count)
    received = []
    while len(received) < count:
        received += polling.poll()
    assert received == ["4"] * count
