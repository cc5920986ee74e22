"""Starting runtimes in panes of tmux (§3.3): what runs there before, what is refused, and what comes after."""

import os
import random
import threading

import pytest

from harness import processes
from harness.rpc import at_once, new_id, payload_of, request_line
from harness.runtimes import wait_until_it_rests
from harness.waiting import eventually


def test_a_runtime_starts_in_its_pane(tmux_host):
    pane = tmux_host.tmux.ask("work:0.0", "#{pane_id}")
    spawned = tmux_host.spawn("echo here I am; rest", address="work:0.0")
    lifecycle = spawned["lifecycle"]

    assert lifecycle["tmux_pane"] == "work:0.0"
    assert lifecycle["log_availability"] == {"type": "tmux_pane_snapshot"}
    assert (spawned["log_dir"], spawned["stdout_path"], spawned["stderr_path"]) == (None, None, None)
    tmux_host.tmux.wait_for_text("work:0.0", "here I am")
    assert tmux_host.tmux.ask("work:0.0", "#{pane_id} #{pane_pid}") == f"{pane} {lifecycle['shim_pid']}"
    assert processes.status(lifecycle["runtime_pid"])["PPid"] == str(lifecycle["shim_pid"])
    assert tmux_host.rpc.status() == [lifecycle]


def test_its_terminal_is_the_panes(tmux_host):
    lifecycle = tmux_host.spawn("tty; echo $TERM-$TMUX-; rest", address="work:0.0", env={"TERM": "mine"})["lifecycle"]
    tty = tmux_host.tmux.ask("work:0.0", "#{pane_tty}")
    tmux_host.tmux.wait_for_text("work:0.0", f"{tty}\nmine--")
    wait_until_it_rests(lifecycle["runtime_pid"])
    folder = f"/proc/{lifecycle['runtime_pid']}/fd"
    assert {name: os.readlink(f"{folder}/{name}") for name in os.listdir(folder)} == dict.fromkeys("012", tty)


def test_what_ran_in_the_pane_is_ended(make_host):
    host = make_host()
    host.tmux.new_session("work", "sleep", "1000")
    before = int(host.tmux.ask("work:0.0", "#{pane_pid}"))
    host.start()
    host.spawn(address="work:0.0")
    eventually(lambda: not processes.is_running(before), "what ran there has ended")


def test_the_address_is_written_in_one_form(tmux_host):
    assert tmux_host.spawn(address="work:+0.00")["lifecycle"]["tmux_pane"] == "work:0.0"


@pytest.mark.parametrize("name", ["two words", "=equals", "%0", "@1", "$1", "größe", "a'b\"c", "x;y", "-flag", "##S"])
def test_a_session_may_have_an_odd_name(make_host, name):
    host = make_host()
    host.tmux.new_session("other")
    pane = host.tmux.new_session(name)
    host.start()
    address = host.tmux.address(pane)
    spawned = host.spawn("echo in the right place; rest", address=address)
    assert spawned["lifecycle"]["tmux_pane"] == address
    host.tmux.wait_for_text(pane, "in the right place")
    assert "right" not in host.tmux.screen("=other:0.0")


def test_a_name_is_not_taken_for_the_beginning_of_another(make_host):
    host = make_host()
    host.tmux.new_session("abc")
    host.start()
    refusal = host.refusal(address="ab:0.0")
    assert (refusal.code, refusal.message) == ("tmux_pane_dead", "tmux address ab:0.0 is not alive")
    assert host.tmux.ask("=abc:0.0", "#{pane_current_command}") == "cat"


def test_a_dead_pane_is_not_used(make_host):
    host = make_host()
    host.tmux.new_session("work")
    host.tmux.keep_dead_panes()
    pane = host.tmux.split("work", "true")
    host.tmux.wait_until_dead(pane)
    host.start()
    assert host.refusal(address="work:0.1").code == "tmux_pane_dead"
    assert host.rpc.status() == []


