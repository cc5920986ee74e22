"""Which targets there are, by the table of §3.2, asked with `validate_target` next to a real tmux."""

import pytest

from harness.rpc import new_id
from harness.tmux import Tmux

VALID = {"kind": "valid"}


def dead(address: str) -> dict:
    return {"kind": "tmux_pane_dead", "address": address}


def unsupported(text: str) -> dict:
    return {"kind": "unsupported_target", "target": text}


def invalid(text: str) -> dict:
    return {
        "kind": "invalid_target",
        "message": f"invalid spawn target {text}; expected headless or tmux:<session>:<window>.<pane>",
    }


ALIVE = [
    "headless",
    "tmux:work:0.0",
    "tmux:a:0.1",
    "tmux:a:+0.01",
    "tmux:a:00.+1",
    "tmux:two words:0.0",
    "tmux:per%cent \\$HOME:0.0",  # tmux itself puts the backslash there
    "tmux:=equals:0.0",
    "tmux:dots_and_colons:0.0",
    "tmux:größe:0.0",
]
GONE = {
    "tmux:a:0.2": "a:0.2",
    "tmux:a:1.0": "a:1.0",
    "tmux:a:+7.03": "a:7.3",
    "tmux:nobody:0.0": "nobody:0.0",
    "tmux:wor:0.0": "wor:0.0",  # tmux itself would take the beginning of a name
    "tmux:=work:0.0": "=work:0.0",
    "tmux:*:0.0": "*:0.0",
    "tmux:$0:0.0": "$0:0.0",
    "tmux:dots.and:colons:0.0": "dots.and:colons:0.0",  # tmux has replaced both in the name
    "tmux:WORK:0.0": "WORK:0.0",
    "tmux:work:4294967295.4294967295": "work:4294967295.4294967295",
    "tmux:#{session_name}:0.0": "#{session_name}:0.0",
    "tmux:a;b:0.0": "a;b:0.0",
    "tmux:-t:0.0": "-t:0.0",
}
UNSUPPORTED = ["ssh:x", "test:0.1", "headless:", "TMUX:a:0.1", "screen:main", " tmux:a:0.1", "Headless:x"]
INVALID = [
    "",
    "foo",
    "Headless",
    "headless ",
    ":x",
    ":",
    "tmux",
    "tmux:",
    "tmux:a",
    "tmux:a:0",
    "tmux:a:0.",
    "tmux:a:.1",
    "tmux::0.1",
    "tmux:a:0.1.2",
    "tmux:a:-1.0",
    "tmux:a:0.1 ",
    "tmux:a: 0.1",
    "tmux:a:0x1.0",
    "tmux:a:0.4294967296",
    "tmux:a:99999999999999999999.0",
    "tmux:a:++1.0",
    "tmux:a:٣.0",
]
TABLE = (
    [(text, VALID) for text in ALIVE]
    + [(text, dead(address)) for text, address in GONE.items()]
    + [(text, unsupported(text)) for text in UNSUPPORTED]
    + [(text, invalid(text)) for text in INVALID]
)


@pytest.fixture(scope="module")
def panes(shared_host_process) -> Tmux:
    tmux = shared_host_process.tmux
    tmux.split(tmux.new_session("a"))
    for name in ("two words", "per%cent $HOME", "=equals", "dots.and:colons", "größe"):
        tmux.new_session(name)
    return tmux


@pytest.mark.parametrize("text, outcome", TABLE, ids=[text or "empty" for text, _ in TABLE])
def test_a_target_is_what_the_table_says(shared_host, panes, text, outcome):
    assert shared_host.rpc.validate(text) == outcome


def test_looking_at_targets_changes_nothing(shared_host, panes):
    before = panes.panes()
    for text, _ in TABLE:
        shared_host.rpc.validate(text)
    assert panes.panes() == before
    assert shared_host.rpc.status() == []
    assert shared_host.rpc.cursor() == 0
    assert shared_host.rpc.watchers() == {"process_exit_watchers": 0, "shim_sockets": 0, "event_waiters": 0}


def test_a_pane_kept_after_its_program_has_ended_is_dead(make_host):
    host = make_host()
    host.tmux.new_session("work")
    host.tmux.keep_dead_panes()
    pane = host.tmux.split("work", "true")
    host.tmux.wait_until_dead(pane)
    host.start()
    assert host.rpc.validate("tmux:work:0.1") == dead("work:0.1")
    assert host.rpc.validate("tmux:work:0.0") == VALID


def test_panes_come_and_go(tmux_host):
    rpc, tmux = tmux_host.rpc, tmux_host.tmux
    assert rpc.validate("tmux:work:0.1") == dead("work:0.1")
    pane = tmux.split("work")
    assert rpc.validate("tmux:work:0.1") == VALID
    tmux.run("kill-pane", "-t", pane)
    assert rpc.validate("tmux:work:0.1") == dead("work:0.1")


def test_a_session_may_be_named_anew(tmux_host):
    assert tmux_host.rpc.validate("tmux:work:0.0") == VALID
    tmux_host.tmux.run("rename-session", "-t", "work", "play")
    assert tmux_host.rpc.validate("tmux:work:0.0") == dead("work:0.0")
    assert tmux_host.rpc.validate("tmux:play:0.0") == VALID


def test_a_tmux_server_may_come_late_die_and_come_back(make_host):
    host = make_host().start()
    assert host.rpc.validate("tmux:work:0.0") == dead("work:0.0")
    assert not host.tmux.panes(), "asking starts no server"
    for _ in range(3):
        host.tmux.new_session("work")
        assert host.rpc.validate("tmux:work:0.0") == VALID
        host.tmux.kill()
        assert host.rpc.validate("tmux:work:0.0") == dead("work:0.0")


def test_without_tmux_no_pane_is_alive(make_host):
    host = make_host()
    host.environment["PATH"] = str(host.bin)
    host.start()
    assert host.rpc.validate("tmux:work:0.0") == dead("work:0.0")
    assert host.rpc.validate("headless") == VALID
    refusal = host.refusal(address="work:0.0", env={"PATH": "/usr/bin:/bin"})
    assert refusal.code == "tmux_pane_dead"
    assert "work:0.0" in refusal.message
    assert host.rpc.lifecycle(new_id()) is None
