"""Supervisors that misbehave: scripts in place of the shim, which say what no honest one would (§3.4, §4.1)."""

import json
import os
import signal
import subprocess

import pytest

from harness import processes
from harness.rpc import at_once, new_id, payload_of, request_line
from harness.waiting import eventually


@pytest.fixture
def with_shim(make_host):
    """A daemon that starts a script in place of its shim."""

    def make(body: str, **variables: str):
        host = make_host(**variables)
        host.use_shim(body)
        return host.start()

    return make


@pytest.fixture
def sleeper():
    """A process that can be said to be a runtime."""
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


def notes(host, file: str = "notes") -> list:
    path = host.bin / file
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_what_a_shim_is_told(with_shim):
    host = with_shim("note(sys.argv[1:]); note(launch()); ready(os.getpid()); time.sleep(1000)")
    request = host.spawn_request(env=[("B", "1"), ("A", "2")], x_args=["--flag"])
    host.rpc.ask("spawn", request)
    words, answer = notes(host)
    session = request["session_id"]
    assert words == ["__shim", "--session-id", session]
    assert answer["type"] == "shim_launch"
    launch = answer["payload"]["launch"]
    assert launch["argv"] == [str(host.bin / "claude"), "--flag"]
    assert launch["cwd"] == str(host.work)
    assert [(item["key"], item["value"]) for item in launch["env"]] == [
        ("B", "1"),
        ("A", "2"),
        ("HELIOY_SESSION_ID", session),
        ("HELIOY_RUNTIME", "claude"),
        ("RTM_SESSION_ID", session),
        ("RTM_RUNTIME_KIND", "claude"),
    ]


def test_a_shim_may_report_any_process(with_shim, sleeper):
    host = with_shim(f"launch(); note(ready({sleeper.pid})); time.sleep(1000)")
    spawned = host.spawn()
    assert spawned["lifecycle"]["runtime_pid"] == sleeper.pid
    assert spawned["lifecycle"]["start_time"] == "2026-03-02T08:15:30.120Z"
    assert host.rpc.watchers()["process_exit_watchers"] == 1
    eventually(lambda: notes(host) == [{"type": "ack"}], "the shim was answered")


def test_a_launch_is_taken_once(with_shim):
    host = with_shim("launch(); note(launch()); ready(os.getpid()); note(launch()); time.sleep(1000)")
    host.spawn()
    answers = eventually(lambda: len(notes(host)) == 2 and notes(host), "the shim has asked three times")
    assert [answer["payload"]["code"] for answer in answers] == ["protocol_mismatch"] * 2


# Between the real shim and its daemon: everything passes but `shim_ready`, which nobody ever answers.
KEEPS_READY_BACK = """
def relay(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path + ".part")
        listener.listen()
        os.rename(path + ".part", path)
        kept = []
        while True:
            peer, _ = listener.accept()
            line = peer.makefile("rb").readline()
            if b'"shim_ready"' in line:
                kept.append(peer)
                continue
            with socket.socket(socket.AF_UNIX) as daemon:
                daemon.connect(os.environ["RTM_SOCKET_PATH"])
                daemon.sendall(line)
                peer.sendall(daemon.makefile("rb").readline())
            peer.close()

def become_the_real_shim(program):
    path = os.path.join(os.path.dirname(sys.argv[0]), session[-8:])
    if os.fork() == 0:
        os.setsid()
        relay(path)
    while not os.path.exists(path):
        time.sleep(0.01)
    os.environ["RTM_SOCKET_PATH"] = path
    os.execv(program, [program, *sys.argv[1:]])
"""


