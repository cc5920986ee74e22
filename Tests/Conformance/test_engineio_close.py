"""How an Engine.IO session ends when its client wants it to."""

from harness.engineio import Polling, websocket
from harness.waiting import eventually

PATH = "/engine.io/"


def test_a_close_packet_ends_a_session_by_polling_and_its_waiting_poll(engine):
    polling = Polling(engine.port, PATH)
    waiting = polling.get_in_background()
    polling.push("1")

    answer = waiting.result(20)
    # The poll is answered with a noop, or came too late to find the session.
    assert (answer.status, answer.text) == (200, "6") or answer.status == 400
    assert polling.is_unknown()


def test_a_close_packet_ends_a_session_by_websocket(engine):
    with websocket(engine.port, PATH) as socket:
        socket.read_message()
        socket.send("1")
        assert socket.read_until_closed() == []


def test_a_close_frame_is_answered_with_a_close_frame(engine):
    with websocket(engine.port, PATH) as socket:
        socket.read_message()
        socket.send_close(1000)
        assert socket.wait_for_close() == 1000


def test_a_session_ends_with_the_connection_of_its_websocket(engine):
    with websocket(engine.port, PATH) as socket:
        opened = socket.read_message()
    sid = opened.split('"sid":"')[1].split('"')[0]

    polling = Polling(engine.port, PATH, open=False)
    polling.sid = sid
    eventually(polling.is_unknown, "the session is gone")
