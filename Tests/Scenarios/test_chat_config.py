"""The configuration over HTTP, while turns go on, and the daemon that starts itself anew (chat-runtime §4)."""

import contextlib
import hashlib
import json
import os
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.chat import Provider, check_order, names, openai_calls, openai_delta, openai_end
from harness.waiting import eventually


def ready_again(daemon) -> dict:
    """The daemon's next ready line."""
    daemon.ready = daemon.program.wait_until_ready()
    return daemon.ready


# What is shown


def test_the_state_of_a_new_home(make_chat_daemon):
    daemon = make_chat_daemon()
    daemon.config_path.unlink()
    daemon.start()
    state = daemon.get("/api/config").json()
    assert state["config_path"] == str(daemon.config_path) and state["config_format"] == "config.json"
    assert state["backup1_path"] == str(daemon.config_path) + ".bak1"
    assert state["disk_parse_error"] is None and state["disk_raw"] is None and state["pending_restart"] == []
    assert state["raw"] == daemon.config_path.read_text() and json.loads(state["raw"]) == state["disk"]
    assert [backup["exists"] for backup in state["backups"]] == [False, False]
    assert state["running"]["llm"]["model"] is None
    assert stat.S_IMODE(os.stat(daemon.config_path).st_mode) == 0o600


def test_secrets_are_shown_to_this_machine_and_not_through_a_proxy(make_chat_daemon):
    daemon = make_chat_daemon(config={"secrets": {"openai_api_key": "sk-shown"}}).start()
    assert daemon.get("/api/config").json()["running"]["secrets"]["openai_api_key"] == "sk-shown"
    for header in ("X-Forwarded-For", "Forwarded"):
        hidden = daemon.get("/api/config", headers={header: "for=10.0.0.1"})
        assert "sk-shown" not in hidden.text
        assert hidden.json()["running"]["secrets"]["openai_api_key"] == "***REDACTED***"


def test_the_mark_of_a_secret_means_the_one_there_is(provider: Provider, make_chat_daemon):
    config = provider.config()
    config["server"] = {"auth_token": "token"}
    daemon = make_chat_daemon(config=config).start()
    headers = {"Authorization": "Bearer token"}
    shown = daemon.get("/api/config", headers=headers).json()["running"]
    assert shown["secrets"]["openai_api_key"] == "***REDACTED***"
    shown["llm"]["model"] = "other"
    assert daemon.post("/api/config/apply", {"config": shown}, headers=headers).status_code == 200
    assert json.loads(daemon.config_path.read_text())["secrets"]["openai_api_key"] == "sk-of-the-test"
    stream = daemon.stream("hi", headers=headers)
    assert names(stream.wait())[-1] == "done"
    assert provider.asked[-1].headers["authorization"] == "Bearer sk-of-the-test"
    assert provider.asked[-1].body["model"] == "other"


# What is changed


def test_an_apply_holds_for_the_next_turn_and_not_for_the_one_under_way(provider: Provider, make_chat_daemon):
    function = {"name": "ls", "arguments": "{}"}

    def answer(answering):
        if len(provider.asked) == 1:
            provider.hold()
            call = openai_calls({"index": 0, "id": "c", "type": "function", "function": function})
            return answering.send(call + openai_end("tool_calls"))
        answering.send(openai_delta("x") + openai_end())

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config(model="old")).start()
    first = daemon.stream("one", "s")
    provider.wait_for_requests(1)
    assert daemon.apply(provider.config(model="new")).status_code == 200
    second = daemon.stream("two", "other")
    assert names(second.wait())[-1] == "done"
    provider.released.set()
    assert names(first.wait()) == ["session", "tool_call", "delta", "done"]
    assert [asked.body["model"] for asked in provider.asked] == ["old", "new", "old"]
    assert names(daemon.chat("three", "s"))[-1] == "done"
    assert provider.asked[-1].body["model"] == "new"


def test_a_turn_that_waited_goes_by_what_holds_when_it_begins(provider: Provider, make_chat_daemon):
    def answer(answering):
        provider.hold()
        answering.send(openai_delta("x") + openai_end())

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config(model="old")).start()
    first, second = daemon.stream("one", "s"), None
    provider.wait_for_requests(1)
    second = daemon.stream("two", "s")
    second.wait_for("session")
    assert daemon.apply(provider.config(model="new")).status_code == 200
    provider.released.set()
    first.wait(), second.wait()
    assert [asked.body["model"] for asked in provider.asked] == ["old", "new"]


