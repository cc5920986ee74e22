"""What is kept of chats, whatever becomes of the daemon (chat-runtime §3, product §3)."""

import contextlib
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator

import pytest

from harness.chat import Provider, check_order, names, openai_calls, openai_delta, openai_end, session_id
from harness.waiting import eventually


def rows(daemon) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(daemon.home / "drover.db")) as database:
        return database.execute(
            "SELECT s.id, m.position, m.message FROM chat_sessions s JOIN chat_messages m ON m.session = s.number "
            "ORDER BY s.number, m.position"
        ).fetchall()


@contextlib.contextmanager
def unwritable(daemon) -> Iterator[None]:
    """Somebody else holds the database. A full disk is the same."""
    with contextlib.closing(sqlite3.connect(daemon.home / "drover.db", isolation_level=None, timeout=20)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


def test_sessions_are_the_same_after_a_restart(chat_daemon):
    empty = chat_daemon.post("/api/sessions").json()
    id = session_id(chat_daemon.chat("one"))
    chat_daemon.chat("use_tool: ls", "tools:1")
    chat_daemon.chat("two\r\nlines \U0001f600", id)
    before = chat_daemon.get("/api/sessions").content
    summary = chat_daemon.get("/api/sessions?summary=1").content
    chat_daemon.restart()
    assert chat_daemon.get("/api/sessions").content == before
    assert chat_daemon.get("/api/sessions?summary=1").content == summary
    sessions = json.loads(before)
    assert [session["id"] for session in sessions] == [id, "tools:1", empty["id"]]
    chat_daemon.chat("three", id)
    messages = chat_daemon.messages(id)
    assert [message["content"] for message in messages][::2] == ["one", "two\r\nlines \U0001f600", "three"]


def test_the_list_is_in_order_of_the_last_change(chat_daemon):
    for name in ("a", "b", "c"):
        chat_daemon.chat("hi", name)
    assert [session["id"] for session in chat_daemon.sessions()] == ["c", "b", "a"]
    chat_daemon.chat("hi", "a")
    sessions = chat_daemon.sessions()
    assert [session["id"] for session in sessions] == ["a", "c", "b"]
    times = [session["updated_at"] for session in sessions]
    assert times == sorted(times, reverse=True)
    for session in sessions:
        stamps = [message["created_at"] for message in session["messages"]]
        assert stamps == sorted(set(stamps)) and session["updated_at"] == stamps[-1]
        assert session["created_at"] < stamps[0] or session["created_at"] <= stamps[0]
    summaries = chat_daemon.get("/api/sessions?summary=1").json()
    assert [(item["id"], item["message_count"]) for item in summaries] == [("a", 4), ("c", 2), ("b", 2)]
    assert summaries[0]["preview"] == "Mock response to: hi" and "messages" not in summaries[0]


def test_nothing_acknowledged_is_lost_when_the_daemon_is_killed(chat_daemon):
    for number in range(20):
        chat_daemon.chat(f"message {number}", f"s{number % 4}")
    before = chat_daemon.get("/api/sessions").content
    chat_daemon.kill()
    chat_daemon.start()
    assert chat_daemon.get("/api/sessions").content == before


def test_killed_in_the_middle_of_a_turn(provider: Provider, make_chat_daemon):
    function = {"name": "ls", "arguments": "{}"}

    def answer(answering):
        if len(provider.asked) == 1:
            call = openai_calls({"index": 0, "id": "c", "type": "function", "function": function})
            return answering.send(openai_delta("looking") + call + openai_end("tool_calls"))
        answering.send(openai_delta("and now"))
        provider.hold()

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config()).start()
    stream = daemon.stream("hi", "killed")
    stream.wait_for("delta", 2)
    daemon.kill()
    stream.thread.join(20)
    assert names(stream.events) == ["session", "delta", "tool_call", "delta"]
    daemon.start()
    messages = daemon.messages("killed")
    assert [message["role"] for message in messages] == ["user", "assistant", "tool"]
    assert messages[1]["tool_calls"][0]["id"] == messages[2]["tool_call_id"]
    provider.released.set()
    provider.answer = lambda answering: answering.send(openai_delta("well") + openai_end())
    assert names(daemon.chat("go on", "killed"))[-1] == "done"


def test_a_message_is_durable_before_the_model_is_asked(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config())
    seen = []

    def answer(answering):
        seen.extend(rows(daemon))
        answering.send(openai_delta("x") + openai_end())

    provider.answer = answer
    daemon.start().chat("hi", "first")
    assert [(id, position, json.loads(message)["content"]) for id, position, message in seen] == [("first", 0, "hi")]
    assert [json.loads(message)["role"] for _, _, message in rows(daemon)] == ["user", "assistant"]


def test_a_deleted_session_leaves_nothing(chat_daemon):
    chat_daemon.chat("hi", "gone")
    chat_daemon.chat("hi", "kept")
    assert chat_daemon.request("DELETE", "/api/sessions/gone").status_code == 204
    assert {row[0] for row in rows(chat_daemon)} == {"kept"}
    chat_daemon.kill()
    chat_daemon.start()
    assert [session["id"] for session in chat_daemon.sessions()] == ["kept"]


