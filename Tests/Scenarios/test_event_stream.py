"""The unified event stream: `GET /api/events`, live, resumed and page by page."""

import pytest

from harness.sse import Stream
from harness.waiting import eventually


def test_a_stream_carries_what_happens_from_now_on(daemon):
    daemon.wait_for_end(daemon.run("true", name="before"))
    with Stream(daemon.url) as stream:
        session = daemon.run("true", name="after")
        last = stream.wait_for("SESSION_ENDED", sessionId=session)
        daemon.wait_for_end(session)

    assert stream.messages[0].json["sessionId"] == session, "nothing from before"
    rowids = [int(message.id) for message in stream.messages]
    assert rowids == sorted(set(rowids))
    for message in stream.messages:
        data = message.json
        assert {"rowid", "at", "source", "type", "payload"} <= set(data)
        assert str(data["rowid"]) == message.id
        assert data["type"] == message.event
    assert last.json["seq"] == daemon.session(session)["lastSeq"]


def test_the_fleet_and_the_stream_meet_without_a_gap(daemon):
    first = daemon.run("true")
    daemon.wait_for_end(first)
    cursor = daemon.get("/api/fleet").json()["cursor"]
    second = daemon.run("true")
    daemon.wait_for_end(second)

    with Stream(daemon.url, {"since": cursor}) as stream:
        stream.wait_for("SESSION_ENDED", sessionId=second)
    assert {message.json.get("sessionId") for message in stream.messages} == {second}
    assert [m.json["rowid"] for m in stream.messages] == [item["rowid"] for item in daemon.journal(cursor)]


def test_a_stream_resumes_where_it_broke_off(daemon):
    daemon.wait_for_end(daemon.mock("all"))
    everything = daemon.journal()
    middle = everything[len(everything) // 2]["rowid"]
    rest = [item for item in everything if item["rowid"] > middle]

    # The header is what a browser sends when it reconnects, and wins over the query it was opened with.
    with Stream(daemon.url, {"since": 0}, last_event_id=str(middle)) as stream:
        eventually(lambda: len(stream.messages) >= len(rest), "the rest has come")
    assert [message.json for message in stream.messages] == rest


def test_a_stream_can_be_of_one_session_or_of_some_types(daemon):
    wanted, other = daemon.mock("all"), daemon.mock("all")
    daemon.wait_for_end(wanted)
    daemon.wait_for_end(other)

    with Stream(daemon.url, {"since": 0, "session": wanted, "types": "SESSION_STARTED,SESSION_ENDED"}) as stream:
        stream.wait_for("SESSION_ENDED")
    assert [message.event for message in stream.messages] == ["SESSION_STARTED", "SESSION_ENDED"]
    assert {message.json["sessionId"] for message in stream.messages} == {wanted}


def test_the_journal_is_read_page_by_page(daemon):
    daemon.wait_for_end(daemon.mock("all"))
    everything = daemon.journal()
    rowids = [item["rowid"] for item in everything]
    assert rowids == sorted(set(rowids))

    pages, since, more = [], 0, True
    while more:
        answer = daemon.get(
            "/api/events", params={"since": since, "limit": 7}, headers={"Accept": "application/json"}
        ).json()
        assert len(answer["items"]) <= 7
        pages += answer["items"]
        since, more = answer["cursor"], answer["more"]
    assert pages == everything


@pytest.mark.parametrize(
    "query", [{"since": "x"}, {"since": -1}, {"limit": 0}, {"limit": 5001}, {"limit": "x"}], ids=str
)
def test_a_wrong_query_is_refused(shared_daemon, query):
    answer = shared_daemon.get("/api/events", params=query, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_a_stream_survives_silence_with_comments(daemon):
    with Stream(daemon.url) as stream:
        eventually(lambda: stream.comments > 0, "a comment keeps it alive", within=25)


def test_a_stream_ends_when_the_daemon_does(daemon):
    stream = Stream(daemon.url)
    assert daemon.stop() == 0
    stream.thread.join(10)
    assert not stream.thread.is_alive()
    stream.close()


def test_many_streams_see_the_same(daemon):
    streams = [Stream(daemon.url) for _ in range(10)]
    session = daemon.mock("all")
    for stream in streams:
        stream.wait_for("SESSION_ENDED", sessionId=session)
    seen = [[message.json for message in stream.messages] for stream in streams]
    for stream in streams:
        stream.close()
    shortest = min(map(len, seen))
    assert all(messages[:shortest] == seen[0][:shortest] for messages in seen)