def test_another_workspace_is_made_and_used(chat_daemon):
    place = chat_daemon.folder / "elsewhere"
    assert chat_daemon.apply({"llm": {"provider": "mock"}, "workspace": str(place)}).status_code == 200
    assert (place / "MEMORY.md").exists() and (place / "personality/SOUL.md").exists()
    (place / "only-here").write_text("x")
    calls = [event.json for event in chat_daemon.chat("use_tool: ls") if event.name == "tool_call"]
    assert "only-here" in calls[0]["output"]


def test_sessions_outlive_an_apply(chat_daemon):
    chat_daemon.chat("hi", "s")
    before = chat_daemon.get("/api/sessions").content
    assert chat_daemon.apply({"llm": {"provider": "mock", "model": "m"}}).status_code == 200
    assert chat_daemon.get("/api/sessions").content == before


def test_unknown_keys_and_those_of_others_survive(make_chat_daemon):
    config = {"llm": {"provider": "mock", "own": 1}, "launchers": {"x": {"command": "true"}}, "other": [1]}
    daemon = make_chat_daemon(config=config).start()
    running = daemon.get("/api/config").json()["running"]
    running["llm"]["model"] = "m"
    assert daemon.apply(running).status_code == 200
    kept = json.loads(daemon.config_path.read_text())
    assert kept["llm"]["own"] == 1 and kept["launchers"] == config["launchers"] and kept["other"] == [1]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"llm": {"temperature": 3}}, "temperature"), ({"llm": {"max_iterations": 0}}, "max_iterations"),
        ({"server": {"port": 0}}, "port"), ({"llm": {"provider": "openai"}}, "openai"), ({"llm": 1}, "llm"),
    ],
    ids=["temperature", "iterations", "port", "no key", "no object"],
)  # fmt: skip
def test_values_that_make_no_sense(chat_daemon, change, word):
    text = chat_daemon.config_path.read_text()
    answer = chat_daemon.apply(change)
    assert answer.status_code == 400 and answer.json()["code"] == "config_invalid"
    assert word in answer.json()["message"]
    assert chat_daemon.config_path.read_text() == text and names(chat_daemon.chat("hi"))[-1] == "done"


@pytest.mark.parametrize("path", ["apply", "restart"])
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"raw":1}', b'{"config":"x"}', b'{"raw":"{}","raw":"{}"}', b"\xff"])
def test_bodies_that_are_no_change(chat_daemon, path, body):
    answer = chat_daemon.http.post(f"{chat_daemon.url}/api/config/{path}", data=body, timeout=20)
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_request"
    assert chat_daemon.is_healthy()


def test_two_applies_at_once_are_one_after_the_other(chat_daemon):
    def apply(number):
        return chat_daemon.http.post(
            f"{chat_daemon.url}/api/config/apply",
            json={"config": {"llm": {"provider": "mock", "model": f"m{number}"}}},
            timeout=30,
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(apply, range(16)))
    for number, answer in enumerate(answers):
        assert answer.status_code == 200
        assert answer.json()["state"]["running"]["llm"]["model"] == f"m{number}"
    state = chat_daemon.get("/api/config").json()
    assert state["running"] == state["disk"] == json.loads(chat_daemon.config_path.read_text())
    first, second = (json.loads((chat_daemon.home / f"config.json.bak{n}").read_text())["llm"]["model"] for n in (1, 2))
    assert len({state["running"]["llm"]["model"], first, second}) == 3


def test_an_apply_on_top_of_what_somebody_else_wrote(chat_daemon):
    state = chat_daemon.get("/api/config").json()
    digest = hashlib.sha256(state["raw"].encode()).hexdigest()
    body = {"config": {"llm": {"provider": "mock", "model": "mine"}}, "expected_raw_sha256": digest}
    chat_daemon.configure({"llm": {"provider": "mock", "model": "theirs"}})
    answer = chat_daemon.post("/api/config/apply", body)
    assert answer.status_code == 409 and answer.json()["code"] == "conflict"
    assert json.loads(chat_daemon.config_path.read_text())["llm"]["model"] == "theirs"
    raw = chat_daemon.get("/api/config").json()["raw"]
    body["expected_raw_sha256"] = hashlib.sha256(raw.encode()).hexdigest()
    assert chat_daemon.post("/api/config/apply", body).status_code == 200


