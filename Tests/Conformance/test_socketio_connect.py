"""How a client enters a namespace, and leaves it."""

import json

import pytest

from harness.engineio import Polling
from harness.socketio_wire import Wire


@pytest.fixture
def wire(server):
    with Wire(server.port) as wire:
        yield wire


def test_the_main_namespace_is_entered_without_credentials(wire):
    wire.send("0")

    answer = wire.read()
    assert answer[0] == "0"
    assert list(json.loads(answer[1:])) == ["sid"]
    assert wire.read() == '2["auth",{}]'


def test_the_main_namespace_is_entered_with_credentials(wire):
    assert list(wire.connect(auth={"token": "123"})) == ["sid"]
    assert wire.read() == '2["auth",{"token":"123"}]'


def test_another_namespace_is_entered_without_credentials(wire):
    assert list(wire.connect("/custom")) == ["sid"]
    assert wire.read() == '2/custom,["auth",{}]'


def test_another_namespace_is_entered_with_credentials(wire):
    assert list(wire.connect("/custom", auth={"token": "abc"})) == ["sid"]
    assert wire.read() == '2/custom,["auth",{"token":"abc"}]'


@pytest.mark.parametrize("packet", ["0/custom", "0/custom,"])
def test_the_comma_after_a_namespace_may_be_missing_at_the_end(wire, packet):
    wire.send(packet)
    assert wire.read().startswith("0/custom,")


def test_an_unknown_namespace_is_refused_and_the_connection_stays(wire):
    wire.send("0/random")
    assert wire.read() == '4/random,{"message":"Invalid namespace"}'

    wire.connect()
    assert wire.read() == '2["auth",{}]'


def test_several_namespaces_share_a_connection(wire):
    main = wire.connect()
    assert wire.read() == '2["auth",{}]'
    custom = wire.connect("/custom")
    assert wire.read() == '2/custom,["auth",{}]'
    assert main["sid"] != custom["sid"]

    wire.send('2["message",1]', '2/custom,["message",2]')
    assert wire.read() == '2["message-back",1]'
    assert wire.read() == '2/custom,["message-back",2]'


def test_the_id_of_a_socket_is_not_that_of_its_transport(wire):
    """A transport's id is a credential: who knows it can speak for the client."""
    assert wire.connect()["sid"] != wire.open["sid"]


def test_a_namespace_is_entered_by_polling(server):
    polling = Polling(server.port)
    polling.push('40{"token":"123"}')
    packets = polling.poll()
    while len(packets) < 2:
        packets += polling.poll()
    assert packets[0].startswith('40{"sid":"')
    assert packets[1] == '42["auth",{"token":"123"}]'


def test_a_client_that_leaves_a_namespace_stays_in_the_others(wire):
    wire.connect()
    wire.read()
    wire.connect("/custom")
    wire.read()

    wire.send("1/custom,", '2["message","to the main namespace"]')
    assert wire.read() == '2["message-back","to the main namespace"]'


def test_a_client_that_left_the_main_namespace_may_come_back(wire):
    first = wire.connect()
    wire.read()
    wire.send("1")
    second = wire.connect()
    assert wire.read() == '2["auth",{}]'
    assert first["sid"] != second["sid"]


def test_a_client_that_left_every_namespace_keeps_its_connection_and_its_heartbeat(brisk_server):
    with Wire(brisk_server.port) as wire:
        wire.connect()
        wire.read()
        wire.send("1")
        assert wire.socket.read_message() == "2"


def test_a_client_that_enters_no_namespace_and_answers_no_ping_is_closed(brisk_server):
    with Wire(brisk_server.port) as wire:
        assert wire.is_closed_by_peer()
