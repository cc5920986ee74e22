"""What the daemon says of itself (§7): every field, each of its kind."""

import os
import signal
import time
from datetime import UTC, datetime

from harness import rpc_shapes


def test_a_daemon_that_has_just_started(host):
    doctor = host.rpc.doctor()
    assert doctor["version"] == host.rpc.version()
    assert doctor["version"]["capabilities"] == rpc_shapes.CAPABILITIES
    assert doctor["socket_path"] == str(host.socket)
    assert doctor["uptime_secs"] < 60
    sqlite = doctor["sqlite"]
    assert sqlite["applied"] == sqlite["total"] >= 2
    assert {"lifecycle", "probe state"} <= set(sqlite["applied_descriptions"])
    assert sqlite["pending_descriptions"] == []
    assert doctor["lifecycles"] == {"forking": 0, "running": 0, "exited": 0, "lost": 0}
    assert doctor["watchers"] == {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": 0}
    assert doctor["log_availability"] == []
    assert doctor["recent_lost"] == []
    swept = datetime.fromisoformat(doctor["last_probe_sweep"])
    assert abs((datetime.now(UTC) - swept).total_seconds()) < 60


def test_the_socket_is_named_in_full_beside_its_label(make_host):
    host = make_host()
    del host.environment["RTM_SOCKET_PATH"]
    host.start()
    doctor = host.rpc.doctor()
    assert doctor["socket_path"] == "$XDG_RUNTIME_DIR/rtm/sock"
    assert doctor["socket_path_resolved"] == host.ready["rpc"]


def test_launchers_are_named_with_what_is_wrong(host):
    (host.bin / "codex").unlink()
    claude, codex = host.rpc.doctor()["launchers"][:2]
    assert claude == {"runtime": "claude", "command": str(host.bin / "claude"), "error": None}
    assert (codex["runtime"], codex["command"]) == ("codex", None)
    assert "codex" in codex["error"] and "PATH" in codex["error"]

    host.plant("codex", "#!/bin/sh\n")
    assert host.rpc.doctor()["launchers"][1] == {"runtime": "codex", "command": str(host.bin / "codex"), "error": None}


def test_tmux_is_described(shared_host):
    tmux = shared_host.rpc.doctor()["tmux"]
    version = shared_host.tmux.run("-V")
    assert tmux == {"available": True, "version": version, "error": None}


def test_a_tmux_that_is_not_there_is_no_error(make_host):
    host = make_host()
    host.environment["PATH"] = str(host.bin)
    host.start()
    assert host.rpc.doctor()["tmux"] == {"available": False, "version": None, "error": None}


def test_a_tmux_that_fails_is_one(make_host):
    host = make_host()
    host.plant("tmux", "#!/bin/sh\necho out of order >&2\nexit 3\n")
    host.start()
    tmux = host.rpc.doctor()["tmux"]
    assert (tmux["available"], tmux["version"]) == (False, None)
    assert "out of order" in tmux["error"]


def test_sessions_are_counted_and_named(tmux_host):
    host = tmux_host
    running = host.start_runtime()
    in_pane = host.start_runtime(address="work:0.0")
    ended = [host.start_runtime("exit 1") for _ in range(2)]
    spawned = host.spawn()["lifecycle"]
    for session in ended:
        host.rpc.wait_for_end(session)
    os.kill(spawned["shim_pid"], signal.SIGKILL)
    before = datetime.now(UTC)
    os.kill(spawned["runtime_pid"], signal.SIGKILL)
    host.rpc.wait_for_end(spawned["session_id"])

    doctor = host.rpc.doctor()
    assert doctor["lifecycles"] == {"forking": 0, "running": 2, "exited": 2, "lost": 1}
    assert doctor["watchers"]["process_exit_watchers"] == 2
    rows = {item["session_id"]: item["log_availability"] for item in doctor["log_availability"]}
    assert list(rows) == sorted([running, in_pane, *ended, spawned["session_id"]])
    assert rows[in_pane] == {"type": "tmux_pane_snapshot"}
    assert {rows[session]["type"] for session in (running, *ended, spawned["session_id"])} == {"headless"}
    assert rows == {row["session_id"]: row["log_availability"] for row in host.rpc.status()}
    (lost,) = doctor["recent_lost"]
    assert (lost["session_id"], lost["evidence"]) == (spawned["session_id"], "shim_died_before_report")
    moment = datetime.fromisoformat(lost["occurred_at"])
    assert 0 <= (moment - before).total_seconds() < 20


def test_the_newest_loss_comes_first(host):
    spawned = [host.spawn()["lifecycle"] for _ in range(3)]
    for lifecycle in spawned:
        for name in ("shim_pid", "runtime_pid"):
            os.kill(lifecycle[name], signal.SIGKILL)
        host.rpc.wait_for_end(lifecycle["session_id"])
    names = [entry["session_id"] for entry in host.rpc.doctor()["recent_lost"]]
    assert names == [lifecycle["session_id"] for lifecycle in reversed(spawned)]


def test_asking_is_cheap_with_many_sessions(host):
    host.plant("claude", "#!/bin/true\n")
    for _ in range(60):
        host.start_runtime()
    host.rpc.wait_for_watchers(process_exit_watchers=0)
    started = time.monotonic()
    for _ in range(10):
        assert len(host.rpc.doctor()["log_availability"]) == 60
    assert time.monotonic() - started < 5