def test_what_needs_a_restart_says_so(chat_daemon):
    state = chat_daemon.apply({"llm": {"provider": "mock"}, "server": {"port": 3999}}).json()["state"]
    assert state["pending_restart"] == ["server.port"]


def test_reset_reads_no_body(chat_daemon):
    for body in (b"", b"{", b"nonsense"):
        answer = chat_daemon.http.post(f"{chat_daemon.url}/api/config/reset", data=body, timeout=20)
        assert answer.status_code == 200 and answer.json()["action"] == "reset"


def test_a_broken_file_at_the_start(make_chat_daemon):
    daemon = make_chat_daemon()
    daemon.config_path.write_text('{"llm": {')
    daemon.start()
    assert daemon.get("/api/health").json()["agent"] == "degraded"
    state = daemon.get("/api/config").json()
    assert state["disk_parse_error"] and state["disk_raw"] == '{"llm": {'
    assert names(daemon.chat("hi")) == ["session", "error"]
    assert daemon.post("/api/config/apply", {"raw": '{"llm":{"provider":"mock"}}'}).status_code == 200
    assert names(daemon.chat("hi"))[-1] == "done"


def test_tools_do_not_see_the_daemons_own_files(provider: Provider, make_chat_daemon):
    paths = ["config.json", "drover.db", "config.json.bak1"]

    def answer(answering):
        number = len(provider.asked) - 1
        if number >= len(paths):
            return answering.send(openai_delta("x") + openai_end())
        arguments = json.dumps({"path": str(daemon.home / paths[number])})
        function = {"name": "read", "arguments": arguments}
        answering.send(openai_calls({"index": 0, "id": "c", "function": function}) + openai_end("tool_calls"))

    provider.answer = answer
    daemon = make_chat_daemon(config={**provider.config(), "workspace": "."})
    daemon.start()
    daemon.apply({**provider.config(), "workspace": str(daemon.home)})
    calls = [event.json for event in daemon.chat("read them") if event.name == "tool_call"]
    assert len(calls) == len(paths) and all(call["is_error"] for call in calls), calls
    assert "sk-of-the-test" not in json.dumps(calls)


def test_the_port_of_the_file_holds_where_nobody_names_one(make_chat_daemon):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    daemon = make_chat_daemon(config={"llm": {"provider": "mock"}, "server": {"port": port, "host": "localhost"}})
    del daemon.environment["DROVER_PORT"]
    daemon.start()
    assert daemon.address == ("127.0.0.1", port)
    assert daemon.post("/api/config/restart", {}).json()["restart_scheduled"] is True
    assert ready_again(daemon)["http"].endswith(f":{port}")


def test_an_address_that_others_reach_is_refused(make_chat_daemon):
    daemon = make_chat_daemon(config={"llm": {"provider": "mock"}, "server": {"host": "0.0.0.0"}})
    program = daemon.launch()
    assert program.wait() == 1
    assert "0.0.0.0" in daemon.log_text()


# Starting anew


@pytest.mark.parametrize("body", [b"", b"{}", b'{"raw":null,"config":null}'], ids=["nothing", "object", "nulls"])
def test_the_daemon_starts_itself_anew(make_chat_daemon, body):
    daemon = make_chat_daemon().start()
    daemon.chat("hi", "kept")
    before, ready = daemon.get("/api/sessions").content, daemon.ready
    answer = daemon.http.post(f"{daemon.url}/api/config/restart", data=body, timeout=20)
    assert answer.status_code == 200 and answer.json()["restart_scheduled"] is True
    again = ready_again(daemon)
    # The same process at the same address, and nobody's port was chosen anew.
    assert again["pid"] == ready["pid"] == daemon.program.pid and again["http"] == ready["http"]
    assert daemon.get("/api/sessions").content == before
    assert names(daemon.chat("again", "kept"))[-1] == "done"
    # And once more, as the first time.
    assert daemon.post("/api/config/restart", {}).json()["restart_scheduled"] is True
    assert ready_again(daemon)["pid"] == ready["pid"]
    assert daemon.cli("ls").returncode == 0


