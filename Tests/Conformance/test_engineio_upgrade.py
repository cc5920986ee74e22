"""How a session moves from long-polling to a WebSocket."""

import pytest

from harness.engineio import Polling, websocket
from harness.waiting import eventually

PATH = "/engine.io/"


@pytest.fixture
def polling(engine) -> Polling:
    return Polling(engine.port, PATH)


def upgraded(polling: Polling):
    socket = websocket(polling.port, PATH, sid=polling.sid)
    assert socket.is_open
    socket.send("2probe")
    assert socket.read_message() == "3probe"
    socket.send("5")
    return socket


def test_a_session_upgrades_and_its_poll_is_released(polling):
    with websocket(polling.port, PATH, sid=polling.sid) as socket:
        socket.send("2probe")
        assert socket.read_message() == "3probe"
        assert polling.get().text == "6"

        socket.send("5")
        socket.send("4hello")
        assert socket.read_message() == "4hello"


def test_a_poll_in_flight_is_released_by_the_probe(polling):
    waiting = polling.get_in_background()
    with websocket(polling.port, PATH, sid=polling.sid) as socket:
        socket.send("2probe")
        assert socket.read_message() == "3probe"
        assert waiting.result(20).text == "6"
        socket.send("5")
        socket.send("4hello")
        assert socket.read_message() == "4hello"


def test_messages_posted_during_the_upgrade_arrive_once_in_order(polling):
    with websocket(polling.port, PATH, sid=polling.sid) as socket:
        socket.send("2probe")
        assert socket.read_message() == "3probe"
        polling.push("4one", "4two")
        received = [packet for packet in polling.poll() if packet != "6"]
        socket.send("5")
        socket.send("4three")
        while "4three" not in received:
            received.append(socket.read_message())
    assert received == ["4one", "4two", "4three"]


def test_an_upgraded_session_does_not_poll(polling):
    with upgraded(polling) as socket:
        eventually(lambda: polling.get().status == 400, "polls are refused")
        assert polling.post("4lost").status == 400
        socket.send("4hello")
        assert socket.read_message() == "4hello"


def test_an_upgraded_session_does_not_take_a_second_websocket(polling):
    with upgraded(polling) as socket:
        socket.send("4hello")
        assert socket.read_message() == "4hello"

        second = websocket(polling.port, PATH, sid=polling.sid)
        if second.is_open:
            assert second.read_until_closed() == []
        else:
            assert second.response.status == 400
        second.close()

        socket.send("4still here")
        assert socket.read_message() == "4still here"


@pytest.mark.parametrize("packet", ["2", "2prob", "4hello", "5", "abc"])
def test_a_websocket_that_does_not_probe_first_is_closed_and_polling_goes_on(polling, packet):
    with websocket(polling.port, PATH, sid=polling.sid) as socket:
        socket.send(packet)
        assert socket.read_until_closed() == []

    polling.push("4hello")
    assert [packet for packet in polling.poll() if packet != "6"] == ["4hello"]


def test_an_upgrade_that_is_given_up_leaves_the_session_polling(polling):
    with websocket(polling.port, PATH, sid=polling.sid) as socket:
        socket.send("2probe")
        assert socket.read_message() == "3probe"

    polling.push("4hello")
    received = []
    while "4hello" not in received:
        received += polling.poll()
    assert [packet for packet in received if packet != "6"] == ["4hello"]

    with upgraded(polling) as socket:
        socket.send("4again")
        assert socket.read_message() == "4again"


def test_binary_messages_survive_the_upgrade(polling):
    polling.push("bAQIDBA==")
    assert polling.poll() == ["bAQIDBA=="]
    with upgraded(polling) as socket:
        socket.send(b"\x01\x02")
        assert socket.read_message() == b"\x01\x02"
