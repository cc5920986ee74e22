"""`kill -9` of everything in every order: what is known afterwards, and that nothing runs which nobody knows (§4.5)."""

import itertools
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import processes
from harness.rpc import RPC
from harness.runtimes import wait_until_it_rests
from harness.waiting import eventually

HEADLESS = list(itertools.permutations(["daemon", "shim", "runtime"]))
IN_A_PANE = list(itertools.permutations(["daemon", "shim", "runtime", "tmux"]))


def expected(order: tuple[str, ...]) -> dict:
    """What is known at the end, derived from who was alive to see and to tell."""
    alive = {"daemon", "shim", "runtime"}
    in_a_pane = "tmux" in order
    for victim in order:
        signalled = 9
        if victim == "runtime" or (in_a_pane and victim in ("shim", "tmux")):
            # The end of a terminal, or of the process that leads its session, hangs up on the runtime.
            signalled = 9 if victim == "runtime" else 1
            ends = "runtime" in alive
            alive.discard("runtime")
        else:
            ends = False
        alive.discard(victim)
        if ends and "daemon" in alive:
            if "shim" in alive:
                return {"exited": {"code": None, "signal": signalled}}
            return {"lost": "shim_died_before_report"}
        if ends:
            return {"lost": "pid_not_alive"}
    raise AssertionError("somebody survives")


def evidence(state: dict) -> tuple[str, str]:
    ((name, data),) = state.items()
    return ("terminated", "shim_exit") if name == "exited" else ("lost", data)


def kill(pid: int) -> None:
    if processes.is_running(pid):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not processes.is_running(pid), f"process {pid} has ended")


def kill_in_order(host, lifecycle: dict, order: tuple[str, ...]) -> None:
    session = lifecycle["session_id"]
    state = expected(order)
    for victim in order:
        if victim == "daemon":
            host.kill()
        elif victim == "tmux":
            host.tmux.kill()
        else:
            kill(lifecycle[f"{victim}_pid"])
        if host.program.is_running() and not processes.is_running(lifecycle["runtime_pid"]):
            assert host.rpc.wait_for_end(session)["state"] == state
        elif "tmux" in order and victim != "daemon":
            eventually(lambda: not processes.is_running(lifecycle["runtime_pid"]), "the runtime was hung up on")


