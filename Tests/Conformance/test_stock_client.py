"""A Socket.IO client that others wrote meets the echo server."""

import queue

import pytest
import socketio

from harness.viewer import leave


@pytest.fixture(params=[["polling"], ["websocket"], ["polling", "websocket"]], ids=["polling", "websocket", "upgrade"])
def client(request, server):
    client = socketio.Client(reconnection=False)
    client.inbox = queue.Queue()
    client.on("auth", lambda auth: client.inbox.put(auth))
    client.on("message-back", lambda *arguments: client.inbox.put(list(arguments)))
    client.connect(f"http://127.0.0.1:{server.port}", auth={"token": "123"}, transports=request.param, wait_timeout=20)
    assert client.transport() == request.param[-1]
    yield client
    leave(client)


def test_the_credentials_arrive(client):
    assert client.inbox.get(timeout=20) == {"token": "123"}


def test_text_and_bytes_come_back(client):
    client.inbox.get(timeout=20)
    client.emit("message", ("text", b"bytes", {"deep": [b"down"]}))
    assert client.inbox.get(timeout=20) == ["text", b"bytes", {"deep": [b"down"]}]


def test_a_call_is_answered(client):
    client.inbox.get(timeout=20)
    assert list(client.call("message-with-ack", ("text", b"bytes"), timeout=20)) == ["text", b"bytes"]


def test_a_thousand_messages_come_back(client):
    client.inbox.get(timeout=20)
    for number in range(1000):
        client.emit("message", number)
    # This client handles every message in a thread of its own, so their order is not the server's.
    assert sorted(client.inbox.get(timeout=20) for _ in range(1000)) == [[number] for number in range(1000)]
