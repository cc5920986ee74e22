"""Pictures of panes (§6): what they show, their numbers, and each of the answers when there is none."""

import re
import time

import pytest

from harness.rpc import new_id, request_line
from harness.waiting import eventually


def failed(kind: str) -> dict:
    return {"status": "failed", "payload": {"type": kind}}


def captured(host, session: str, **more) -> dict:
    answer = host.rpc.capture(session, **more)
    assert answer["status"] == "captured", answer
    snapshot = answer["payload"]
    assert snapshot["scrollback_lines_included"] == snapshot["content"].count("\n")
    return snapshot


@pytest.fixture
def printed(tmux_host):
    """A runtime that has written five hundred lines into a pane of 24."""
    session = tmux_host.start_runtime("for n in {1..500}; do echo line $n; done; printf end; rest", address="work:0.0")
    tmux_host.tmux.wait_for_text("work:0.0", "end")
    return tmux_host, session


def history(host) -> int:
    return int(host.tmux.ask("work:0.0", "#{history_size}"))


def test_a_picture_has_history_and_screen(printed):
    host, session = printed
    before = int(time.time() * 1000)
    snapshot = captured(host, session)
    after = int(time.time() * 1000)

    assert before <= snapshot["captured_at_ms"] <= after
    assert snapshot["scrollback_lines_requested"] == 1000
    assert snapshot["pane_history_lines"] == history(host) > 400
    lines = snapshot["content"].splitlines()
    assert lines[:501] == [f"line {number}" for number in range(1, 501)] + ["end"]
    rows = int(host.tmux.ask("work:0.0", "#{pane_height}"))
    assert snapshot["scrollback_lines_included"] == snapshot["pane_history_lines"] + rows


@pytest.mark.parametrize("lines", [0, 1, 10, 477, 100_000, 1_000_000, 2**31, 2**32 - 1])
def test_a_picture_has_as_much_history_as_is_asked_for(printed, lines):
    host, session = printed
    snapshot = captured(host, session, scrollback_lines=lines)
    rows = int(host.tmux.ask("work:0.0", "#{pane_height}"))
    assert snapshot["scrollback_lines_requested"] == lines
    assert snapshot["pane_history_lines"] == history(host)
    assert snapshot["scrollback_lines_included"] == min(lines, history(host)) + rows
    assert snapshot["content"].splitlines()[-rows:][-1] == "end"


def test_empty_rows_below_belong_to_the_picture(tmux_host):
    session = tmux_host.start_runtime("echo top; rest", address="work:0.0")
    tmux_host.tmux.wait_for_text("work:0.0", "top")
    snapshot = captured(tmux_host, session)
    rows = int(tmux_host.tmux.ask("work:0.0", "#{pane_height}"))
    assert snapshot["content"] == "top\n" + "\n" * (rows - 1)
    assert snapshot["scrollback_lines_included"] == rows
    assert snapshot["pane_history_lines"] == 0


def test_colours_are_kept(tmux_host):
    session = tmux_host.start_runtime(r"printf '\e[1;31mred\e[0m plain größe ✓\n'; rest", address="work:0.0")
    tmux_host.tmux.wait_for_text("work:0.0", "plain")
    content = captured(tmux_host, session)["content"]
    assert re.match("\x1b\\[1m\x1b\\[31mred(\x1b\\[(0|39|49)m)+ plain größe ✓\n", content), content


def test_long_lines_are_shown_as_the_pane_shows_them(tmux_host):
    columns = int(tmux_host.tmux.ask("work:0.0", "#{pane_width}"))
    session = tmux_host.start_runtime("printf 'x%.0s' {1..200}; echo; echo end; rest", address="work:0.0")
    tmux_host.tmux.wait_for_text("work:0.0", "end")
    assert captured(tmux_host, session)["content"].splitlines()[0] == "x" * columns


def test_what_was_dropped_before_cannot_be_seen(make_host):
    host = make_host()
    host.tmux.new_session("first")
    host.tmux.run("set-option", "-g", "history-limit", "50")
    host.tmux.new_session("work")
    host.start()
    session = host.start_runtime("for n in {1..300}; do echo line $n; done; printf end; rest", address="work:0.0")
    host.tmux.wait_for_text("work:0.0", "end")
    snapshot = captured(host, session)
    assert snapshot["pane_history_lines"] == history(host) <= 50
    assert "line 1\n" not in snapshot["content"]


