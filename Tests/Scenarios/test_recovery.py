"""A connection that breaks and comes back: rooms and missed events are there again (§4.10)."""

import json
import socket

import pytest

from harness.engineio import Polling
from harness.socketio_wire import Wire
from harness.waiting import eventually


class Client(Wire):
    """Speaks just enough Socket.IO to recover."""

    def __init__(self, port: int):
        super().__init__(port)
        self.offset: str | None = None
        self.events: list[list] = []

    def enter(self, **auth) -> dict:
        self.send("0" + (json.dumps(auth) if auth else ""))
        answer = self.read()
        assert answer[0] == "0", answer
        return json.loads(answer[1:])

    def ask(self, event: str, payload: dict) -> dict:
        self.send("27" + json.dumps([event, payload]))
        while not (packet := self.read()).startswith("37"):
            self._take(packet)
        return json.loads(packet[2:])[0]

    def take_until(self, matching) -> dict:
        while True:
            event = self._take(self.read())
            if event and matching(*event[:2]):
                return event[1]

    def _take(self, packet: str) -> list | None:
        if not packet.startswith("2["):
            return None  # a server_ping wants an acknowledgement and has no offset
        event = json.loads(packet[1:])
        assert isinstance(event[-1], str) and len(event) == 3, f"{event} has no offset"
        self.offset = event[-1]
        self.events.append(event)
        return event

    def break_off(self) -> None:
        """As a network does: without a word."""
        self.socket.connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


@pytest.fixture
def port(daemon) -> int:
    return daemon.address[1]


def test_missed_events_are_sent_once_and_in_order(daemon, port):
    client = Client(port)
    entered = client.enter()
    assert set(entered) == {"sid", "pid"}
    assert client.ask("join_village", {"villageId": "demo"})["ok"] is True
    first = daemon.mock("all")
    client.take_until(lambda name, event: name == "work_stream_event" and event["type"] == "output")
    client.break_off()

    daemon.wait_for_end(first)
    second = daemon.mock("all")
    daemon.wait_for_end(second)

    again = Client(port)
    recovered = again.enter(pid=entered["pid"], offset=client.offset)
    assert recovered["sid"] == entered["sid"]
    again.take_until(lambda name, event: name == "agent_disconnect" and event["sessionId"] == second)
    # The room is joined without a word.
    third = daemon.mock("all")
    again.take_until(lambda name, event: name == "agent_disconnect" and event["sessionId"] == third)
    again.socket.close()

    story = client.events + again.events
    for session in (first, second, third):
        own = [event for name, event, *_ in story if name == "work_stream_event" and event["sessionId"] == session]
        previous = 0
        for event in own:
            assert event["prevSeq"] == previous
            previous = event["seq"]
        assert own[-1]["type"] == "session_end"
        names = [name for name, event, *_ in story if event.get("sessionId") == session]
        assert names.count("agent_spawn") == names.count("agent_disconnect") == 1
    offsets = [event[-1] for event in story]
    assert len(set(offsets)) == len(offsets)


@pytest.mark.parametrize(
    "auth", [{"pid": "nobody", "offset": "nothing"}, {"pid": "nobody"}, {"pid": 1, "offset": []}], ids=str
)
def test_who_cannot_be_recovered_is_let_in_as_somebody_new(port, auth):
    client = Client(port)
    entered = client.enter(**auth)
    assert set(entered) == {"sid", "pid"}
    assert entered["pid"] != auth["pid"]
    assert client.ask("join_village", {"villageId": "demo"})["ok"] is True
    client.socket.close()


def test_an_offset_nobody_knows_is_no_recovery(daemon, port):
    client = Client(port)
    entered = client.enter()
    client.ask("join_village", {"villageId": "demo"})
    client.break_off()

    again = Client(port)
    assert again.enter(pid=entered["pid"], offset="no such offset")["sid"] != entered["sid"]
    again.socket.close()


def test_a_client_that_left_is_not_recovered(port):
    client = Client(port)
    entered = client.enter()
    client.ask("join_village", {"villageId": "demo"})
    client.send("1")
    client.socket.close()

    again = Client(port)
    assert again.enter(pid=entered["pid"], offset="")["sid"] != entered["sid"]
    again.socket.close()


def test_a_private_id_opens_only_one_door(daemon, port):
    """Two connections that recover the same session: one of them gets it."""
    client = Client(port)
    entered = client.enter()
    client.ask("join_village", {"villageId": "demo"})
    session = daemon.mock("all")
    client.take_until(lambda name, event: name == "agent_disconnect" and event["sessionId"] == session)
    client.break_off()

    credentials = {"pid": entered["pid"], "offset": client.offset}

    def recovered():
        again = Client(port)
        if again.enter(**credentials)["sid"] == entered["sid"]:
            return again
        again.socket.close()
        return None

    # The server may learn of the broken connection only after we are back.
    again = eventually(recovered, "the session is recovered")
    other = Client(port)
    assert other.enter(**credentials)["sid"] != entered["sid"]
    again.socket.close()
    other.socket.close()


def test_a_session_by_polling_is_recovered_by_websocket(daemon, port):
    polling = Polling(port)
    polling.push("40")
    entered = json.loads(polling.poll()[0][2:])
    polling.push('427["join_village",{"villageId":"demo"}]')
    session = daemon.mock("all")
    offset = None
    while offset is None:
        for packet in polling.poll():
            if packet == "2":
                polling.push("3")
            elif packet.startswith("42["):
                offset = json.loads(packet[2:])[-1]
    # A close packet ends the transport, not what was entered through it.
    polling.post("1")
    daemon.wait_for_end(session)

    again = Client(port)
    recovered = again.enter(pid=entered["pid"], offset=offset)
    assert recovered["sid"] == entered["sid"]
    again.take_until(lambda name, event: name == "agent_disconnect" and event["sessionId"] == session)
    again.socket.close()
