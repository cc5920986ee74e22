"""Binary arguments: they travel beside their packet, which holds a placeholder for each."""

import pytest

from harness.engineio import Polling
from harness.socketio_wire import Wire

HOLE_0 = '{"_placeholder":true,"num":0}'
HOLE_1 = '{"_placeholder":true,"num":1}'


@pytest.fixture
def wire(server):
    with Wire(server.port) as wire:
        wire.connect()
        wire.read()
        yield wire


def test_an_event_with_attachments_comes_back(wire):
    wire.send(f'52-["message",{HOLE_0},{HOLE_1}]', b"\1\2\3", b"\4\5\6")
    assert [wire.read() for _ in range(3)] == [f'52-["message-back",{HOLE_0},{HOLE_1}]', b"\1\2\3", b"\4\5\6"]


def test_an_event_with_attachments_is_acknowledged_with_them(wire):
    wire.send(f'52-789["message-with-ack",{HOLE_0},{HOLE_1}]', b"\1\2\3", b"\4\5\6")
    assert [wire.read() for _ in range(3)] == [f"62-789[{HOLE_0},{HOLE_1}]", b"\1\2\3", b"\4\5\6"]


def test_attachments_pass_in_another_namespace(wire):
    wire.connect("/custom")
    wire.read()
    wire.send(f'51-/custom,["message",{HOLE_0}]', b"\1")
    assert [wire.read() for _ in range(2)] == [f'51-/custom,["message-back",{HOLE_0}]', b"\1"]


def test_an_attachment_may_lie_deep_inside_and_be_empty(wire):
    wire.send(f'51-["message",{{"a":[1,{HOLE_0}]}}]', b"")
    assert [wire.read() for _ in range(2)] == [f'51-["message-back",{{"a":[1,{HOLE_0}]}}]', b""]


def test_placeholders_may_come_in_any_order(wire):
    wire.send(f'52-["message",{HOLE_1},{HOLE_0}]', b"first", b"second")
    answer = [wire.read() for _ in range(3)]
    # What comes back is numbered anew, or as it was: the arguments are the second and the first in either case.
    if answer[0].index('"num":0') < answer[0].index('"num":1'):
        assert answer[1:] == [b"second", b"first"]
    else:
        assert answer[1:] == [b"first", b"second"]


def test_many_packets_with_attachments_keep_their_order(wire):
    for number in range(50):
        wire.send(f'51-["message",{number},{HOLE_0}]', bytes([number]))
    for number in range(50):
        assert wire.read() == f'51-["message-back",{number},{HOLE_0}]'
        assert wire.read() == bytes([number])


def test_attachments_pass_by_polling_in_base64(server):
    polling = Polling(server.port)
    polling.push("40")
    received = polling.poll()
    polling.push(f'451-["message",{HOLE_0}]', "bAQIDBA==")
    while len(received) < 4:
        received += polling.poll()
    assert received[2:] == [f'451-["message-back",{HOLE_0}]', "bAQIDBA=="]