def test_the_id_may_have_its_later_name(printed):
    host, session = printed
    for data in ({"session_id": session}, {"session_id": session, "target_id": session.upper()}):
        answer = host.rpc.ask("capture", data)
        assert answer["status"] == "captured"
    both = {"session_id": session, "target_id": new_id()}
    assert host.rpc.refusal("capture", both).code == "protocol_mismatch"


# When there is no picture. All of these are answers, and none an error.


def test_a_session_nobody_knows_is_missing(shared_host):
    assert shared_host.rpc.capture(new_id()) == failed("session_missing")


def test_a_runtime_without_a_pane_has_no_picture(host):
    session = host.start_runtime()
    assert host.rpc.capture(session) == failed("not_a_tmux_target")
    host.rpc.kill(session)
    assert host.rpc.capture(session) == failed("not_a_tmux_target")


def test_a_pane_that_was_closed_has_no_picture(tmux_host):
    tmux_host.tmux.new_session("other")
    session = tmux_host.start_runtime(address="work:0.0")
    tmux_host.tmux.run("kill-pane", "-t", "work:0.0")
    assert tmux_host.rpc.capture(session) == failed("pane_unavailable")


def test_a_pane_kept_after_its_program_has_no_picture(tmux_host):
    tmux_host.tmux.keep_dead_panes()
    session = tmux_host.start_runtime("exit 0", address="work:0.0")
    tmux_host.tmux.wait_until_dead("work:0.0")
    assert tmux_host.rpc.capture(session) == failed("pane_unavailable")


def test_without_a_server_there_is_no_picture(tmux_host):
    session = tmux_host.start_runtime(address="work:0.0")
    tmux_host.tmux.kill()
    assert tmux_host.rpc.capture(session) == failed("pane_unavailable")


def test_without_tmux_there_is_no_picture(tmux_host):
    host = tmux_host
    session = host.start_runtime(address="work:0.0")
    assert host.stop() == 0
    host.environment["PATH"] = str(host.bin)
    host.start()
    assert host.rpc.capture(session)["payload"]["type"] in ("pane_unavailable", "tmux_not_available")
    assert host.rpc.lifecycle(session)["state"] == "running"


def test_the_pane_of_a_session_that_has_ended_can_be_seen_as_long_as_it_lives(tmux_host):
    host = tmux_host
    host.tmux.keep_dead_panes()
    session = host.start_runtime(address="work:0.0")
    pane = host.tmux.ask("work:0.0", "#{pane_id}")
    host.rpc.kill(session)
    host.rpc.wait_for_end(session)
    host.tmux.run("respawn-pane", "-k", "-t", pane, "echo alive; exec cat")
    host.tmux.wait_for_text(pane, "alive")
    assert "alive" in captured(host, session)["content"]
    assert host.rpc.lifecycle(session)["log_availability"] == {"type": "tmux_pane_snapshot"}


def test_it_is_the_same_pane_when_panes_are_numbered_anew(make_host):
    host = make_host()
    host.tmux.new_session("work", width=200, height=60)
    for _ in range(2):
        host.tmux.split("work:0.0")
    host.start()
    for number in (1, 2):
        session = host.start_runtime(f"echo number-{number}; rest", address=f"work:0.{number}")
        host.tmux.wait_for_text(f"work:0.{number}", f"number-{number}")
        if number == 1:
            first = session
    host.tmux.run("kill-pane", "-t", "work:0.0")
    answer = host.rpc.capture(first)
    assert answer == failed("pane_unavailable") or "number-1" in answer["payload"]["content"]


def test_pictures_of_many_at_once(make_host):
    host = make_host()
    host.tmux.new_session("work", width=200, height=60)
    for _ in range(5):
        host.tmux.split("work:0.0")
        host.tmux.run("select-layout", "-t", "work:0", "tiled")
    host.start()
    sessions = [host.start_runtime(f"echo number-{number}.; rest", address=f"work:0.{number}") for number in range(6)]
    for number in range(6):
        host.tmux.wait_for_text(f"work:0.{number}", f"number-{number}.")
    peers = []
    for number in range(48):
        peer = host.rpc.connect()
        peer.send(request_line("capture", {"request": {"target_id": sessions[number % 6]}}))
        peers.append(peer)
    for number, peer in enumerate(peers):
        assert f"number-{number % 6}." in peer.answer()["payload"]["response"]["payload"]["content"]
        peer.close()
    eventually(lambda: host.rpc.version(), "the daemon is well")