def test_a_restart_takes_what_needed_one(make_chat_daemon):
    daemon = make_chat_daemon().start()
    body = {"config": {"llm": {"provider": "mock"}, "server": {"auth_token": "new"}}}
    answer = daemon.post("/api/config/restart", body)
    assert answer.json()["restart_scheduled"] is True
    ready_again(daemon)
    assert daemon.get("/api/sessions").status_code == 401
    state = daemon.get("/api/config", headers={"Authorization": "Bearer new"}).json()
    assert state["pending_restart"] == []


def test_no_restart_when_the_change_is_refused(make_chat_daemon):
    daemon = make_chat_daemon().start()
    answer = daemon.post("/api/config/restart", {"config": {"llm": {"provider": "nope"}}})
    assert answer.status_code == 400 and answer.json()["code"] == "config_invalid"
    started = daemon.get("/api/health").json()["started_at"]
    time.sleep(0.5)
    assert daemon.get("/api/health").json()["started_at"] == started


@pytest.mark.parametrize("variable", ["CHAOS_BOT_DISABLE_SELF_RESTART", "CHAT_RUNTIME_DISABLE_SELF_RESTART"])
def test_a_restart_may_be_switched_off(make_chat_daemon, variable):
    daemon = make_chat_daemon(**{variable: "1"}).start()
    started = daemon.get("/api/health").json()["started_at"]
    body = {"config": {"llm": {"provider": "mock", "model": "m"}}}
    answer = daemon.post("/api/config/restart", body).json()
    assert answer["restart_scheduled"] is False and answer["state"]["running"]["llm"]["model"] == "m"
    time.sleep(0.5)
    assert daemon.get("/api/health").json()["started_at"] == started


def test_streams_are_told_before_a_restart(provider: Provider, make_chat_daemon):
    def answer(answering):
        answering.send(openai_delta("half"))
        answering.wait_until_gone()

    provider.answer = answer
    daemon = make_chat_daemon(config=provider.config()).start()
    stream = daemon.stream("hi", "cut")
    stream.wait_for("delta")
    waiting = daemon.stream("two", "cut")
    waiting.wait_for("session")
    assert daemon.post("/api/config/restart", {}).status_code == 200
    for each in (stream, waiting):
        events = each.wait()
        check_order(events)
        assert events[-1].json["code"] == "shutting_down"
    ready_again(daemon)
    assert [message["content"] for message in daemon.messages("cut")] == ["hi", "half"]


def test_nothing_of_the_daemon_before_is_left_open(make_chat_daemon):
    daemon = make_chat_daemon().start()

    def descriptors():
        return sorted(os.readlink(f"/proc/{daemon.pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{daemon.pid}/fd"))

    def settled():
        first = descriptors()
        time.sleep(0.2)
        return first == descriptors() and first

    before = eventually(settled, "the daemon has settled")
    for _ in range(3):
        assert daemon.post("/api/config/restart", {}).status_code == 200
        ready_again(daemon)
        daemon.http.close()

    def the_same():
        assert len(descriptors()) <= len(before) + 1, (before, descriptors())
        return True

    eventually(the_same, "no descriptor was inherited")


def test_launched_runtimes_outlive_a_restart(make_host):
    host = make_host().start()
    session = host.spawn()["lifecycle"]["session_id"]
    pid = host.rpc.lifecycle(session)["runtime_pid"]
    assert host.post("/api/config/restart", {}).json()["restart_scheduled"] is True
    ready_again(host)
    assert host.rpc.lifecycle(session)["state"] == "running" and host.rpc.lifecycle(session)["runtime_pid"] == pid
    host.rpc.kill(session)
    assert host.rpc.wait_for_end(session)["state"] == {"exited": {"code": None, "signal": 15}}

    def no_zombies():
        states = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if parent == str(host.pid):
                    states.append(state)
        assert "Z" not in states
        return True

    eventually(no_zombies, "its shim was buried")
