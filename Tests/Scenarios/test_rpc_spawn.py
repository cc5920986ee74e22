"""Starting runtimes without a terminal (§3): in which order things are checked, and what comes of each failure."""

import json
import os
import resource
import uuid
from pathlib import Path

import pytest

from harness import processes
from harness.rpc import at_once, new_id, payload_of, request_line
from harness.runtimes import wait_until_it_rests
from harness.waiting import eventually


def test_a_runtime_starts(host):
    session = new_id()
    spawned = host.spawn(session=session)
    lifecycle, event = spawned["lifecycle"], spawned["event"]["payload"]

    assert lifecycle["tmux_pane"] is None
    assert processes.is_running(lifecycle["runtime_pid"]) and processes.is_running(lifecycle["shim_pid"])
    assert processes.status(lifecycle["runtime_pid"])["PPid"] == str(lifecycle["shim_pid"])
    assert event == {
        "session_id": session,
        "runtime_pid": lifecycle["runtime_pid"],
        "start_time": lifecycle["start_time"],
    }
    assert host.rpc.status() == [lifecycle]
    assert host.rpc.events_of(session) == [spawned["event"]]
    assert host.rpc.watchers() == {"process_exit_watchers": 1, "shim_sockets": 0, "event_waiters": 0}


def test_its_logs_are_where_the_answer_says(host):
    spawned = host.spawn("echo out; echo err >&2; exit 0")
    session = spawned["lifecycle"]["session_id"]
    assert spawned["stdout_path"] == f"{spawned['log_dir']}/stdout.log"
    assert spawned["stderr_path"] == f"{spawned['log_dir']}/stderr.log"
    assert spawned["log_dir"].endswith(f"/{session}")
    assert spawned["lifecycle"]["log_availability"] == {
        "type": "headless",
        "payload": {"stdout_path": spawned["stdout_path"], "stderr_path": spawned["stderr_path"]},
    }
    host.rpc.wait_for_end(session)
    assert read(spawned["stdout_path"]) == b"out\n"
    assert read(spawned["stderr_path"]) == b"err\n"


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def test_logs_can_be_kept_elsewhere(make_host):
    host = make_host()
    elsewhere = host.folder / "elsewhere"
    host.environment["RTM_HOME"] = str(elsewhere)
    host.start()
    spawned = host.spawn("echo here")
    assert spawned["log_dir"] == f"{elsewhere}/logs/{spawned['lifecycle']['session_id']}"
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]) == b"here\n"


def test_a_log_folder_that_cannot_be_made_is_a_launch_that_failed(make_host):
    host = make_host()
    (host.folder / "file").write_text("where a folder should be")
    host.environment["RTM_HOME"] = str(host.folder / "file")
    host.start()
    request = host.spawn_request()
    assert host.rpc.refusal("spawn", request).code == "launch_failed"
    assert host.rpc.lifecycle(request["session_id"]) is None


def test_the_logs_hold_everything(host):
    lines = 200_000
    spawned = host.spawn(f"seq 1 {lines}; seq 1 {lines} >&2")
    end = host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert end["state"] == {"exited": {"code": 0, "signal": None}}
    expected = b"".join(b"%d\n" % number for number in range(1, lines + 1))
    assert read(spawned["stdout_path"]) == expected
    assert read(spawned["stderr_path"]) == expected


def test_it_has_nothing_to_read_and_nothing_else_open(host):
    spawned = host.spawn()
    runtime = spawned["lifecycle"]["runtime_pid"]
    wait_until_it_rests(runtime)
    fds = {name: os.readlink(f"/proc/{runtime}/fd/{name}") for name in os.listdir(f"/proc/{runtime}/fd")}
    assert fds == {"0": "/dev/null", "1": spawned["stdout_path"], "2": spawned["stderr_path"]}


def test_it_takes_signals_as_a_program_expects_to(host):
    runtime = host.spawn()["lifecycle"]["runtime_pid"]
    wait_until_it_rests(runtime)
    status = processes.status(runtime)
    assert int(status["SigBlk"].strip(), 16) == 0
    assert int(status["SigIgn"].strip(), 16) == 0


def test_its_supervisor_is_in_a_session_of_its_own(host):
    lifecycle = host.spawn()["lifecycle"]
    assert os.getsid(lifecycle["shim_pid"]) == lifecycle["shim_pid"]
    assert os.getsid(lifecycle["runtime_pid"]) != os.getsid(host.pid)


