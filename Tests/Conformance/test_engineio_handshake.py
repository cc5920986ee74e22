"""How an Engine.IO session opens, and which requests open none."""

import json

import pytest

from harness.engineio import HOST, Polling, address, request, websocket
from harness.websocket import RawWebSocket

PATH = "/engine.io/"
UNKNOWN_TRANSPORT, UNKNOWN_SID, BAD_METHOD, BAD_REQUEST, UNSUPPORTED_VERSION = 0, 1, 2, 3, 5


def test_polling_opens_a_session_and_offers_the_websocket(engine):
    opened = Polling(engine.port, PATH).open

    assert set(opened) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert isinstance(opened["sid"], str) and opened["sid"]
    assert opened["upgrades"] == ["websocket"]
    assert opened["maxPayload"] == 1_000_000


def test_a_websocket_opens_a_session_that_offers_nothing_further(engine):
    with websocket(engine.port, PATH) as socket:
        message = socket.read_message()
        assert message[0] == "0"
        opened = json.loads(message[1:])

    assert set(opened) == {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
    assert opened["upgrades"] == []


def test_the_open_packet_tells_the_parameters_the_server_was_started_with(brisk_engine, small_engine):
    brisk = Polling(brisk_engine.port, PATH).open
    assert (brisk["pingInterval"], brisk["pingTimeout"]) == (300, 1500)
    assert Polling(small_engine.port, PATH).open["maxPayload"] == 1000


def test_every_session_has_an_id_of_its_own(engine):
    sids = {Polling(engine.port, PATH).sid for _ in range(50)}
    assert len(sids) == 50


@pytest.mark.parametrize(
    "query, code",
    [
        ({"transport": "polling"}, UNSUPPORTED_VERSION),
        ({"EIO": "abc", "transport": "polling"}, UNSUPPORTED_VERSION),
        ({"EIO": "3", "transport": "polling"}, UNSUPPORTED_VERSION),
        ({"EIO": "4"}, UNKNOWN_TRANSPORT),
        ({"EIO": "4", "transport": "abc"}, UNKNOWN_TRANSPORT),
        ({"EIO": "4", "transport": "polling", "sid": "nobody"}, UNKNOWN_SID),
    ],
)
def test_a_wrong_query_is_refused_with_its_code(engine, query, code):
    answer = request(engine.port, "GET", address(PATH, **query))

    assert answer.status == 400
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.body and json.loads(answer.body)["code"] == code
    assert json.loads(answer.body)["message"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_get_opens_a_session(engine, method):
    answer = request(engine.port, method, address(PATH, EIO=4, transport="polling"))

    assert answer.status == 400
    assert json.loads(answer.body)["code"] == BAD_METHOD


@pytest.mark.parametrize(
    "query",
    [
        {"transport": "websocket"},
        {"EIO": "abc", "transport": "websocket"},
        {"EIO": "4"},
        {"EIO": "4", "transport": "abc"},
        {"EIO": "4", "transport": "websocket", "sid": "nobody"},
    ],
)
def test_a_websocket_with_a_wrong_query_does_not_open(engine, query):
    socket = RawWebSocket((HOST, engine.port), address(PATH, **query))
    try:
        assert socket.response.status == 400
    finally:
        socket.close()


def test_the_websocket_transport_without_an_upgrade_is_a_bad_request(engine):
    answer = request(engine.port, "GET", address(PATH, EIO=4, transport="websocket"))

    assert answer.status == 400
    assert json.loads(answer.body)["code"] == BAD_REQUEST
