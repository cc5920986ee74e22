"""The heartbeat: the server asks, the client answers, and who does not answer is gone."""

import time

from harness.engineio import Polling, websocket

PATH = "/engine.io/"
INTERVAL = 0.3


def test_pings_come_by_polling_as_long_as_they_are_answered(brisk_engine):
    polling = Polling(brisk_engine.port, PATH)
    for _ in range(3):
        assert polling.get().text == "2"
        polling.push("3")


def test_pings_come_by_websocket_as_long_as_they_are_answered(brisk_engine):
    with websocket(brisk_engine.port, PATH) as socket:
        socket.read_message()
        for _ in range(3):
            asked = time.monotonic()
            assert socket.read_message() == "2"
            assert time.monotonic() - asked > INTERVAL / 2, "the ping came before its time"
            socket.send("3")


def test_messages_pass_between_pings(brisk_engine):
    with websocket(brisk_engine.port, PATH) as socket:
        socket.read_message()
        assert socket.read_message() == "2"
        socket.send("3")
        socket.send("4hello")
        assert socket.read_message() == "4hello"
        assert socket.read_message() == "2"


def test_a_session_by_polling_that_does_not_answer_is_closed(brisk_engine):
    polling = Polling(brisk_engine.port, PATH)
    assert polling.get().text == "2"

    # The next poll waits until the server gives up, and is told so if it is still there to be told.
    answer = polling.get()
    assert answer.status == 400 or answer.text in ("1", "6")
    assert polling.is_unknown()


def test_a_session_by_websocket_that_does_not_answer_is_closed(brisk_engine):
    with websocket(brisk_engine.port, PATH) as socket:
        socket.read_message()
        messages = socket.read_until_closed()
    assert [message for message in messages if message != "1"] == ["2"]


def test_a_session_that_nobody_polls_is_closed(brisk_engine):
    polling = Polling(brisk_engine.port, PATH)
    kept = Polling(brisk_engine.port, PATH)
    # Seven answered pings of another session take longer than the time-out of the silent one.
    for _ in range(7):
        assert kept.get().text == "2"
        kept.push("3")
    assert polling.is_unknown()