def test_it_has_none_of_the_daemons_own_settings(make_host):
    """What the daemon does to itself, for the privacy of its files and for many connections, is no gift to others."""
    host = make_host()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    mask = os.umask(0o027)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        host.start()
    finally:
        os.umask(mask)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    spawned = host.spawn("umask; ulimit -Sn; cat /proc/self/oom_score_adj; nice")
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    own = Path("/proc/self/oom_score_adj").read_text().strip()
    assert read(spawned["stdout_path"]).decode().split() == ["0027", "512", own, str(os.nice(0))]


def test_it_works_where_it_is_told(host):
    folder = host.folder / "größe and spaces"
    folder.mkdir()
    spawned = host.spawn("pwd", cwd=folder)
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]).decode() == f"{folder}\n"


def test_arguments_are_appended(host):
    host.plant("claude", '#!/bin/sh\nfor word in "$0" "$@"; do printf "%s|" "$word"; done')
    words = ["--flag", "two words", "", "größe", "$HOME;`id`", "line\nfeed"]
    spawned = host.spawn(x_args=words)
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]).decode() == "|".join([str(host.bin / "claude"), *words, ""])


def test_without_arguments_there_is_the_program_alone(host):
    host.plant("claude", '#!/bin/sh\necho "$#"')
    spawned = host.spawn()
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]) == b"0\n"


@pytest.mark.parametrize("form", [str.upper, lambda text: text.replace("-", ""), "urn:uuid:{}".format, "{{{}}}".format])
def test_an_id_is_written_in_one_form_however_it_came(host, form):
    plain = new_id()
    answer = host.rpc.ask("spawn", host.spawn_request(session=form(plain)))
    assert answer["lifecycle"]["session_id"] == plain
    assert host.rpc.lifecycle(plain)["session_id"] == plain


def test_an_id_of_any_version_is_good(host):
    for session in (str(uuid.uuid4()), "00000000-0000-0000-0000-000000000000"):
        assert host.start_runtime("exit 0", session=session) == session


# What is refused


def gone(host, request: dict) -> None:
    """There is no trace of a start that failed: no row, no event, and its id is free."""
    session = request["session_id"]
    assert host.rpc.lifecycle(session) is None
    assert host.rpc.events_of(session) == []
    host.rpc.wait_for_watchers(shim_sockets=0, process_exit_watchers=0)


@pytest.mark.parametrize("runtime", ["gemini", "Claude", "CODEX", "claude ", "../bin/claude", "größe", "x" * 5000])
def test_a_runtime_nobody_registered_is_unavailable(host, runtime):
    request = host.spawn_request(runtime=runtime)
    refusal = host.rpc.refusal("spawn", request)
    assert refusal.code == "runtime_unavailable"
    assert refusal.message == f"no launcher registered for runtime kind: {runtime}"
    gone(host, request)


def test_a_launcher_that_is_not_installed_is_unavailable_at_once(host):
    (host.bin / "claude").unlink()
    request = host.spawn_request(env={"PATH": "/no/such/folder"})
    refusal = host.rpc.refusal("spawn", request, timeout=5)
    assert refusal.code == "runtime_unavailable"
    assert "claude" in refusal.message
    gone(host, request)


def test_a_launcher_that_may_not_be_run_is_not_installed(host):
    host.plant("claude", "#!/bin/sh\n", mode=0o644)
    request = host.spawn_request(env={"PATH": str(host.bin)})
    assert host.rpc.refusal("spawn", request, timeout=5).code == "runtime_unavailable"
    gone(host, request)


def test_a_folder_of_that_name_is_no_launcher(host):
    (host.bin / "claude").unlink()
    (host.bin / "claude").mkdir()
    assert host.refusal(env={}).code == "runtime_unavailable"


def test_a_launcher_is_also_looked_for_where_the_caller_looks(host):
    (host.bin / "claude").unlink()
    elsewhere = host.plant("claude", "#!/bin/sh\necho elsewhere $0", folder=host.folder / "elsewhere")
    spawned = host.spawn(env={"PATH": f"/no/such/folder:{elsewhere.parent}:/bin"})
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]).decode() == f"elsewhere {elsewhere}\n"


