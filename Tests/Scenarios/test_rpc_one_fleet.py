"""A runtime started over the socket is a session like any other: on HTTP, and with the words people type."""

import json
import os
import signal

import pytest

from harness import processes
from harness.rpc import new_id
from harness.viewer import Viewer
from harness.waiting import eventually


def fleet(daemon) -> dict[str, dict]:
    return {item["id"]: item for item in daemon.get("/api/fleet").json()["items"]}


def test_it_is_in_the_fleet(tmux_host):
    host = tmux_host
    headless, in_pane = host.spawn()["lifecycle"], host.spawn(address="work:0.0", runtime="codex")["lifecycle"]
    for lifecycle, agent in ((headless, "claude"), (in_pane, "codex")):
        session = host.wait_for_state(lifecycle["session_id"], "RUNNING")
        assert session["live"] is True
        assert session["process"]["pid"] == lifecycle["runtime_pid"]
        assert {"rowid", "event", "source", "at"} <= set(session["evidence"])
        assert session["evidence"]["rowid"] in {item["rowid"] for item in host.journal()}
        assert session["origin"] == "launched"
        assert agent in json.dumps(session["agent"])
        assert session["id"] in fleet(host)
    assert "work:0.0" in json.dumps(host.session(in_pane["session_id"])), "where it is"
    assert str(host.work) in json.dumps(host.session(headless["session_id"])), "which project it is in"


@pytest.mark.parametrize(
    "do, state, told",
    [
        ("exit 0", "COMPLETED", {"exitCode": 0}),
        ("exit 3", "FAILED", {"exitCode": 3}),
        ("kill -TERM $$; rest", "FAILED", {"signal": "SIGTERM"}),
    ],
    ids=["success", "failure", "signal"],
)
def test_its_end_is_told(host, do, state, told):
    session = host.start_runtime(do)
    ended = host.wait_for_end(session)
    assert ended["state"] == state
    assert ended["live"] is False
    assert {key: ended[key] for key in told} == told
    assert ended["createdAt"] <= ended["startedAt"] <= ended["endedAt"]


def test_a_loss_is_told(host):
    lifecycle = host.spawn()["lifecycle"]
    for name in ("shim_pid", "runtime_pid"):
        os.kill(lifecycle[name], signal.SIGKILL)
    ended = host.wait_for_end(lifecycle["session_id"])
    assert ended["state"] == "FAILED"
    assert "exitCode" not in ended


def test_a_start_that_failed_is_not_left_running(host):
    request = host.spawn_request(cwd="/no/such/folder")
    host.rpc.refusal("spawn", request)
    answer = host.get(f"/api/fleet/{request['session_id']}")
    assert answer.status_code == 404 or answer.json()["state"] == "FAILED"


def test_its_output_can_be_read(host):
    session = host.start_runtime("seq 1 20000; exit 0")
    host.wait_for_end(session)
    expected = b"".join(b"%d\n" % number for number in range(1, 20001))
    eventually(lambda: host.output(session).replace(b"\r\n", b"\n") == expected, "all of it is there")
    assert host.output(session, **{"from": -8}).replace(b"\r\n", b"\n").endswith(b"20000\n")


def test_its_output_can_be_read_while_it_runs(host):
    session = host.start_runtime("echo first; sleep 0.2; echo second; rest")
    host.wait_for_output(session, b"second")


def test_its_events_are_in_the_one_journal(host):
    session = host.start_runtime("exit 3")
    host.wait_for_end(session)
    events = [item for item in host.journal() if item.get("sessionId") == session]
    kinds = [item["type"] for item in events if item["type"].startswith("RUNTIME_")]
    assert kinds == ["RUNTIME_FORKING", "RUNTIME_RUNNING", "RUNTIME_TERMINATED"]
    numbered = [item["seq"] for item in events if item["type"] in ("RUNTIME_RUNNING", "RUNTIME_TERMINATED")]
    assert numbered == [1, 2], "the cursor of the socket is their number"
    rowids = [item["rowid"] for item in events]
    assert rowids == sorted(rowids)


def test_the_page_is_told_as_it_happens(host):
    with Viewer(host.url) as viewer:
        viewer.join("fleet")
        session = host.start_runtime()
        viewer.wait_for("fleet_changed", lambda item: item["session"]["id"] == session)
        host.rpc.kill(session)
        viewer.wait_for(
            "fleet_changed", lambda item: item["session"]["id"] == session and item["session"]["state"] == "FAILED"
        )


