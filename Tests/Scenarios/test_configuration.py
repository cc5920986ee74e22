"""The configuration: its file, the routes that change it, and `drover config`, with a daemon and without one."""

import json
import os
import signal
import stat
import subprocess
import time

import pytest

from harness.tty import Terminal

SECRETS = "***REDACTED***"


@pytest.fixture
def cold(make_daemon):
    """A home whose daemon is not running."""
    return make_daemon(OPENAI_API_KEY="sk-env")


def ok(answer: subprocess.CompletedProcess) -> str:
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.decode()


def config(home) -> dict:
    return json.loads((home / "config.json").read_text())


def contents(home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.glob("config.json*")}


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# With a daemon


def test_a_fresh_home_has_a_configuration_that_only_its_owner_reads(daemon):
    state = daemon.get("/api/config").json()
    assert state["config_path"] == str(daemon.home / "config.json")
    assert state["disk_parse_error"] is None
    assert state["raw"] == (daemon.home / "config.json").read_text()
    assert state["running"] == state["disk"]
    assert [backup["exists"] for backup in state["backups"]] == [False, False]
    assert mode(daemon.home / "config.json") == 0o600
    assert mode(daemon.home / ".env.example") == 0o600


def test_one_word_makes_a_chat_work_and_the_next_start_remembers_it(make_daemon):
    daemon = make_daemon().start()
    assert "event: error" in daemon.post("/api/chat", {"message": "hi"}).text
    text = ok(daemon.cli("config", "set", "llm.provider", "mock"))
    assert text == 'llm.provider: not set → "mock"\n'
    assert "event: done" in daemon.post("/api/chat", {"message": "hi"}).text
    daemon.restart()
    assert ok(daemon.cli("config", "get", "llm.provider")) == "mock\n"
    assert "event: done" in daemon.post("/api/chat", {"message": "hi"}).text


def test_changes_backups_a_broken_file_and_its_repair(make_daemon):
    daemon = make_daemon(OPENAI_API_KEY="sk-env").start()
    for model in ("one", "two", "three"):
        ok(daemon.cli("config", "set", "llm.model", model))
    assert config(daemon.home)["llm"]["model"] == "three"
    assert '"two"' in (daemon.home / "config.json.bak1").read_text()
    assert '"one"' in (daemon.home / "config.json.bak2").read_text()
    assert mode(daemon.home / "config.json.bak1") == mode(daemon.home / "config.json.bak2") == 0o600

    (daemon.home / "config.json").write_text("{ broken")
    state = daemon.get("/api/config").json()
    assert str(daemon.home / "config.json") in state["disk_parse_error"]
    assert state["disk"] == state["running"]
    assert state["disk_raw"] == "{ broken"
    refused = daemon.cli("config", "set", "llm.model", "four")
    assert refused.returncode == 1
    assert b"drover config reset" in refused.stderr
    assert daemon.cli("config", "reset").returncode == 1
    ok(daemon.cli("config", "reset", "--yes"))
    assert daemon.get("/api/config").json()["disk_parse_error"] is None
    assert config(daemon.home)["llm"]["model"] == "three"
    assert (daemon.home / "config.json.bak1").read_text() == "{ broken"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("set", "llm.provider", "nope"), "llm.provider"),
        (("set", "llm.temperature", "2.5"), "llm.temperature"),
        (("set", "llm.provider", "gemini"), "secrets.gemini_api_key"),
        (("set", "workspace", "/etc/hostname/below"), "workspace"),
        (("set", "server.host", "nowhere"), "server.host"),
    ],
    ids=["provider", "temperature", "key", "workspace", "host"],
)
def test_what_makes_no_sense_changes_nothing(make_daemon, words, reason):
    daemon = make_daemon(OPENAI_API_KEY="sk-env").start()
    ok(daemon.cli("config", "set", "llm.model", "m"))
    before = contents(daemon.home)
    answer = daemon.cli("config", *words)
    assert answer.returncode == 1
    assert reason in answer.stderr.decode()
    assert contents(daemon.home) == before
    assert daemon.get("/api/config").json()["running"]["llm"]["model"] == "m"


def test_sections_of_others_survive_both_kinds_of_apply(cold):
    (cold.home / "config.json").write_text(
        json.dumps({"launchers": {"x": "/bin/true"}, "llm": {"provider": "mock", "own": [1]}})
    )
    daemon = cold.start()
    ok(daemon.cli("config", "set", "llm.model", "m"))
    answer = daemon.post("/api/config/apply", {"config": {"llm": {"provider": "mock", "model": "n"}}})
    assert answer.status_code == 200, answer.text
    assert config(daemon.home)["launchers"] == {"x": "/bin/true"}
    assert config(daemon.home)["llm"]["own"] == [1]
    assert config(daemon.home)["llm"]["model"] == "n"