def test_the_daemons_own_path_comes_first(host):
    other = host.plant("claude", "#!/bin/sh\necho elsewhere", folder=host.folder / "elsewhere")
    host.plant("claude", "#!/bin/sh\necho here")
    spawned = host.spawn(env={"PATH": str(other.parent)})
    host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert read(spawned["stdout_path"]) == b"here\n"


def test_a_launcher_is_looked_for_each_time(host):
    (host.bin / "claude").unlink()
    assert host.refusal().code == "runtime_unavailable"
    host.plant("claude", "#!/bin/sh\nexit 0")
    host.start_runtime()
    (host.bin / "claude").unlink()
    assert host.refusal().code == "runtime_unavailable"


NOT_PROGRAMS = {
    "an interpreter that does not exist": b"#!/no/such/interpreter\n",
    "no program at all": b"\x7fELF but not really",
    "an empty file": b"",
}


@pytest.mark.parametrize("content", NOT_PROGRAMS.values(), ids=NOT_PROGRAMS.keys())
def test_a_launcher_that_cannot_be_run_fails_at_once(host, content):
    host.plant("claude", content)
    request = host.spawn_request()
    refusal = host.rpc.refusal("spawn", request, timeout=5)
    assert refusal.code == "launch_failed"
    gone(host, request)
    host.wait_for_rest()
    # Its id can be used again.
    host.plant("claude", "#!/bin/sh\nexit 0")
    host.start_runtime(session=request["session_id"])


@pytest.mark.parametrize("name", ["no-such-folder", "file"])
def test_a_folder_that_is_none_fails_at_once(host, name):
    (host.folder / "file").write_text("no folder")
    request = host.spawn_request(cwd=host.folder / name)
    refusal = host.rpc.refusal("spawn", request, timeout=5)
    assert refusal.code == "launch_failed"
    assert str(host.folder / name) in refusal.message
    gone(host, request)
    host.start_runtime("exit 0", session=request["session_id"])


def test_a_relative_folder_is_refused_or_means_the_same_everywhere(tmux_host):
    """A daemon, a shim and a tmux server each have a working directory, and all of them differ."""
    found = []
    for address in (None, "work:0.0"):
        file = tmux_host.work / "cwd"
        request = tmux_host.spawn_request(f"pwd > {file}; rest", address=address) | {"cwd": "work"}
        answer = tmux_host.rpc.answer("spawn", request)
        if answer["type"] == "error":
            assert answer["payload"]["code"] in ("launch_failed", "protocol_mismatch")
            assert tmux_host.rpc.lifecycle(request["session_id"]) is None
            found.append(None)
        else:
            found.append(eventually(lambda file=file: file.exists() and file.read_text(), "it says where it is"))
            file.unlink()
    assert found[0] == found[1]


def test_an_id_is_free_as_soon_as_its_failure_is_told(host):
    host.plant("claude", "#!/no/such/interpreter\n")
    for number in range(12):
        folder = {"cwd": "/no/such/folder"} if number % 3 == 0 else {}
        request = host.spawn_request(**folder)
        assert host.rpc.refusal("spawn", request).code == "launch_failed"
        host.start_runtime("exit 0", runtime="codex", session=request["session_id"])


def test_checks_come_in_the_order_of_the_contract(host):
    used = host.start_runtime("exit 0")
    host.rpc.wait_for_end(used)
    wrong = {"runtime": "gemini", "session": used, "address": "nobody:0.0", "cwd": "/no/such/folder"}

    # Decoding, the launcher, the id, the target; the folder comes after them.
    malformed = host.spawn_request(**{**wrong, "address": "nobody"})
    assert host.rpc.refusal("spawn", malformed).code == "invalid_target"
    assert host.refusal(**wrong).code == "runtime_unavailable"
    refusal = host.refusal(**{**wrong, "runtime": "claude"})
    assert (refusal.code, refusal.message) == ("invalid_target", f"session {used} already exists")
    refusal = host.refusal(runtime="claude", address="nobody:0.0")
    assert (refusal.code, refusal.message) == ("tmux_pane_dead", "tmux address nobody:0.0 is not alive")


def test_an_id_is_used_once(host):
    session = host.start_runtime()
    for _ in range(2):
        refusal = host.refusal(session=session)
        assert (refusal.code, refusal.message) == ("invalid_target", f"session {session} already exists")
        assert host.refusal(session=session.upper(), runtime="codex").code == "invalid_target"
        host.rpc.kill(session, "kill")
        host.rpc.wait_for_end(session)
    host.restart()
    assert host.refusal(session=session).code == "invalid_target"
    assert len(host.rpc.events_of(session)) == 2


