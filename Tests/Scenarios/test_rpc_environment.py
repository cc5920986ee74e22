"""The environment of a runtime (§3.6): exactly what was asked for and four names more, and nobody else sees it."""

import json
import os
from pathlib import Path

import pytest

from harness import processes
from harness.rpc import new_id
from harness.waiting import eventually

SECRET = "sk-do-not-tell-7f3a9c"


def dump(host, env: list[tuple[str, str]], session: str, runtime: str = "claude", **more) -> list[bytes]:
    """Starts a runtime and returns its environment as the kernel has it."""
    file = host.work / "environ"
    # By name, as there may be no PATH. `$$` is the launcher itself, and its environment is as it was given.
    # Written beside and moved, so that it is whole when it is there.
    host.plant(
        runtime,
        f"#!/bin/bash\n/bin/cat /proc/$$/environ > {file}.part\n/bin/mv {file}.part {file}\nexec /bin/sleep 0.1",
    )
    host.start_runtime(session=session, env=env, runtime=runtime, **more)
    eventually(file.exists, "the runtime has written its environment")
    content = file.read_bytes()
    file.unlink()
    return content.split(b"\0")[:-1]


def own(session: str, runtime: str = "claude") -> list[bytes]:
    """What every runtime is told."""
    pairs = [("HELIOY_SESSION_ID", session), ("HELIOY_RUNTIME", runtime)]
    pairs += [("RTM_SESSION_ID", session), ("RTM_RUNTIME_KIND", runtime)]
    return [f"{key}={value}".encode() for key, value in pairs]


PLAIN = {
    "nothing": [],
    "one": [("PATH", "/bin")],
    "an order that is not alphabetical": [("Z", "1"), ("A", "2"), ("M", "3"), ("B", "4")],
    "no value": [("EMPTY", ""), ("A", "1")],
    "equals signs": [("A", "b=c==d="), ("B", "=")],
    "several lines": [("A", "one\ntwo\r\n\tthree ")],
    "other alphabets": [("GRÖSSE", "größer ✓ 🚀"), ("名", "前")],
    "what a shell would read": [("A", "$HOME `id` $(id) ' \" \\ ; & | < >")],
    "escapes": [("A", "\x1b[1m\x7f\x01\x02")],
    "a long value": [("LONG", "x" * 100_000)],
    "many": [(f"NAME_{number}", str(number)) for number in range(2000)],
    "names of the daemon": [
        ("RTM_SOCKET_PATH", "mine"),
        ("DROVER_HOME", "mine"),
        ("TMUX", "mine"),
        ("CLAUDECODE", "mine"),
        ("LD_LIBRARY_PATH", "/mine"),
    ],
}


@pytest.mark.parametrize("env", PLAIN.values(), ids=PLAIN.keys())
def test_a_runtime_gets_what_was_asked_for_and_four_names_more(host, env):
    session = new_id()
    asked = [f"{key}={value}".encode() for key, value in env]
    assert dump(host, env, session) == asked + own(session)


def test_the_same_goes_for_a_runtime_in_a_pane(tmux_host):
    session = new_id()
    env = [("Z", "1"), ("A", "two\nlines"), ("PATH", "/bin")]
    found = dump(tmux_host, env, session, runtime="codex", address="work:0.0")
    assert found == [b"Z=1", b"A=two\nlines", b"PATH=/bin", *own(session, "codex")]


def test_the_four_names_are_replaced_where_they_stand(host):
    session = new_id()
    env = [("A", "1"), ("RTM_SESSION_ID", "wrong"), ("B", "2"), ("HELIOY_RUNTIME", "wrong"), ("C", "3")]
    helioy_session, helioy_runtime, rtm_session, rtm_runtime = own(session)
    assert dump(host, env, session) == [
        b"A=1",
        rtm_session,
        b"B=2",
        helioy_runtime,
        b"C=3",
        helioy_session,
        rtm_runtime,
    ]