def test_people_see_it(tmux_host):
    host = tmux_host
    session = host.start_runtime("echo hello from inside; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "hello")
    logged = host.start_runtime("echo logged line; rest")
    host.wait_for_state(session, "RUNNING")

    listed = host.cli("ls", "--json")
    assert listed.returncode == 0, listed
    assert session in listed.stdout.decode() and logged in listed.stdout.decode()
    shown = host.cli("show", session)
    assert shown.returncode == 0 and b"work:0.0" in shown.stdout
    assert b"RUNNING" in shown.stdout.upper()
    assert host.cli("show", session[:13]).returncode in (0, 1)

    def logs():
        ran = host.cli("logs", logged)
        return ran.returncode == 0 and b"logged line" in ran.stdout

    eventually(logs, "its log is shown")
    captured = host.cli("capture", session)
    assert captured.returncode == 0, captured
    assert b"hello from inside" in captured.stdout
    assert host.cli("why", session).returncode == 0


@pytest.mark.parametrize("word", ["kill", "stop"])
@pytest.mark.parametrize("where", ["headless", "in a pane"])
def test_people_end_it(tmux_host, word, where):
    host = tmux_host
    session = host.start_runtime(address="work:0.0" if where == "in a pane" else None)
    host.wait_for_state(session, "RUNNING")
    ran = host.cli(word, session)
    assert ran.returncode == 0, ran
    end = host.rpc.wait_for_end(session)
    assert "exited" in end["state"]
    host.wait_for_end(session)


def test_people_write_to_it(tmux_host):
    host = tmux_host
    session, file = host.start_reader("work:0.0", bracketed=True)
    host.wait_for_state(session, "RUNNING")
    ran = host.cli("send", session, "hello there")
    assert ran.returncode == 0, ran
    eventually(lambda: b"hello there" in file.read_bytes(), "it was typed")


def test_it_is_the_same_after_a_restart(tmux_host):
    host = tmux_host
    sessions = [host.start_runtime(), host.start_runtime(address="work:0.0")]
    before = {session: host.wait_for_state(session, "RUNNING") for session in sessions}
    host.restart()
    for session in sessions:
        after = host.session(session)
        for key in ("id", "state", "live", "createdAt", "startedAt", "process", "origin", "agent"):
            assert after[key] == before[session][key], key
    host.kill()
    host.start()
    for session in sessions:
        assert host.session(session)["state"] == "RUNNING"
        host.rpc.kill(session)
        assert host.wait_for_end(session)["state"] == "FAILED"


def test_a_late_exit_is_shown(host):
    """On the socket a session stays lost (§4.5); people are told how it really ended (D-12)."""
    spawned = host.spawn("trap 'exit 7' USR1; echo ready; while :; do sleep 0.02; done")
    lifecycle = spawned["lifecycle"]
    session = lifecycle["session_id"]
    host.wait_for_output(session, b"ready")
    host.kill()
    os.kill(lifecycle["runtime_pid"], signal.SIGUSR1)
    eventually(lambda: not processes.is_running(lifecycle["runtime_pid"]), "it has ended while nobody looked")
    host.start()
    assert host.rpc.lifecycle(session)["state"] == {"lost": "pid_not_alive"}
    eventually(lambda: not processes.is_running(lifecycle["shim_pid"]), "its shim was heard", within=40)

    told = [item for item in host.journal() if item["type"] == "RUNTIME_LATE_EXIT" and item["sessionId"] == session]
    assert [item["payload"]["exitCode"] for item in told] == [7]
    assert host.rpc.lifecycle(session)["state"] == {"lost": "pid_not_alive"}
    assert '"exitCode": 7' in json.dumps(host.session(session))


def test_input_goes_to_a_pane_and_to_nothing_else(tmux_host):
    host = tmux_host
    headless = host.start_runtime()
    session, file = host.start_reader("work:0.0")
    for name in (headless, session):
        host.wait_for_state(name, "RUNNING")
    host.type(session, "by hand")
    eventually(lambda: file.read_bytes() == b"by hand", "it was typed as it is, without Enter")
    answer = host.post(f"/api/runner/sessions/{headless}/input", {"data": "x"})
    assert answer.status_code == 409
    assert "terminal" in answer.json()["error"]["message"]


def test_sessions_of_both_kinds_live_side_by_side(host):
    own = host.run("sleep", "1000")
    launched = host.start_runtime()
    host.wait_for_state(own, "RUNNING")
    host.wait_for_state(launched, "RUNNING")
    assert {own, launched} <= set(fleet(host))
    # The socket tells of what was started over it; what it is asked about others, it answers as its contract says.
    assert [row["session_id"] for row in host.rpc.status()] == [launched]
    assert host.rpc.events(0)["cursor"] == 1
    assert host.refusal(session=launched).code == "invalid_target"
    host.post(f"/api/runner/sessions/{own}/stop", {})
    host.wait_for_end(own)
    assert host.rpc.lifecycle(launched)["state"] == "running"


def test_a_session_nobody_started_is_not_found(host):
    assert host.get(f"/api/fleet/{new_id()}").status_code == 404