@pytest.mark.timeout(180)
def test_a_disk_that_takes_nothing(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config()).start()
    daemon.chat("before", "full")
    before = daemon.get("/api/sessions").json()
    with unwritable(daemon):
        started = time.monotonic()
        stream, fresh = daemon.stream("during", "full"), daemon.stream("during", "new-one")
        assert daemon.get("/api/health").status_code == 200
        for each in (stream, fresh):
            events = each.wait(60)
            check_order(events)
            assert events[-1].name == "error" and "saved" in events[-1].json["message"], events[-1]
        assert time.monotonic() - started < 60
        assert daemon.post("/api/sessions", timeout=60).status_code == 500
        assert daemon.request("DELETE", "/api/sessions/full", timeout=60).status_code == 500
        assert daemon.get("/api/sessions").json() == before
        assert len(provider.asked) == 1
    eventually(daemon.is_healthy, "the daemon is well")

    def chats():
        return names(daemon.chat("after", "full"))[-1] == "done"

    eventually(chats, "it chats again", within=60)
    contents = [message["content"] for message in daemon.messages("full")]
    assert contents[:2] == ["before", "hello"] and contents[-2:] == ["after", "hello"]
    assert "during" not in contents
    daemon.restart()
    assert [message["content"] for message in daemon.messages("full")] == contents


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.timeout(180)
def test_a_disk_that_is_really_full(provider: Provider, make_chat_daemon):
    daemon = make_chat_daemon(config=provider.config())
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(daemon.home)], check=True)
    try:
        daemon.configure(provider.config())
        daemon.start()
        daemon.chat("before", "full")
        filler = daemon.home / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        # The log of the database has room of its own for a while; what was said is large, so it is soon used up.
        said, ended = 0, "done"
        while ended == "done" and said < 100:
            said += 1
            events = daemon.chat("during " + "x" * 200_000, "full")
            ended = names(events)[-1]
        assert ended == "error" and "saved" in events[-1].json["message"], events[-1]
        kept = [message["content"] for message in daemon.messages("full")]
        assert len(kept) == 2 * said, "what was acknowledged is there, and nothing else"
        assert daemon.program.is_running()
        filler.unlink()
        eventually(lambda: names(daemon.chat("after", "full"))[-1] == "done", "it chats again", within=60)
        daemon.restart()
        contents = [message["content"] for message in daemon.messages("full")]
        assert contents[: len(kept)] == kept and contents[-2:] == ["after", "hello"]
        daemon.stop()
    finally:
        subprocess.run(["umount", "-l", str(daemon.home)], check=True)


@pytest.mark.timeout(180)
def test_a_disk_that_is_full_at_the_end_of_a_turn(provider: Provider, make_chat_daemon):
    def answer(answering):
        answering.send(openai_delta("shown"))
        provider.hold()
        answering.send(openai_end())

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config()).start()
    stream = daemon.stream("hi", "late")
    stream.wait_for("delta")
    with unwritable(daemon):
        provider.released.set()
        events = stream.wait(60)
    assert names(events) == ["session", "delta", "error"] and "saved" in events[-1].json["message"]
    assert [message["content"] for message in daemon.messages("late")] == ["hi"]
    assert daemon.program.is_running()


@pytest.mark.timeout(180)
def test_ten_thousand_sessions_and_a_session_of_ten_thousand_messages_list_quickly(chat_daemon):
    chat_daemon.chat("hi", "first")
    assert chat_daemon.stop() == 0
    message = json.dumps({"role": "user", "content": "x" * 100, "created_at": "2026-01-01T00:00:00.000000Z"})
    with contextlib.closing(sqlite3.connect(chat_daemon.home / "drover.db")) as database, database:
        database.executemany(
            "INSERT INTO chat_sessions (number, id, created_at, updated_at) VALUES (?, ?, ?, ?)",
            [(number, f"s{number}", number, number) for number in range(10, 10_010)],
        )
        database.executemany(
            "INSERT INTO chat_messages (session, position, message) VALUES (?, ?, ?)",
            [(number, position, message) for number in range(10, 10_010) for position in range(2)]
            + [(10, position, message) for position in range(2, 10_000)],
        )
    chat_daemon.start()
    started = time.monotonic()
    answer = chat_daemon.get("/api/sessions")
    assert answer.status_code == 200 and int(answer.headers["Content-Length"]) == len(answer.content)
    sessions = answer.json()
    assert time.monotonic() - started < 5
    assert len(sessions) == 10_001 and sessions[0]["id"] == "first" and sessions[1]["id"] == "s10009"
    assert len(chat_daemon.messages("s10")) == 10_000
    assert len(chat_daemon.get("/api/sessions?summary=1").json()) == 10_001
    # Readers that come slowly cost no memory of their own, and keep nobody waiting.
    chat_daemon.chat("and more", "s10")
    assert len(chat_daemon.messages("s10")) == 10_002
    assert chat_daemon.sessions()[0]["id"] == "s10"