def test_what_needs_a_restart_is_named_and_taken_over_by_one(cold):
    daemon = cold.start()
    answer = daemon.cli(
        "config", "set", "logging.level", "debug", "llm.model", "m", "server.allowed_hosts", "a.example"
    )
    ok(answer)
    assert b"logging.level" in answer.stderr
    assert b"llm.model" not in answer.stderr
    state = daemon.get("/api/config").json()
    assert sorted(state["pending_restart"]) == ["logging.level", "server.allowed_hosts"]
    daemon.restart()
    assert daemon.get("/api/config").json()["pending_restart"] == []
    assert ok(daemon.cli("config", "get", "logging.level")) == "debug\n"


def test_with_a_token_secrets_are_masked_and_stay_what_they_are(make_daemon):
    daemon = make_daemon(CHAT_RUNTIME_TOKEN="t0ken", DROVER_TOKEN="t0ken").start()
    ok(daemon.cli("config", "set", "secrets.openai_api_key", "-", input=b"sk-secret\n"))
    assert config(daemon.home)["secrets"]["openai_api_key"] == "sk-secret"
    bearer = {"Authorization": "Bearer t0ken"}
    state = daemon.get("/api/config", headers=bearer)
    assert state.status_code == 200
    assert "sk-secret" not in state.text
    assert state.json()["running"]["secrets"]["openai_api_key"] == SECRETS
    shown = ok(daemon.cli("config", "get", "--json", "--show-secrets"))
    assert "sk-secret" not in shown
    ok(daemon.cli("config", "apply", "-", input=shown.encode()))
    ok(daemon.cli("config", "set", "llm.model", "m"))
    assert config(daemon.home)["secrets"]["openai_api_key"] == "sk-secret"
    assert config(daemon.home)["llm"]["model"] == "m"


def test_somebody_edits_it_at_a_terminal(cold):
    daemon = cold.start()
    editor = daemon.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/"model": null/"model": "edited"/\' "$1"\n')
    editor.chmod(0o755)
    terminal = Terminal(
        [str(daemon.binary), "config", "edit"], {**daemon.environment, "EDITOR": str(editor)}, folder=daemon.folder
    )
    try:
        terminal.wait_for(b"edited")
        terminal.wait_for(b"[y/N]")
        terminal.type("y\r")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    assert ok(daemon.cli("config", "get", "llm.model")) == "edited\n"


# Without one


def test_without_a_daemon_the_file_is_changed_and_the_next_daemon_takes_it(cold):
    answer = cold.cli("config", "set", "llm.provider", "mock", "llm.max_iterations", "3")
    ok(answer)
    assert b"No daemon runs" in answer.stderr
    assert mode(cold.home / "config.json") == 0o600
    daemon = cold.start()
    assert daemon.get("/api/config").json()["running"]["llm"]["max_iterations"] == 3
    assert "event: done" in daemon.post("/api/chat", {"message": "hi"}).text


def test_a_daemon_starts_with_a_broken_file_and_is_repaired(cold):
    (cold.home / "config.json").write_text('{"llm": {"provider": "mock"},}')
    daemon = cold.start()
    state = daemon.get("/api/config").json()
    assert "line 1, column 30" in state["disk_parse_error"]
    assert daemon.get("/api/health").status_code == 200
    ok(daemon.cli("config", "apply", "-", input=b'{"llm": {"provider": "mock"}}'))
    assert "event: done" in daemon.post("/api/chat", {"message": "hi"}).text


def test_many_programs_change_it_at_once_and_none_breaks_it(cold):
    ok(cold.cli("config", "set", "llm.model", "start"))
    running = [
        subprocess.Popen(
            [str(cold.binary), "config", "set", "llm.model", f"m{number}"],
            env=cold.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number in range(12)
    ]
    complaints = [program.communicate(timeout=30)[1] for program in running]
    # Who read it before another wrote it is told so.
    for program, complaint in zip(running, complaints, strict=True):
        assert program.returncode == 0 or b"has changed since" in complaint, complaint
    assert any(program.returncode == 0 for program in running)
    assert config(cold.home)["llm"]["model"].startswith("m")
    for name, text in contents(cold.home).items():
        assert json.loads(text), name
    assert sorted(contents(cold.home)) == ["config.json", "config.json.bak1", "config.json.bak2"]


def test_a_program_killed_in_the_middle_leaves_a_whole_file(cold):
    ok(cold.cli("config", "set", "llm.model", "start"))
    for number in range(40):
        program = subprocess.Popen(
            [str(cold.binary), "config", "set", "llm.model", f"m{number}"],
            env=cold.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Not a wait for something: the moment of the kill moves through the life of the program.
        time.sleep(number * 0.0004)
        program.send_signal(signal.SIGKILL)
        program.wait(timeout=10)
        assert config(cold.home)["llm"]["model"]
    ok(cold.cli("config", "set", "llm.model", "end"))
    assert config(cold.home)["llm"]["model"] == "end"
    assert not [name for name in os.listdir(cold.home) if name.endswith(".new")]