def test_a_pane_where_a_runtime_lives_is_not_taken_from_it(tmux_host):
    host = tmux_host
    first = host.spawn(address="work:0.0")["lifecycle"]
    refusal = host.refusal(address="work:0.0", runtime="codex")
    assert refusal.code == "invalid_target"
    assert first["session_id"] in refusal.message
    assert processes.is_running(first["runtime_pid"])
    assert host.rpc.status() == [first]


def test_a_pane_is_free_again_when_its_runtime_has_ended(tmux_host):
    host = tmux_host
    host.tmux.keep_dead_panes()
    first = host.start_runtime(address="work:0.0")
    host.rpc.kill(first)
    host.rpc.wait_for_end(first)
    # Somebody goes on working in the pane.
    host.tmux.run("respawn-pane", "-k", "-t", "work:0.0", "cat")
    host.spawn(address="work:0.0", runtime="codex")


HOPELESS = {
    "no such folder": {"cwd": "/no/such/folder"},
    "a folder with a zero byte": {"cwd": "/tmp/\0"},
    "a variable with a zero byte": {"env": [("A", "with\0zero")]},
    "an argument with a zero byte": {"x_args": ["with\0zero"]},
    "a runtime nobody registered": {"runtime": "gemini"},
    "no launcher": {"runtime": "codex"},
}


@pytest.mark.parametrize("wrong", HOPELESS.values(), ids=HOPELESS.keys())
def test_a_start_that_is_hopeless_costs_nobody_a_pane(tmux_host, wrong):
    (tmux_host.bin / "codex").unlink()
    before = tmux_host.tmux.panes()
    request = tmux_host.spawn_request(address="work:0.0", **wrong)
    assert tmux_host.rpc.answer("spawn", request)["type"] == "error"
    assert tmux_host.tmux.panes() == before, "what ran in the pane runs on"
    assert tmux_host.rpc.lifecycle(request["session_id"]) is None


def test_a_pane_can_be_taken_by_force(tmux_host):
    host = tmux_host
    first = host.spawn(address="work:0.0")["lifecycle"]
    second = host.spawn(address="work:0.0", runtime="codex", x_force=True)["lifecycle"]

    # Its terminal was taken from under it: it is told, and the true signal is reported.
    end = host.rpc.wait_for_end(first["session_id"])
    assert end["state"] == {"exited": {"code": None, "signal": 1}}
    assert host.rpc.lifecycle(second["session_id"])["state"] == "running"
    assert int(host.tmux.ask("work:0.0", "#{pane_pid}")) == second["shim_pid"]


def test_of_several_who_want_one_pane_at_once_one_gets_it(tmux_host):
    host = tmux_host
    for number in range(8):
        address = f"round{number}:0.0"
        host.tmux.new_session(f"round{number}")
        requests = [host.spawn_request(address=address) for _ in range(4)]
        answers = at_once(4, lambda turn, requests=requests: host.rpc.answer("spawn", requests[turn]))
        assert sorted(answer["type"] for answer in answers) == ["error", "error", "error", "spawned"]
        refusals = [answer["payload"] for answer in answers if answer["type"] == "error"]
        assert [refusal["code"] for refusal in refusals] == ["invalid_target"] * 3, refusals
        (row,) = host.rpc.status(session_ids=[request["session_id"] for request in requests])
        assert row["state"] == "running"
        assert int(host.tmux.ask(address, "#{pane_pid}")) == row["shim_pid"]


def test_runtimes_in_neighbouring_panes_do_not_meet(make_host):
    host = make_host()
    host.tmux.new_session("work", width=200, height=60)
    for _ in range(3):
        host.tmux.split("work:0.0")
        host.tmux.run("select-layout", "-t", "work:0", "tiled")
    host.start()
    addresses = [f"work:0.{number}" for number in range(4)]
    answers = at_once(4, lambda number: host.spawn(f"echo number-{number}; rest", address=addresses[number]))
    assert [answer["lifecycle"]["tmux_pane"] for answer in answers] == addresses
    for number, address in enumerate(addresses):
        host.tmux.wait_for_text(address, f"number-{number}")