def test_of_two_who_want_one_id_at_once_one_gets_it(host):
    for _ in range(5):
        session = new_id()
        answers = at_once(4, lambda _, session=session: host.rpc.answer("spawn", host.spawn_request(session=session)))
        assert sorted(answer["type"] for answer in answers) == ["error", "error", "error", "spawned"]
        codes = {answer["payload"]["code"] for answer in answers if answer["type"] == "error"}
        assert codes == {"invalid_target"}
        assert [event["type"] for event in host.rpc.events_of(session)] == ["running"]
        assert len(host.rpc.status(session_id=session)) == 1


def test_a_caller_who_leaves_does_not_take_the_runtime_along(host):
    """The answer is lost; what was accepted happens all the same."""
    request = host.spawn_request()
    with host.rpc.connect() as peer:
        peer.send(request_line("spawn", payload_of("spawn", request)))
    host.rpc.wait_for_state(request["session_id"], "running")


def test_more_launchers_may_be_registered(make_host):
    host = make_host()
    elsewhere = host.plant("runs-gemini", '#!/bin/sh\necho "$@"', folder=host.folder / "elsewhere")
    launchers = {
        "gemini": {"command": str(elsewhere), "args": ["--fixed"]},
        "plain": "claude",
        "absent": {"command": "no-such-program"},
    }
    (host.home / "config.json").write_text(json.dumps({"launchers": launchers}))
    host.start()

    spawned = host.spawn(runtime="gemini", x_args=["--more"])
    row = host.rpc.wait_for_end(spawned["lifecycle"]["session_id"])
    assert row["runtime"] == "gemini"
    assert read(spawned["stdout_path"]) == b"--fixed --more\n"
    host.start_runtime("exit 0", runtime="plain")
    assert host.refusal(runtime="absent").code == "runtime_unavailable"
    reports = host.rpc.doctor()["launchers"]
    assert [report["runtime"] for report in reports[:2]] == ["claude", "codex"]
    commands = {report["runtime"]: report["command"] for report in reports}
    assert commands["gemini"] == str(elsewhere)
    assert commands["plain"] == str(host.bin / "claude")
    assert commands["absent"] is None


def test_launchers_are_where_the_configuration_is(make_host):
    host = make_host()
    folder = host.folder / "elsewhere"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"launchers": {"plain": "claude"}}))
    (host.home / "config.json").write_text(json.dumps({"launchers": {"other": "claude"}}))
    host.environment["CHAT_RUNTIME_HOME"] = str(folder)
    host.start()
    names = [report["runtime"] for report in host.rpc.doctor()["launchers"]]
    assert "plain" in names
    assert "other" not in names


# Filters (§7)


def test_status_finds_what_is_asked_for(host):
    one, two = sorted([host.start_runtime(), host.start_runtime(runtime="codex")])
    rows = {row["session_id"]: row for row in host.rpc.status()}
    claude = next(session for session in rows if rows[session]["runtime"] == "claude")
    codex = next(session for session in rows if rows[session]["runtime"] == "codex")
    ended = host.start_runtime("exit 0")
    host.rpc.wait_for_end(ended)

    def ids(**filters) -> list[str]:
        return [row["session_id"] for row in host.rpc.status(**filters)]

    assert ids() == sorted([one, two, ended])
    assert ids(session_id=one) == [one]
    assert ids(session_ids=[two, one, one]) == [one, two]
    assert ids(session_id=one, session_ids=[ended]) == sorted([one, ended])
    assert ids(session_ids=[]) == sorted([one, two, ended])
    assert ids(session_ids=[one, new_id()]) == [one]
    assert ids(session_id=new_id()) == []
    assert ids(runtime="codex") == [codex]
    assert ids(runtime="Codex") == []
    assert ids(state="running") == ids(state="RUNNING") == [one, two]
    assert ids(state="Exited") == [ended]
    assert ids(state="lost") == ids(state="forking") == ids(state="sleeping") == []
    assert ids(state="running", runtime="claude", session_ids=[claude, ended]) == [claude]
    assert ids(state="running", session_id=ended) == []