def test_shims_that_are_never_ready(make_host):
    """All of them at once, as each takes the ten seconds that a start may take (§1.3)."""
    host = make_host()
    host.tmux.new_session("work")
    host.tmux.new_session("other")
    kinds = ["silent", "dies", "other", "pane", "held"]
    requests = [host.spawn_request(env={"KIND": kind}) for kind in kinds[:3]]
    requests.append(host.spawn_request(env={"KIND": "pane"}, address="work:0.0"))
    pid_file = host.work / "pid"
    held = host.spawn_request(f"echo $$ > {pid_file}.part; mv {pid_file}.part {pid_file}; rest")
    requests.append(held)
    host.use_shim(
        f"""{KEEPS_READY_BACK}
if session == "{held["session_id"]}":
    become_the_real_shim("{host.binary}")
variables = {{item["key"]: item["value"] for item in launch()["payload"]["launch"]["env"]}}
kind = variables["KIND"]
note([kind, os.getpid()], "pids")
if kind == "dies":
    sys.exit(1)
if kind == "other":
    note(ready(os.getpid(), session="00000000-0000-0000-0000-000000000000"))
time.sleep(1000)
"""
    )
    host.start()

    def spawn(number: int):
        if number == len(kinds):
            # While they are on their way: a session without a process cannot be killed, and it is not taken twice.
            session = requests[0]["session_id"]
            host.rpc.wait_for_state(session, "forking")
            eventually(lambda: len(notes(host, "pids")) == 4, "the shims have started")
            assert host.rpc.watchers()["shim_sockets"] >= 1
            refusal = host.rpc.refusal("kill", {"session_id": session, "signal": "term", "grace_secs": 0})
            assert refusal.code == "session_not_found"
            assert host.refusal(session=session).code == "invalid_target"
            assert host.rpc.events_of(session) == []
            row = host.rpc.lifecycle(session)
            assert (row["shim_pid"], row["runtime_pid"], row["start_time"]) == (None, None, None)
            assert row["log_availability"]["type"] == "headless"
            return int(eventually(pid_file.exists, "the runtime of the real shim runs") and pid_file.read_text())
        return host.rpc.refusal("spawn", requests[number])

    *refusals, runtime = at_once(len(kinds) + 1, spawn)
    assert isinstance(runtime, int), runtime
    assert [refusal.code for refusal in refusals] == ["launch_failed"] * len(kinds), refusals
    assert refusals[0].message == "timed out waiting for ShimReady"
    assert notes(host)[0]["payload"]["code"] == "session_not_found"
    assert host.rpc.status() == []
    assert host.rpc.cursor() == 0
    host.rpc.wait_for_watchers(shim_sockets=0, process_exit_watchers=0)

    def ended():
        shims = {kind: pid for kind, pid in notes(host, "pids") if processes.is_running(pid)}
        assert not shims, f"these shims still run: {shims}"
        assert not processes.is_running(runtime), "a runtime runs that nobody knows of"
        return True

    eventually(ended, "nothing is left of those starts")


def test_a_shim_that_cannot_be_started_fails_at_once(make_host):
    host = make_host()
    host.environment["RTM_SHIM_PATH"] = str(host.folder / "no-such-shim")
    host.start()
    request = host.spawn_request()
    assert host.rpc.refusal("spawn", request, timeout=5).code == "launch_failed"
    assert host.rpc.lifecycle(request["session_id"]) is None
    assert host.rpc.watchers()["shim_sockets"] == 0


@pytest.mark.parametrize("code", [126, 127])
def test_a_runtime_that_could_not_be_started_leaves_no_row(with_shim, code):
    host = with_shim(f"launch(); note(exited(code={code}))")
    request = host.spawn_request()
    assert host.rpc.refusal("spawn", request, timeout=5).code == "launch_failed"
    assert host.rpc.lifecycle(request["session_id"]) is None
    assert host.rpc.cursor() == 0
    assert host.rpc.watchers()["shim_sockets"] == 0


@pytest.mark.parametrize(
    "report, state", [("code=3", {"code": 3, "signal": None}), ("signal=9", {"code": None, "signal": 9})]
)
def test_an_exit_before_it_was_ready_is_an_exit(with_shim, report, state):
    host = with_shim(f"launch(); note(exited({report})); note(ready(os.getpid()))")
    request = host.spawn_request()
    assert host.rpc.refusal("spawn", request, timeout=5).code == "launch_failed"
    session = request["session_id"]
    assert host.rpc.wait_for_end(session)["state"] == {"exited": state}
    (event,) = host.rpc.events_of(session)
    assert event == {
        "type": "terminated",
        "payload": {
            "session_id": session,
            "exit_code": state["code"],
            "signal": state["signal"],
            "evidence": "shim_exit",
        },
    }
    # The ready that comes after it is refused, and changes nothing.
    answers = eventually(lambda: len(notes(host)) == 2 and notes(host), "the shim has said both")
    assert answers[0] == {"type": "ack"}
    assert answers[1]["payload"]["code"] == "runtime_unavailable"
    assert host.rpc.lifecycle(session)["state"] == {"exited": state}
    assert len(host.rpc.events_of(session)) == 1


def test_reports_after_the_end_change_nothing(with_shim, sleeper):
    host = with_shim(
        f"""
        launch()
        note(ready({sleeper.pid}))
        note(exited(code=0))
        note(exited(code=7))
        note(exited(signal=9))
        note(ready({sleeper.pid}))
        """
    )
    session = host.start_runtime()
    answers = eventually(lambda: len(notes(host)) == 5 and notes(host), "the shim has said everything")
    assert answers[:4] == [{"type": "ack"}] * 4
    assert answers[4]["payload"]["code"] == "runtime_unavailable"
    assert host.rpc.lifecycle(session)["state"] == {"exited": {"code": 0, "signal": None}}
    assert [event["type"] for event in host.rpc.events_of(session)] == ["running", "terminated"]
    host.rpc.wait_for_watchers(process_exit_watchers=0)
    assert sleeper.poll() is None, "nobody has signalled the process"


