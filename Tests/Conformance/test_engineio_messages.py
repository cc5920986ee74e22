"""How Engine.IO messages travel, and which packets end a session."""

import pytest

from harness.engineio import Polling, address, request, websocket
from harness.rawhttp import RawConnection
from harness.waiting import eventually
from harness.websocket import BINARY, CONTINUATION, TEXT

PATH = "/engine.io/"


@pytest.fixture
def polling(engine) -> Polling:
    return Polling(engine.port, PATH)


@pytest.fixture
def socket(engine):
    with websocket(engine.port, PATH) as socket:
        assert socket.read_message().startswith("0")
        yield socket


# By long-polling


def test_one_text_packet_comes_back(polling):
    answer = polling.post("4hello")
    assert (answer.status, answer.text) == (200, "ok")

    answer = polling.get()
    assert (answer.status, answer.text) == (200, "4hello")
    assert answer.headers["content-type"].lower().startswith("text/plain")


def test_several_packets_of_one_payload_come_back_in_one_payload(polling):
    polling.push("4test1", "4test2", "4test3")
    assert polling.get().text == "4test1\x1e4test2\x1e4test3"


def test_text_and_binary_packets_share_a_payload(polling):
    polling.push("4hello", "bAQIDBA==")
    assert polling.get().text == "4hello\x1ebAQIDBA=="


def test_a_message_may_be_empty(polling):
    polling.push("4", "4after")
    assert polling.poll() == ["4", "4after"]


def test_text_is_utf_8(polling):
    polling.push("4â—☃—𝄞")
    assert polling.poll() == ["4â—☃—𝄞"]


def test_a_poll_that_waits_is_answered_by_the_next_message(polling):
    waiting = polling.get_in_background()
    polling.push("4hello")
    assert waiting.result(20).text == "4hello"


def test_a_body_may_come_in_chunks(engine, polling):
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        head = f"POST {polling.location} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.send(head.encode() + b"3\r\n4he\r\n")
        connection.send(b"3\r\nllo\r\n0\r\n\r\n")
        assert connection.read_response().text == "ok"
    assert polling.poll() == ["4hello"]


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("abc", id="no such type"),
        pytest.param("9", id="no such digit"),
        pytest.param("", id="nothing"),
        pytest.param("4one\x1e\x1e4two", id="nothing between separators"),
        pytest.param("4one\x1eabc", id="the second packet"),
        pytest.param("2", id="a ping, which is the server's to send"),
    ],
)
def test_an_invalid_packet_ends_the_session(polling, payload):
    answer = polling.post(payload)
    assert answer.status in (200, 400)  # a packet can also be refused after its request was answered

    # What was valid before it may still be delivered.
    def gone():
        answer = polling.get()
        assert answer.status in (200, 400)
        return answer.status == 400

    eventually(gone, "the session is gone")


def test_a_second_poll_beside_the_first_ends_the_session(polling):
    first = polling.get_in_background()
    second = polling.get_in_background()

    answers = sorted([first.result(20), second.result(20)], key=lambda answer: answer.status)
    assert (answers[0].status, answers[0].text) == (200, "1")
    assert answers[1].status in (400, 500)
    assert polling.is_unknown()


def test_a_second_post_beside_the_first_ends_the_session(engine, polling):
    with RawConnection(("127.0.0.1", engine.port)) as connection:
        head = f"POST {polling.location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\n"
        connection.send(head.encode() + b"4he")
        # The first request is under way when the server has begun to read it, which only a refusal tells us.
        eventually(lambda: polling.post("4hello").status in (400, 500), "a second post is refused")
    eventually(lambda: polling.get().status == 400, "the session is gone")


def test_a_poll_that_is_broken_off_ends_the_session(brisk_engine):
    polling = Polling(brisk_engine.port, PATH)
    with RawConnection(("127.0.0.1", brisk_engine.port)) as connection:
        connection.send(f"GET {polling.location} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        eventually(lambda: polling.post("3").status == 200, "the server has taken later requests")

    assert polling.is_unknown()


def test_a_session_that_polls_is_not_reached_through_a_method_unknown_to_it(polling):
    assert request(polling.port, "PUT", polling.location, "4hello").status in (400, 405, 500, 501)


# By WebSocket


def test_a_text_packet_comes_back_by_websocket(socket):
    socket.send("4hello")
    assert socket.read_message() == "4hello"


def test_a_binary_packet_comes_back_by_websocket(socket):
    socket.send(bytes([1, 2, 3, 4]))
    assert socket.read_message() == bytes([1, 2, 3, 4])


def test_messages_of_every_length_come_back_by_websocket(socket):
    # The lengths around which the form of a frame's header changes.
    for length in (0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 200_000):
        text = "x" * length
        socket.send("4" + text)
        assert socket.read_message() == "4" + text
        socket.send(text.encode())
        assert socket.read_message() == text.encode()


def test_messages_keep_their_order(socket):
    sent = [f"4{number}" for number in range(500)]
    for message in sent:
        socket.send(message)
    assert [socket.read_message() for _ in sent] == sent


def test_a_message_may_come_in_fragments_with_a_ping_between_them(socket):
    socket.send_frame(TEXT, "4grüß".encode()[:4], final=False)
    socket.send_frame(9, b"still there?")
    assert socket.read_frame().payload == b"still there?"
    socket.send_frame(CONTINUATION, "4grüß".encode()[4:], final=True)
    assert socket.read_message() == "4grüß"

    socket.send_frame(BINARY, b"\x01", final=False)
    socket.send_frame(CONTINUATION, b"\x02", final=False)
    socket.send_frame(CONTINUATION, b"", final=True)
    assert socket.read_message() == b"\x01\x02"


@pytest.mark.parametrize("packet", ["abc", "9", "", "2"])
def test_an_invalid_packet_closes_the_websocket(socket, packet):
    socket.send(packet)
    socket.read_until_closed()


def test_the_echo_of_one_session_does_not_reach_another(engine, polling, socket):
    polling.push("4mine")
    socket.send("4yours")
    assert polling.poll() == ["4mine"]
    assert socket.read_message() == "4yours"
    assert request(engine.port, "GET", address(PATH, EIO=4, transport="polling")).status == 200
