"""The log and the rows of the original program, which are read once and never changed (§8, §11, D-42)."""

import contextlib
import json
import sqlite3
import time

import pytest

from harness.rpc import new_id
from harness.waiting import eventually


def expired(host, since: int, **more) -> int | None:
    answer = host.rpc.answer("events", {"since": since, **more})
    return answer["payload"]["oldest"] if answer["type"] == "cursor_expired" else None


def running(session: str, pid: int = 2**31 - 2) -> dict:
    return {"session_id": session, "runtime_pid": pid, "start_time": "2026-03-02T08:15:30.120Z"}


def terminated(session: str, code: int = 0) -> dict:
    return {"session_id": session, "exit_code": code, "signal": None, "evidence": "shim_exit"}


def log_line(number: int, kind: str, payload: dict) -> str:
    return json.dumps({"seq": number, "ts_ms": 1_772_439_362_470 + number, "kind": kind, "payload": payload}) + "\n"


@pytest.fixture
def with_log(make_host):
    """A daemon that finds a log of the original program beside the database RTM_DB_PATH names."""

    def make(log: str, rows: list[tuple] = ()):
        host = make_host()
        folder = host.folder / "original"
        folder.mkdir()
        (folder / "events.jsonl").write_text(log)
        with contextlib.closing(sqlite3.connect(folder / "db.sqlite")) as database, database:
            database.execute(
                "CREATE TABLE lifecycle (session_id TEXT PRIMARY KEY, runtime TEXT NOT NULL, state TEXT NOT NULL,"
                " shim_pid INTEGER, runtime_pid INTEGER, start_time TEXT, tmux_pane TEXT, exit_code INTEGER,"
                " exit_signal INTEGER, lost_evidence TEXT, spawned_at TEXT NOT NULL, updated_at TEXT NOT NULL)"
            )
            database.execute(
                "CREATE TABLE rtm_metadata (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT NOT NULL)"
            )
            database.executemany("INSERT INTO lifecycle VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        host.environment["RTM_DB_PATH"] = str(folder / "db.sqlite")
        host.before = {file.name: file.read_bytes() for file in folder.iterdir()}
        return host

    return make


def test_an_imported_log_goes_on_where_it_was(with_log):
    session = new_id()
    host = with_log(log_line(3, "terminated", terminated(session, 7))).start()
    assert expired(host, 0) == 2
    assert expired(host, 1) == 2
    assert host.rpc.events(2) == {"events": [{"type": "terminated", "payload": terminated(session, 7)}], "cursor": 3}
    assert host.rpc.events(3) == {"events": [], "cursor": 3}
    assert expired(host, 4) == 2
    # A newcomer, too, is sent to what is left (D-24).
    assert host.rpc.answer("events", {})["type"] == "cursor_expired"

    host.start_runtime()
    assert host.rpc.events(3)["cursor"] == 4
    host.restart()
    assert host.rpc.events(2)["cursor"] == 4
    assert expired(host, 0) == 2
    folder = host.folder / "original"
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.name in host.before} == host.before


def test_a_log_without_a_database_is_read_too(make_host):
    host = make_host()
    folder = host.folder / "original"
    folder.mkdir()
    (folder / "events.jsonl").write_text(log_line(3, "running", running(new_id())))
    host.environment["RTM_DB_PATH"] = str(folder / "db.sqlite")
    host.start()
    assert expired(host, 0) == 2
    assert host.rpc.events(2)["cursor"] == 3


def test_a_last_line_that_breaks_off_is_left_out(with_log):
    session = new_id()
    log = log_line(1, "running", running(session)) + log_line(2, "terminated", terminated(session))
    host = with_log(log + log_line(3, "running", running(new_id()))[:-20]).start()
    assert host.rpc.events(0)["cursor"] == 2


