"""Events and acknowledgements."""

import json

import pytest

from harness.engineio import Polling
from harness.socketio_wire import Wire


@pytest.fixture
def wire(server):
    with Wire(server.port) as wire:
        wire.connect()
        wire.read()
        yield wire


def test_an_event_comes_back_with_its_arguments(wire):
    wire.send('2["message",1,"2",{"3":[true]}]')
    assert wire.read() == '2["message-back",1,"2",{"3":[true]}]'


def test_an_event_may_have_no_arguments(wire):
    wire.send('2["message"]')
    assert wire.read() == '2["message-back"]'


def test_an_event_is_acknowledged_under_its_id(wire):
    wire.send('2456["message-with-ack",1,"2",{"3":[false]}]')
    assert wire.read() == '3456[1,"2",{"3":[false]}]'


@pytest.mark.parametrize("identifier", ["0", "1", "2147483648", "9007199254740991"])
def test_every_id_a_client_can_count_to_is_acknowledged(wire, identifier):
    wire.send(f'2{identifier}["message-with-ack"]')
    assert wire.read() == f"3{identifier}[]"


def test_events_are_acknowledged_in_their_namespace(wire):
    wire.connect("/custom")
    wire.read()
    wire.send('2/custom,7["message-with-ack","here"]')
    assert wire.read() == '3/custom,7["here"]'


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        1.5,
        1e100,
        9007199254740991,
        "",
        "â—☃—𝄞",
        'quotes " and \\ and \n and \u0000 and \u2028',
        [],
        {},
        {"": {"a": [None, [[]]]}},
        "x" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_every_value_of_json_comes_back_as_it_went(wire, value):
    wire.send("2" + json.dumps(["message", value]))
    assert json.loads(wire.read()[1:]) == ["message-back", value]


def test_white_space_and_escapes_in_json_are_allowed(wire):
    wire.send('2 [ "message" , "\\u00e9\\ud834\\udd1e" ] ')
    assert json.loads(wire.read()[1:]) == ["message-back", "é𝄞"]


def test_events_keep_their_order(wire):
    wire.send(*(f'2["message",{number}]' for number in range(500)))
    assert [wire.read() for _ in range(500)] == [f'2["message-back",{number}]' for number in range(500)]


def test_events_and_acknowledgements_pass_by_polling(server):
    polling = Polling(server.port)
    polling.push("40")
    received = polling.poll()
    polling.push('42["message","one"]', '4212["message-with-ack","two"]')
    while len(received) < 4:
        received += polling.poll()
    assert received[1:] == ['42["auth",{}]', '42["message-back","one"]', '4312["two"]']


def test_an_event_nobody_listens_to_is_ignored(wire):
    wire.send('2["nobody listens",1]', '2["message",2]')
    assert wire.read() == '2["message-back",2]'


def test_an_acknowledgement_nobody_waits_for_is_ignored(wire):
    wire.send("399[1]", '2["message",2]')
    assert wire.read() == '2["message-back",2]'
