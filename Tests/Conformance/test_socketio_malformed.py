"""What is not Socket.IO closes the connection, and only that connection."""

import pytest

from harness.engineio import Polling
from harness.socketio_wire import Wire
from harness.waiting import eventually

HOLE = '{"_placeholder":true,"num":%s}'

TEXT_PACKETS = {
    "nothing": "",
    "no type": "abc",
    "unknown type": '7["message"]',
    "event without payload": "2",
    "event with an empty array": "2[]",
    "event with an object": "2{}",
    "event with a string": '2"message"',
    "event with a null name": "2[null]",
    "event with an object for a name": "2[{}]",
    "event with an array for a name": '2[["message"]]',
    "event with broken JSON": '2["message"',
    "event with something after its JSON": '2["message"]]',
    "event with a letter in its id": '2abc["message-with-ack",1]',
    "event with a negative id": '2-1["message-with-ack",1]',
    "reserved name connect": '2["connect"]',
    "reserved name connect_error": '2["connect_error"]',
    "reserved name disconnect": '2["disconnect"]',
    "reserved name disconnecting": '2["disconnecting"]',
    "acknowledgement with an object": "31{}",
    "acknowledgement with broken JSON": "31[",
    "connect with a string": '0/custom,"abc"',
    "connect with an array": "0/custom,[]",
    "connect with broken JSON": '0/custom,{"token"',
    "connect once more": "0",
    "disconnect with a payload": '1{"a":1}',
    "event for a namespace not entered": '2/custom,["message"]',
    "binary event without a count": f'5["message",{HOLE % 0}]',
    "binary event with a letter for a count": f'5x-["message",{HOLE % 0}]',
    "binary event without a dash": f'51["message",{HOLE % 0}]',
    "binary event with a count beyond any number": f'5{"9" * 40}-["message",{HOLE % 0}]',
    "binary event with an object": "51-{}",
    "binary acknowledgement with an object": "61-1{}",
}

# A first packet that announces attachments, and what must not follow it.
ATTACHED = {
    "text in place of an attachment": [f'51-["message",{HOLE % 0}]', '2["message"]'],
    "text after the first of two attachments": [f'52-["message",{HOLE % 0},{HOLE % 1}]', b"\1", '2["message"]'],
    "fewer attachments than placeholders": [f'51-["message",{HOLE % 0},{HOLE % 1}]', b"\1"],
    "a placeholder out of range": [f'51-["message",{HOLE % 1}]', b"\1"],
    "a negative placeholder": [f'51-["message",{HOLE % -1}]', b"\1"],
    "a string for a placeholder's number": [f'51-["message",{HOLE % chr(34) + "0" + chr(34)}]', b"\1"],
    "a fraction for a placeholder's number": [f'51-["message",{HOLE % 0.5}]', b"\1"],
    "a placeholder without a number": ['51-["message",{"_placeholder":true}]', b"\1"],
    "an attachment nobody announced": [b"\1"],
    "one attachment too many": [f'51-["message",{HOLE % 0}]', b"\1", b"\2"],
}


@pytest.fixture
def wire(server):
    with Wire(server.port) as wire:
        wire.connect()
        wire.read()
        yield wire


@pytest.mark.parametrize("packet", TEXT_PACKETS.values(), ids=TEXT_PACKETS.keys())
def test_a_malformed_packet_closes_the_connection(wire, packet):
    wire.send(packet)
    assert wire.is_closed_by_peer()


@pytest.mark.parametrize("packets", ATTACHED.values(), ids=ATTACHED.keys())
def test_a_malformed_sequence_closes_the_connection(wire, packets):
    wire.send(*packets)
    assert wire.is_closed_by_peer()


@pytest.mark.parametrize("packet", ["abc", '2["message"]', "31[]", "42", b"\1"])
def test_a_client_must_enter_a_namespace_first(server, packet):
    with Wire(server.port) as wire:
        wire.send(packet)
        assert wire.is_closed_by_peer()


@pytest.mark.parametrize("packet", ["4abc", "42{}", "42[]", "bAQID"])
def test_a_malformed_packet_ends_a_session_by_polling(server, packet):
    polling = Polling(server.port)
    polling.push("40")
    polling.poll()
    assert polling.post(packet).status in (200, 400)

    def gone():
        return polling.get().status == 400

    eventually(gone, "the session is gone")


def test_deep_nesting_harms_nobody(wire, server):
    wire.send('2["message",' + "[" * 50_000 + "]" * 50_000 + "]")
    # Whether it is too deep is the server's to say; it answers or closes.
    wire.send('2["message","after"]')
    wire.socket.send_close()
    wire.is_closed_by_peer()

    with Wire(server.port) as other:
        other.connect()
        assert other.read() == '2["auth",{}]'


def test_the_others_do_not_notice(wire, server):
    with Wire(server.port) as other:
        other.send("abc")
        assert other.is_closed_by_peer()

    wire.send('2["message","still here"]')
    assert wire.read() == '2["message-back","still here"]'