@pytest.mark.parametrize(
    "do, state", [("exit 3", {"code": 3, "signal": None}), ("kill -9 $$", {"code": None, "signal": 9})]
)
def test_the_end_of_a_runtime_in_a_pane_is_known(tmux_host, do, state):
    session = tmux_host.start_runtime(do, address="work:0.0")
    end = tmux_host.rpc.wait_for_end(session)
    assert end["state"] == {"exited": state}
    assert end["tmux_pane"] == "work:0.0"


@pytest.mark.parametrize("what", ["kill-pane", "kill-window", "kill-session"])
def test_closing_the_pane_ends_the_runtime_with_the_signal_it_got(tmux_host, what):
    tmux_host.tmux.new_session("other")
    session = tmux_host.start_runtime(address="work:0.0")
    tmux_host.tmux.run(what, "-t", "work")
    end = tmux_host.rpc.wait_for_end(session)
    assert end["state"] == {"exited": {"code": None, "signal": 1}}
    assert end["log_availability"] == {"type": "unavailable", "payload": {"reason": "pane_unavailable"}}


def test_an_interrupt_typed_in_the_pane_reaches_the_runtime_alone(tmux_host):
    session = tmux_host.start_runtime(address="work:0.0")
    tmux_host.tmux.run("send-keys", "-t", "work:0.0", "C-c")
    assert tmux_host.rpc.wait_for_end(session)["state"] == {"exited": {"code": None, "signal": 2}}


def test_a_pane_that_forks_says_where_it_will_be(make_host):
    """Before it is ready a session in a pane does not claim to have log files (D-27)."""
    host = make_host()
    host.use_shim("launch(); time.sleep(1000)")
    host.tmux.new_session("work")
    host.start()
    request = host.spawn_request(address="work:0.0")
    with host.rpc.connect() as peer:
        peer.send(request_line("spawn", payload_of("spawn", request)))
        row = host.rpc.wait_for_state(request["session_id"], "forking")
        assert row["tmux_pane"] == "work:0.0"
        assert row["log_availability"]["type"] == "tmux_pane_snapshot"
        assert (row["shim_pid"], row["runtime_pid"], row["start_time"]) == (None, None, None)


def test_a_tmux_server_that_dies_in_the_middle_of_everything(make_host):
    """Questions, pictures, nudges and starts go on all the time; each is answered, and soon enough."""
    host = make_host()
    host.tmux.new_session("work")
    host.start()
    dice = random.Random(1)
    stopping = threading.Event()
    sessions: list[str] = []

    def ask(number: int) -> int:
        own, count = random.Random(number), 0
        while not stopping.is_set():
            session = own.choice(sessions) if sessions else new_id()
            kind = own.randrange(4)
            if kind == 0:
                host.rpc.validate("tmux:work:0.0")
            elif kind == 1:
                host.rpc.capture(session)
            elif kind == 2:
                host.rpc.answer("nudge", {"session_id": session, "content": "x" * own.randrange(10_000)})
            else:
                answer = host.rpc.answer("spawn", host.spawn_request(address="work:0.0", x_force=own.random() < 0.5))
                if answer["type"] == "spawned":
                    sessions.append(answer["payload"]["lifecycle"]["session_id"])
            count += 1
        return count

    def trouble() -> int:
        for _ in range(3):
            count = len(sessions)
            eventually(lambda count=count: len(sessions) > count, "something was started", within=30)
            stopping.wait(dice.uniform(0, 0.1))
            host.tmux.kill()
            stopping.wait(dice.uniform(0, 0.1))
            host.tmux.new_session("work")
        stopping.set()
        return 1

    results = at_once(4, lambda number: ask(number) if number else trouble())
    stopping.set()
    assert all(isinstance(result, int) and result > 0 for result in results), results
    assert host.program.is_running()
    # It is as good as new.
    last = host.start_runtime("echo good as new; rest", address="work:0.0", x_force=True)
    host.tmux.wait_for_text("work:0.0", "good as new")
    for session in sessions:
        host.rpc.wait_for_end(session)
    host.rpc.wait_for_watchers(process_exit_watchers=1, shim_sockets=0)
    assert [row["session_id"] for row in host.rpc.status(state="running")] == [last]