def test_a_broken_line_in_the_middle_is_no_obstacle(with_log):
    session = new_id()
    log = log_line(1, "running", running(session)) + "{broken\n" + log_line(3, "running", running(new_id()))
    host = with_log(log).start()
    page = host.rpc.events(0)
    assert page["events"][0] == {"type": "running", "payload": running(session)}
    assert "events.jsonl" in host.log_text()
    assert (host.folder / "original" / "events.jsonl").read_text() == log


def test_imported_rows_are_looked_after(with_log):
    time_text = "2026-03-02T08:15:30.120+00:00"
    gone, ended, broken = sorted(new_id() for _ in range(3))
    rows = [
        (gone, "claude", "Running", 500, 2**31 - 2, time_text, '"agents:2.1"', None, None, None, time_text, time_text),
        (ended, "codex", "Exited", 500, 501, time_text, None, 3, None, None, time_text, time_text),
        (broken, "codex", "Lost", 600, 601, time_text, "agents:3.0", None, None, "PidNotAlive", time_text, time_text),
    ]
    log = log_line(1, "running", running(gone)) + log_line(2, "terminated", terminated(ended, 3))
    host = with_log(log, rows).start()
    found = {row["session_id"]: row for row in host.rpc.status()}
    assert found[gone]["state"] == {"lost": "pid_not_alive"}
    assert found[gone]["tmux_pane"] == "agents:2.1"
    assert found[gone]["start_time"] == "2026-03-02T08:15:30.120Z"
    assert found[ended]["state"] == {"exited": {"code": 3, "signal": None}}
    assert found[broken]["state"] == {"lost": "pid_not_alive"}
    assert found[broken]["tmux_pane"] == "agents:3.0"
    assert host.rpc.events(2)["events"][0] == {
        "type": "lost",
        "payload": {"session_id": gone, "evidence": "pid_not_alive"},
    }
    assert host.refusal(session=ended).code == "invalid_target"

    # It is done once.
    host.restart()
    assert {row["session_id"]: row for row in host.rpc.status()} == found


def test_numbers_are_never_rounded(with_log):
    number = 2**53 - 1
    host = with_log(log_line(number, "running", running(new_id()))).start()
    assert expired(host, 0) == number - 1
    assert host.rpc.events(number - 1)["cursor"] == number
    host.start_runtime()
    assert host.rpc.events(number)["cursor"] == number + 1


@pytest.mark.parametrize("number", [0, 2**63 - 1, 2**63, 2**64 - 1, 2**64])
def test_a_number_that_leaves_no_room_is_no_reason_not_to_start(with_log, number):
    host = with_log(log_line(number, "running", running(new_id()))).start()
    for _ in range(2):
        session = host.start_runtime("exit 0")
        assert "exited" in host.rpc.wait_for_end(session)["state"]
        assert host.rpc.answer("events", {})["type"] in ("events", "cursor_expired")
        host.restart()
    assert host.program.is_running()


DAY = 24 * 3600 * 1000


@pytest.mark.parametrize(
    "total, old, oldest",
    [(10_050, 100, 50), (10_050, 20, 20), (10_050, 0, 0), (200, 200, 0)],
    ids=["both", "as far as they are old", "many but new", "old but few"],
)
def test_only_what_is_old_and_too_much_is_dropped(with_log, total, old, oldest):
    """More than ten thousand events, and those older than seven days (§8, retention)."""
    now = int(time.time() * 1000)
    session = new_id()
    payload = json.dumps(running(session))
    lines = [
        f'{{"seq":{number},"ts_ms":{now - 8 * DAY if number <= old else now},"kind":"running","payload":{payload}}}\n'
        for number in range(1, total + 1)
    ]
    host = with_log("".join(lines)).start()

    def pruned():
        assert (expired(host, 0) or 0) == oldest
        return True

    eventually(pruned, f"what was kept begins after {oldest}")
    page = host.rpc.events(oldest)
    assert page["cursor"] == total
    assert len(page["events"]) == total - oldest
    # And so it stays, with the numbers going on.
    host.restart()
    assert (expired(host, 0) or 0) == oldest
    host.start_runtime()
    assert host.rpc.events(total)["cursor"] == total + 1