def test_a_shim_that_says_it_is_ready_twice(with_shim, sleeper):
    host = with_shim(f"launch(); note(ready({sleeper.pid})); note(ready({sleeper.pid})); time.sleep(1000)")
    session = host.start_runtime()
    eventually(lambda: len(notes(host)) == 2, "the shim has said it twice")
    assert [event["type"] for event in host.rpc.events_of(session)] == ["running"]
    assert host.rpc.watchers()["process_exit_watchers"] == 1


def test_a_ready_without_a_launch_is_a_ready(with_shim, sleeper):
    """The reference's own fixtures skip what they do not need."""
    host = with_shim(f"ready({sleeper.pid}); time.sleep(1000)")
    assert host.spawn()["lifecycle"]["runtime_pid"] == sleeper.pid


def test_strangers_cannot_report_for_sessions_that_do_not_exist(host):
    session = new_id()
    report = {"session_id": session, "shim_pid": 2**31 - 2, "runtime_pid": 2**31 - 2}
    ready = report | {"start_time": "2026-03-02T08:15:30Z"}
    assert host.rpc.refusal("shim_ready", ready).code == "session_not_found"
    exit = {"session_id": session, "exit": {"code": 0, "signal": None}}
    refusal = host.rpc.refusal("shim_exit", exit)
    assert (refusal.code, refusal.message) == ("session_not_found", f"session {session} not found")
    assert host.rpc.refusal("shim_launch", {"session_id": session}).code == "protocol_mismatch"


def test_a_process_that_was_gone_when_it_was_reported(with_shim):
    """The watcher finds nobody: whether the shim lives decides (§4.2)."""
    host = with_shim(
        """
        runtime = subprocess.Popen(["true"])
        runtime.wait()
        launch()
        ready(runtime.pid)
        time.sleep(1000)
        """
    )
    session = host.start_runtime()
    end = host.rpc.wait_for_end(session)
    assert end["state"] in ({"exited": {"code": None, "signal": None}}, {"lost": "pid_not_alive"}), end
    assert [event["type"] for event in host.rpc.events_of(session)][0] == "running"
    host.rpc.wait_for_watchers(process_exit_watchers=0)


def test_a_shim_that_reports_an_exit_that_is_none(with_shim, sleeper):
    """The report of a parent counts, though the process lives."""
    host = with_shim(f"launch(); ready({sleeper.pid}); note(exited(code=5))")
    session = host.start_runtime()
    assert host.rpc.wait_for_end(session)["state"] == {"exited": {"code": 5, "signal": None}}
    host.rpc.kill(session, "kill", 0)
    assert sleeper.poll() is None, "a session that has ended is not signalled"


def test_a_ready_that_nobody_waits_for_any_more(make_host):
    """The daemon was killed in between: the row is found again, and ready still counts (§4.1, D-14)."""
    host = make_host()
    host.use_shim(
        """
        note(os.getpid(), "started")
        launch()
        while not os.path.exists(os.path.join(os.path.dirname(sys.argv[0]), "go")):
            time.sleep(0.01)
        note(ready(os.getpid()))
        time.sleep(1000)
        """
    )
    host.tmux.new_session("work")
    host.start()
    requests = [host.spawn_request(), host.spawn_request(address="work:0.0")]
    peers = []
    for request in requests:
        peer = host.rpc.connect()
        peer.send(request_line("spawn", payload_of("spawn", request)))
        peers.append(peer)
    eventually(lambda: len(notes(host, "started")) == 2, "both shims have started")
    for request in requests:
        host.rpc.wait_for_state(request["session_id"], "forking")
    host.kill()
    for peer in peers:
        peer.close()
    host.start()
    for request in requests:
        assert host.rpc.lifecycle(request["session_id"])["state"] == "forking"
    (host.bin / "go").touch()
    for request, address in zip(requests, (None, "work:0.0"), strict=True):
        row = host.rpc.wait_for_state(request["session_id"], "running")
        assert row["tmux_pane"] == address
        assert [event["type"] for event in host.rpc.events_of(request["session_id"])] == ["running"]
    assert notes(host) == [{"type": "ack"}] * 2
    for pid in notes(host, "started"):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(processes.is_running(pid) for pid in notes(host, "started")), "both are gone")
    for request in requests:
        host.rpc.wait_for_state(request["session_id"], "lost")