def check_after(host, spawned: dict, order: tuple[str, ...], earlier: list[dict]) -> None:
    session = spawned["lifecycle"]["session_id"]
    state = expected(order)
    host.start()
    row = host.rpc.lifecycle(session)
    assert row["state"] == state, f"known after {order}"
    for key in ("shim_pid", "runtime_pid", "start_time", "tmux_pane"):
        assert row[key] == spawned["lifecycle"][key]
    kind, why = evidence(state)
    running, end = host.rpc.events_of(session)
    assert running == spawned["event"]
    assert (end["type"], end["payload"]["evidence"]) == (kind, why)

    # The numbering goes on, and what was there is there.
    events = host.rpc.events(0)
    assert events["cursor"] == len(events["events"]) == len(earlier) + 2
    assert events["events"][: len(earlier)] == earlier
    assert host.rpc.events(len(earlier))["events"] == [running, end]
    assert host.rpc.watchers() == {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": 0}
    eventually(lambda: host.processes() == [host.pid], "nothing is left by accident")


@pytest.mark.parametrize("order", HEADLESS, ids="-".join)
def test_killed_without_a_terminal(host, order):
    host.rpc.wait_for_end(host.start_runtime("exit 0"))
    earlier = host.rpc.events(0)["events"]
    spawned = host.spawn()
    kill_in_order(host, spawned["lifecycle"], order)
    check_after(host, spawned, order, earlier)


@pytest.mark.parametrize("order", IN_A_PANE, ids="-".join)
def test_killed_in_a_pane(tmux_host, order):
    host = tmux_host
    host.tmux.new_session("other")
    spawned = host.spawn(address="work:0.0")
    wait_until_it_rests(spawned["lifecycle"]["runtime_pid"])
    kill_in_order(host, spawned["lifecycle"], order)
    check_after(host, spawned, order, [])


@pytest.mark.parametrize("how", ["stop", "SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("where", ["headless", "in a pane"])
def test_runtimes_outlive_their_daemon(tmux_host, how, where):
    host = tmux_host
    spawned = host.spawn(address="work:0.0" if where == "in a pane" else None)
    before = spawned["lifecycle"]
    if how == "stop":
        host.rpc.stop()
        assert host.program.wait() == 0
    elif how == "SIGTERM":
        assert host.stop() == 0
    else:
        host.kill()
    assert processes.is_running(before["runtime_pid"]) and processes.is_running(before["shim_pid"])

    host.start()
    assert host.rpc.status() == [before]
    assert host.rpc.events_of(before["session_id"]) == [spawned["event"]]
    assert host.rpc.watchers()["process_exit_watchers"] == 1
    host.rpc.kill(before["session_id"])
    assert host.rpc.wait_for_end(before["session_id"])["state"] == {"exited": {"code": None, "signal": 15}}
    assert len(host.rpc.events_of(before["session_id"])) == 2


def test_an_end_while_nobody_looks_is_lost_at_once(host):
    """Even when a shim is about to tell the truth (§4.5), which is kept for those who ask us (D-12)."""
    spawned = host.spawn()
    before = spawned["lifecycle"]
    session = before["session_id"]
    host.kill()
    kill(before["runtime_pid"])
    host.start()
    row = host.rpc.lifecycle(session)
    assert row["state"] == {"lost": "pid_not_alive"}

    eventually(lambda: not processes.is_running(before["shim_pid"]), "the shim was heard and has ended", within=40)
    assert host.rpc.lifecycle(session) == row
    events = host.rpc.events_of(session)
    assert [event["type"] for event in events] == ["running", "lost"]


def test_a_draining_stop_ends_the_runtimes(host):
    lifecycles = [host.spawn()["lifecycle"] for _ in range(3)]
    host.rpc.stop(x_drain=True)
    assert host.program.wait(60) == 0
    eventually(lambda: not host.runtimes(), "no runtime is left")
    host.start()
    for lifecycle in lifecycles:
        state = host.rpc.lifecycle(lifecycle["session_id"])["state"]
        assert state == {"exited": {"code": None, "signal": 15}}


def test_output_goes_on_while_there_is_no_daemon(host):
    count = 1000
    spawned = host.spawn(f"for ((n = 1; n <= {count}; n++)); do echo $n; echo $n >&2; sleep 0.0002; done")
    log = Path(spawned["stdout_path"])
    eventually(lambda: log.stat().st_size > 100, "it writes")
    host.kill()
    size = log.stat().st_size
    eventually(lambda: log.stat().st_size > size + 100, "it writes on without a daemon")
    host.start()
    assert host.stop() == 0
    host.start()
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"], within=60)
    expected_lines = [str(number) for number in range(1, count + 1)]
    assert log.read_text().splitlines() == expected_lines
    assert Path(spawned["stderr_path"]).read_text().splitlines() == expected_lines


def test_the_cursor_goes_on(host):
    batches = []
    for _ in range(3):
        since = host.rpc.cursor()
        for _ in range(2):
            host.rpc.wait_for_end(host.start_runtime("exit 0"))
        page = host.rpc.events(since)
        assert page["cursor"] == since + 4
        batches += page["events"]
        host.kill()
        host.start()
        assert host.rpc.events(page["cursor"]) == {"events": [], "cursor": page["cursor"]}
    assert host.rpc.events(0)["events"] == batches


def test_a_daemon_is_killed_again_and_again(host):
    """With starts on their way at any moment. Every row comes to a good state, and every runtime is known."""
    path = host.environment["RTM_SOCKET_PATH"]
    acknowledged, stopping = [], []

    def keep_starting(number: int) -> None:
        count = 0
        while not stopping:
            count += 1
            request = host.spawn_request("exit 0" if count % 2 else None)
            try:
                if RPC(path).answer("spawn", request)["type"] == "spawned":
                    acknowledged.append(request["session_id"])
            except Exception:
                # The daemon is gone, in the middle of an answer as likely as not.
                eventually(lambda: stopping or Path(path).exists(), "there is a daemon again")

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(keep_starting, number) for number in range(3)]
        try:
            for _ in range(5):
                count = len(acknowledged)
                eventually(lambda count=count: len(acknowledged) > count + 6, "some were started")
                host.kill()
                host.start()
        finally:
            stopping.append(True)
        for job in jobs:
            job.result()

    rows = {row["session_id"]: row for row in host.rpc.status()}
    assert len(set(acknowledged)) == len(acknowledged)
    assert set(acknowledged) <= set(rows)
    for session in acknowledged:
        assert rows[session]["state"] != "forking"
        kinds = [event["type"] for event in host.rpc.events_of(session)]
        assert kinds[0] == "running" and len(kinds) <= 2, kinds

    def all_known():
        running = {row["runtime_pid"] for row in host.rpc.status(state="running")}
        resting = {pid for pid in host.runtimes() if b"1000" in processes.read(pid, "cmdline")}
        assert resting <= running, f"these run and nobody knows of them: {resting - running}"
        return True

    # A shim that found nobody tries again after 1, 2, 4 and 8 seconds.
    eventually(all_known, "every runtime is known", within=40)


def test_a_killed_daemon_leaves_nobody_in_tmux(tmux_host):
    """Whenever it is killed, also while it introduces itself to tmux, which may not cost the server's life."""
    host = tmux_host
    lifecycle = host.spawn(address="work:0.0")["lifecycle"]
    keeps = {host.tmux.pid, lifecycle["shim_pid"], lifecycle["runtime_pid"]}

    def alone():
        left = {pid: processes.command_line(pid) for pid in host.runtimes() if pid not in keeps}
        assert not left, f"these are left: {left}; clients of tmux: {host.tmux.run('list-clients')!r}"
        return True

    for number in range(30):
        if number % 2:
            assert host.rpc.validate("tmux:work:0.0") == {"kind": "valid"}
        assert host.rpc.capture(lifecycle["session_id"])["status"] == "captured"
        time.sleep(number % 10 / 1000)
        host.kill()
        eventually(alone, "nothing of the daemon is left beside tmux and the runtime")
        assert host.tmux.run("list-clients") == ""
        host.start()


def test_a_large_answer_is_whole(host):
    """Long after a restart, too: all rows and all events at once."""
    host.plant("claude", "#!/bin/true\n")
    for _ in range(100):
        host.start_runtime()
    eventually(lambda: len(host.rpc.status(state="exited")) == 100, "all have ended")
    before = host.rpc.status(), host.rpc.events(0)
    assert len(before[1]["events"]) == 200
    host.restart()
    assert (host.rpc.status(), host.rpc.events(0)) == before
