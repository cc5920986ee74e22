"""Rooms, a gate at the door, and recovery: the Socket.IO library in its other example."""

import json
from collections.abc import Iterator

import pytest

from harness.engineio import request
from harness.examples import RoomServer
from harness.socketio_wire import Wire
from harness.waiting import eventually


@pytest.fixture(scope="module")
def server() -> Iterator[RoomServer]:
    server = RoomServer()
    yield server
    assert server.program.is_running(), server.program.log_text()
    server.close()


def publish(server: RoomServer, room: str, data: object) -> None:
    body = json.dumps({"room": room, "event": "news", "data": data})
    answer = request(server.port, "POST", "/publish", body, Content_Type="application/json")
    assert answer.status == 200, answer


def member(server: RoomServer, room: str) -> Wire:
    wire = Wire(server.port)
    wire.connect()
    wire.send("20" + json.dumps(["join", room]))
    assert wire.read() == "30[]"
    return wire


def test_every_member_hears_everything_once_and_in_order(server):
    members = [member(server, "many") for _ in range(100)]
    for number in range(50):
        publish(server, "many", number)
    for wire in members:
        assert [wire.read() for _ in range(50)] == [f'2["news",{number}]' for number in range(50)]
        wire.socket.close()


def test_nobody_else_hears_it(server):
    inside, outside = member(server, "inside"), member(server, "outside")
    publish(server, "inside", "for those inside")
    publish(server, "outside", "for those outside")
    assert inside.read() == '2["news","for those inside"]'
    assert outside.read() == '2["news","for those outside"]'
    inside.socket.close()
    outside.socket.close()


def test_who_left_hears_no_more(server):
    wire = member(server, "short")
    publish(server, "short", 1)
    assert wire.read() == '2["news",1]'
    wire.send('21["leave","short"]')
    assert wire.read() == "31[]"
    publish(server, "short", 2)
    wire.send('22["echo","still here"]')
    assert wire.read() == '32["still here"]'
    wire.socket.close()


def test_members_that_vanish_do_not_disturb_those_who_stay(server):
    stays = member(server, "busy")
    for number in range(20):
        # One that says good-bye, one that does not.
        gone = member(server, "busy")
        if number % 2:
            gone.send("1")
        gone.socket.close()
        publish(server, "busy", number)
    assert [stays.read() for _ in range(20)] == [f'2["news",{number}]' for number in range(20)]
    stays.socket.close()


def test_bytes_are_published_to_many(server):
    room = "r"  # the room that clients publish to
    members = [member(server, room) for _ in range(10)]
    members[0].send('51-3["publish",{"_placeholder":true,"num":0}]', b"\x00\xff")
    received = [members[0].read() for _ in range(3)]
    assert "33[]" in received
    assert [packet for packet in received if packet != "33[]"] == [
        '51-["ev",{"_placeholder":true,"num":0}]',
        b"\x00\xff",
    ]
    for wire in members[1:]:
        assert [wire.read(), wire.read()] == ['51-["ev",{"_placeholder":true,"num":0}]', b"\x00\xff"]
    for wire in members:
        wire.socket.close()


def test_a_gate_lets_in_who_has_the_word():
    server = RoomServer("--token", "open sesame")
    with Wire(server.port) as wire:
        wire.send('0{"token":"wrong"}')
        assert wire.read() == '4{"message":"unauthorized"}'
        # The connection stays, and a second try is allowed.
        assert set(wire.connect(auth={"token": "open sesame"})) == {"sid"}
    server.close()


def test_what_was_missed_is_sent_after_a_recovery():
    server = RoomServer("--recovery")
    wire = Wire(server.port)
    entered = wire.connect()
    assert set(entered) == {"sid", "pid"}
    wire.send('20["join","kept"]')
    assert wire.read() == "30[]"
    publish(server, "kept", 0)
    event, data, offset = json.loads(wire.read()[1:])
    assert (event, data) == ("news", 0)
    wire.socket.close()

    for number in range(1, 11):
        publish(server, "kept", number)

    def recovered():
        again = Wire(server.port)
        answer = again.connect(auth={"pid": entered["pid"], "offset": offset})
        if answer["sid"] == entered["sid"]:
            return again
        again.socket.close()
        return None

    again = eventually(recovered, "the session is recovered")
    publish(server, "kept", 11)
    missed = [json.loads(again.read()[1:]) for _ in range(11)]
    assert [data for _, data, _ in missed] == list(range(1, 12))
    again.socket.close()
    server.close()