def test_of_a_name_that_comes_twice_the_last_value_counts(host):
    session = new_id()
    env = [("A", "1"), ("B", "first"), ("A", "2"), ("HELIOY_RUNTIME", "x"), ("A", "3"), ("HELIOY_RUNTIME", "y")]
    found = dump(host, env, session)
    assert sorted(found) == sorted([b"A=3", b"B=first", *own(session)])


def test_what_the_kernel_cannot_take_is_refused(host):
    for key, value in (("A", "with\0zero"), ("with\0zero", "A")):
        request = host.spawn_request(env=[(key, value)])
        assert host.rpc.refusal("spawn", request, timeout=5).code in ("launch_failed", "protocol_mismatch")
        assert host.rpc.lifecycle(request["session_id"]) is None


def test_an_environment_too_large_for_the_kernel_fails_at_once(host):
    """More than a quarter of the stack, or one string of 128 KiB: execve says E2BIG."""
    request = host.spawn_request(env=[("LONG", "x" * 200_000)])
    assert host.rpc.refusal("spawn", request, timeout=5).code == "launch_failed"
    assert host.rpc.lifecycle(request["session_id"]) is None


def everywhere_but(host, *allowed: int) -> dict[str, bytes]:
    """What anybody could look at: environments and command lines of all processes of this daemon but some."""
    found = {}
    for pid in processes.pids():
        if pid in allowed or pid == os.getpid():
            continue
        found[f"command line of {pid}"] = processes.read(pid, "cmdline")
    for pid in host.processes():
        if pid not in allowed:
            found[f"environment of {pid}"] = processes.read(pid, "environ")
    for file in Path(host.folder).rglob("*"):
        if file.is_file():
            found[str(file)] = file.read_bytes()
    return found


def check_secret(host, runtime: int) -> None:

    def knows():
        assert SECRET.encode() in processes.read(runtime, "environ")
        return True

    # The kernel shows it a moment after exec has succeeded.
    eventually(knows, "the runtime knows it")
    places = [place for place, content in everywhere_but(host, runtime).items() if SECRET.encode() in content]
    assert places == []


def test_a_secret_is_only_with_its_runtime(host):
    lifecycle = host.spawn(env={"API_KEY": SECRET})["lifecycle"]
    check_secret(host, lifecycle["runtime_pid"])
    host.restart()
    check_secret(host, lifecycle["runtime_pid"])


def test_a_secret_never_goes_through_tmux(tmux_host):
    tmux = tmux_host.tmux
    lifecycle = tmux_host.spawn(env={"API_KEY": SECRET}, address="work:0.0")["lifecycle"]
    check_secret(tmux_host, lifecycle["runtime_pid"])
    told = [
        tmux.run("show-environment", "-g"),
        tmux.run("show-environment", "-t", "work"),
        tmux.run("list-panes", "-a", "-F", "#{pane_start_command} #{pane_current_command} #{pane_title}"),
        tmux.run("show-messages"),
        tmux.attempt("list-buffers").stdout.decode(),
    ]
    assert not any(SECRET in text or "API_KEY" in text for text in told)
    start = tmux.ask("work:0.0", "#{pane_start_command}")
    assert "__shim" in start and lifecycle["session_id"] in start


def test_the_supervisor_in_a_pane_is_given_one_variable(make_host):
    host = make_host()
    host.use_shim(
        """
        with open("/proc/self/environ", "rb") as file:
            note(file.read().decode().split("\\0"), "environ")
        launch()
        ready(os.getpid())
        time.sleep(1000)
        """
    )
    pane = host.tmux.new_session("work", "sh", "-c", "cat /proc/self/environ > first; exec cat")
    eventually(lambda: host.tmux.ask(pane, "#{pane_current_command}") == "cat", "the pane's own program runs")
    before = {entry.split("=")[0] for entry in (host.folder / "tmux" / "first").read_text().split("\0") if entry}
    host.start()
    host.spawn(address="work:0.0", env={"API_KEY": SECRET})
    entries = [entry for entry in json.loads((host.bin / "environ").read_text()) if entry]
    names = {entry.split("=")[0] for entry in entries}
    assert names - before == {"RTM_SOCKET_PATH"}
    assert f"RTM_SOCKET_PATH={host.socket}" in entries
