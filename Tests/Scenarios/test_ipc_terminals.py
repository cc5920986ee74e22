"""Real shells in a real tmux: they say where they are, and `drover where` knows which terminal a project is in."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import processes
from harness.ipc import new_event, stamp
from harness.program import built
from harness.sensing import SensingDaemon
from harness.tmux import Tmux
from harness.tty import Terminal
from harness.waiting import eventually


class Desk(SensingDaemon):
    """A person's machine: a daemon, a tmux server that it can find, and a few projects."""

    def __init__(self):
        super().__init__()
        self.tmux = self.make_tmux("tmux")
        self.environment["TMUX_TMPDIR"] = str(self.tmux.folder)
        self.others: list[Tmux] = []

    def make_tmux(self, name: str) -> Tmux:
        return Tmux(self.folder / name, self.environment)

    def another_tmux(self) -> Tmux:
        self.others.append(self.make_tmux(f"tmux{len(self.others)}"))
        return self.others[-1]

    def project(self, name: str) -> str:
        folder = self.person / name
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_text("{}")
        return str(folder)

    def close(self) -> None:
        for tmux in [self.tmux, *self.others]:
            tmux.close()
        super().close()

    # Panes

    def open(self, name: str, folder: str, *command: str, tmux: Tmux | None = None) -> str:
        """A detached session whose pane is in that folder."""
        tmux = tmux or self.tmux
        pane = tmux.new_session(name)
        return self.enter(pane, folder, *command, tmux=tmux)

    def enter(self, pane: str, folder: str, *command: str, tmux: Tmux | None = None) -> str:
        (tmux or self.tmux).run("respawn-pane", "-k", "-c", folder, "-t", pane, *(command or ("cat",)))
        return pane

    @contextlib.contextmanager
    def attached(self, name: str, tmux: Tmux | None = None) -> Iterator[str]:
        """Somebody looks at a session; gives the device of their terminal."""
        tmux = tmux or self.tmux
        with Terminal(["tmux", "-u", "attach", "-t", f"={name}"], tmux.environment) as terminal:
            device = terminal_device(terminal)
            reader = threading.Thread(target=drain, args=(terminal,), daemon=True)
            reader.start()
            eventually(lambda: device in clients(tmux), f"{device} shows {name}")
            try:
                yield device
            finally:
                terminal.process.kill()
                terminal.process.wait(10)
                reader.join(10)
                eventually(lambda: device not in clients(tmux), f"{device} shows nothing any more")

    # Questions

    def where(self, path: str) -> dict:
        """What `drover where` says, in short."""
        told = self.cli("where", path, "--json")
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)["snapshot"]

    def pane(self, path: str, *addresses: str) -> None:
        """The panes that `drover where` names, the one that is seen first before the others."""

        def is_so():
            told = json.loads(self.cli("where", path, "--json").stdout)["panes"]
            assert told == list(addresses), told
            return True

        eventually(is_so, f"{path} is in {addresses}", every=0.1)

    def found(self, path: str) -> tuple:
        snapshot = self.where(path)
        evidence = {item["evidence_type"]: item["value"] for item in snapshot["evidence"]}
        return snapshot["status"], snapshot["target"].get("value"), evidence

    def wait_for(self, path: str, status: str, target: str | None = None, **evidence: str) -> dict:
        def is_so():
            snapshot = self.found(path)
            assert snapshot == (status, target, evidence), snapshot
            return True

        eventually(is_so, f"{path} is in {target}", every=0.1)

    def detached(self, path: str, name: str, pane_path: str | None = None) -> None:
        self.wait_for(path, "detached", name, tmux_session=name, tmux_pane_path=pane_path or path)

    def shown(self, path: str, name: str, device: str, pane_path: str | None = None) -> None:
        self.wait_for(path, "attached", name, tmux_client=device, tmux_pane_path=pane_path or path)

    def nowhere(self, path: str) -> None:
        self.wait_for(path, "unavailable")

    def shells(self) -> dict[int, dict]:
        return {int(pid): shell for pid, shell in self.ipc.ask("get_shell_state")["shells"].items()}


def terminal_device(terminal: Terminal) -> str:
    return os.readlink(f"/proc/{terminal.process.pid}/fd/0")


def clients(tmux: Tmux) -> list[str]:
    return tmux.attempt("list-clients", "-F", "#{client_tty}").stdout.decode().splitlines()


def drain(terminal: Terminal) -> None:
    """A terminal shows what it is sent, or its program would wait."""
    with contextlib.suppress(OSError):
        while os.read(terminal.master, 65536):
            pass


@pytest.fixture
def desk():
    desk = Desk()
    try:
        desk.start()
        yield desk
    finally:
        desk.close()


# What tmux says by itself


def test_a_session_is_found_whether_or_not_somebody_looks_at_it(desk):
    repo = str(desk.repo)
    desk.nowhere(repo)
    pane = desk.open("work", repo)
    desk.detached(repo, "work")
    with desk.attached("work") as first:
        desk.shown(repo, "work", first)
        with desk.attached("work") as second:
            # One of both, always the same.
            desk.shown(repo, "work", min(first, second))
        desk.shown(repo, "work", first)
    desk.detached(repo, "work")
    told = desk.cli("where", repo, text=True)
    assert told.stdout.splitlines()[:2] == [
        f"tmux pane {desk.tmux.address(pane)}  (detached)", "Go there: tmux attach -t '=work:0'",
    ]  # fmt: skip


def test_the_client_that_looks_is_told_apart_from_those_that_look_elsewhere(desk):
    web, api = desk.project("web"), desk.project("api")
    desk.open("front", web)
    desk.open("back", api)
    with desk.attached("front") as device:
        desk.shown(web, "front", device)
        desk.detached(api, "back")
        desk.tmux.run("switch-client", "-c", device, "-t", "=back")
        desk.shown(api, "back", device)
        desk.detached(web, "front")
        desk.tmux.run("detach-client", "-t", device)
        desk.detached(api, "back")


def test_sessions_and_windows_change_their_names(desk):
    repo = str(desk.repo)
    pane = desk.open("work", repo)
    desk.detached(repo, "work")
    desk.tmux.run("rename-session", "-t", "=work", "new name: ü")
    # tmux itself makes something else of a colon.
    name = desk.tmux.ask(pane, "#{session_name}")
    desk.detached(repo, name)
    with desk.attached(name) as device:
        desk.tmux.run("rename-window", "-t", pane, "__CAP_DELIM__")
        desk.shown(repo, name, device)
    desk.tmux.run("rename-session", "-t", f"={name}", "repo")
    desk.detached(repo, "repo")


def test_panes_move_between_sessions(desk):
    web, api, docs = desk.project("web"), desk.project("api"), desk.project("docs")
    first = desk.open("a", web)
    second = desk.enter(desk.tmux.split(first), api)
    third = desk.open("b", docs)
    for path, name in [(web, "a"), (api, "a"), (docs, "b")]:
        desk.detached(path, name)
    for path, pane in [(web, first), (api, second), (docs, third)]:
        desk.pane(path, desk.tmux.address(pane))
    desk.tmux.run("join-pane", "-d", "-s", second, "-t", third)
    desk.detached(api, "b")
    desk.detached(web, "a")
    desk.pane(api, desk.tmux.address(second))
    desk.tmux.run("swap-pane", "-d", "-s", first, "-t", third)
    desk.detached(web, "b")
    desk.detached(docs, "a")
    desk.pane(docs, desk.tmux.address(third))
    desk.tmux.run("break-pane", "-d", "-s", second)
    desk.detached(api, "b")
    desk.pane(api, desk.tmux.address(second))
    desk.tmux.run("move-window", "-d", "-s", second, "-t", "a:7")
    desk.detached(api, "a")
    assert desk.tmux.address(second) == "a:7.0"
    desk.pane(api, "a:7.0")
    with desk.attached("a") as device:
        # Its window shows another pane than the one that is asked for.
        desk.shown(docs, "a", device)
        desk.detached(api, "a")
        desk.tmux.run("select-window", "-t", "a:7")
        desk.shown(api, "a", device)
    desk.tmux.run("kill-pane", "-t", second)
    desk.nowhere(api)
    desk.tmux.run("kill-session", "-t", "=b")
    desk.nowhere(web)
    desk.detached(docs, "a")


def test_a_directory_is_left_and_removed(desk):
    web, api = desk.project("web"), desk.project("api")
    pane = desk.open("work", web, "bash", "--norc")
    desk.detached(web, "work")
    desk.tmux.run("send-keys", "-t", pane, f"cd {shlex.quote(api)}", "Enter")
    desk.detached(api, "work")
    desk.nowhere(web)
    below = Path(api) / "a b" / "é"
    below.mkdir(parents=True)
    desk.tmux.run("send-keys", "-t", pane, f"cd {shlex.quote(str(below))}", "Enter")
    desk.detached(api, "work", str(below))
    # A directory above is nobody's terminal, or every project would be in it.
    desk.tmux.run("send-keys", "-t", pane, "cd", "Enter")
    desk.nowhere(api)
    desk.tmux.run("send-keys", "-t", pane, f"cd {shlex.quote(str(below))}", "Enter")
    desk.detached(api, "work", str(below))
    shutil.rmtree(below)
    desk.nowhere(api)


@pytest.mark.parametrize("how", ["kill-server", "SIGKILL"])
def test_tmux_ends_and_begins_anew(desk, how):
    web, api = desk.project("web"), desk.project("api")
    desk.open("work", web)
    desk.detached(web, "work")
    if how == "kill-server":
        desk.tmux.run("kill-server")
        eventually(lambda: not processes.is_running(desk.tmux.pid), "the server has ended")
    desk.tmux.kill()
    desk.nowhere(web)
    desk.open("again", api)
    desk.detached(api, "again")
    desk.nowhere(web)
    with desk.attached("again") as device:
        desk.shown(api, "again", device)


def test_the_daemon_begins_anew_beside_a_tmux_that_goes_on(desk):
    desk.open("work", str(desk.repo))
    with desk.attached("work") as device:
        desk.shown(str(desk.repo), "work", device)
        desk.kill()
        desk.start_afresh()
        desk.shown(str(desk.repo), "work", device)


# What shells say


START = {"bash": ["bash", "-i"], "zsh": ["zsh", "-i"], "fish": ["fish", "-i"]}


@pytest.fixture(params=START)
def shell(request, desk) -> list[str]:
    """How a shell is started that reports, as `drover shell install` sets it up."""
    install(desk, request.param)
    return START[request.param]


def install(desk: Desk, name: str) -> None:
    hook = str(built("drover-hook", "DROVER_HOOK_BIN"))
    installed = desk.cli(
        "shell", "install", name, "--yes", env=desk.environment | {"DROVER_HOOK": hook, "SHELL": f"/usr/bin/{name}"}
    )
    assert installed.returncode == 0, installed.stderr
    if name == "zsh":
        # Without a file of their own, newcomers are asked questions.
        (desk.person / ".zshenv").touch()


def pid_of(desk: Desk, pane: str, tmux: Tmux | None = None) -> int:
    return int((tmux or desk.tmux).ask(pane, "#{pane_pid}"))


def reported(desk: Desk, pid: int, **expected: str | None) -> dict:
    def is_so():
        shell = desk.shells().get(pid, {})
        assert {key: shell.get(key) for key in expected} == expected, shell
        return shell

    return eventually(is_so, f"shell {pid} is known as {expected}")


def press(desk: Desk, pane: str, text: str = "", tmux: Tmux | None = None) -> None:
    (tmux or desk.tmux).run("send-keys", "-t", pane, text, "Enter")


def test_a_shell_in_tmux_says_where_it_is(desk, shell):
    web, api = desk.project("web"), desk.project("api")
    pane = desk.open("work", web, *shell)
    pid, tty = pid_of(desk, pane), desk.tmux.ask(pane, "#{pane_tty}")
    # While nobody looks, neither session nor client are told: both or none.
    reported(desk, pid, cwd=web, tty=tty, tmux_session=None, tmux_client_tty=None, parent_app="tmux")
    assert desk.ipc.ask("get_process_liveness", {"pid": pid})["identity_matches"] is True
    with desk.attached("work") as device:
        press(desk, pane, f"cd {shlex.quote(api)}")
        reported(desk, pid, cwd=api, tty=tty, tmux_session="work", tmux_client_tty=device)
        desk.shown(api, "work", device)
        desk.nowhere(web)
        desk.tmux.run("rename-session", "-t", "=work", "renamed")
        press(desk, pane)
        reported(desk, pid, cwd=api, tmux_session="renamed", tmux_client_tty=device)
        desk.shown(api, "renamed", device)
    press(desk, pane)
    reported(desk, pid, cwd=api, tmux_session=None, tmux_client_tty=None)
    desk.detached(api, "renamed")


def test_a_shell_outside_tmux_says_which_terminal_it_is_in(desk, shell):
    web = desk.project("web")
    variables = desk.environment | {"TERM_PROGRAM": "ghostty", "ZDOTDIR": str(desk.person)}
    with Terminal(shell, variables, folder=web) as terminal:
        threading.Thread(target=drain, args=(terminal,), daemon=True).start()
        device = terminal_device(terminal)
        reported(desk, terminal.process.pid, cwd=web, tty=device, parent_app="ghostty")
        assert desk.found(web) == ("detached", "ghostty", {"shell_cwd": web})
        told = desk.cli("where", web, text=True)
        assert told.stdout.startswith("terminal ghostty\n")
        assert "Confidence: low" in told.stdout


def test_a_second_tmux_is_known_by_its_shells_alone(desk):
    install(desk, "bash")
    web, api = desk.project("web"), desk.project("api")
    other = desk.another_tmux()
    desk.open("work", web, *START["bash"])
    pane = desk.open("elsewhere", api, *START["bash"], tmux=other)
    desk.detached(web, "work")
    pid = pid_of(desk, pane, other)
    reported(desk, pid, cwd=api, tmux_session=None)
    with desk.attached("elsewhere", other) as device:
        press(desk, pane, tmux=other)
        reported(desk, pid, cwd=api, tmux_session="elsewhere", tmux_client_tty=device)
        desk.wait_for(api, "detached", "elsewhere", shell_cwd=api)
        desk.detached(web, "work")


def test_a_shell_that_was_killed_is_forgotten(desk):
    """At once by a daemon that starts, and after five minutes by one that runs."""
    install(desk, "bash")
    web, api = desk.project("web"), desk.project("api")
    pane = desk.open("work", web, *START["bash"])
    desk.tmux.keep_dead_panes()
    pid = pid_of(desk, pane)
    reported(desk, pid, cwd=web)
    # One that has not been heard of for six minutes, and lives.
    old = subprocess.Popen(["sleep", "1000"])
    shell = {"tty": "/dev/pts/77", "parent_app": "kitty"}
    desk.ipc.ask("event", new_event("shell_cwd", -360, pid=old.pid, cwd=api, **shell))
    assert desk.shells()[old.pid]["cwd"] == api
    assert desk.found(api)[:2] == ("detached", "kitty")
    try:
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not processes.is_running(pid), "the shell is gone")
        # It has just been heard of, and its pane is still there.
        assert pid in desk.shells()
    finally:
        old.kill()
        old.wait()
    assert old.pid not in desk.shells()
    eventually(lambda: desk.row("SELECT count(*) FROM shell_state WHERE pid = ?", old.pid) == (0,), "its row is gone")
    desk.nowhere(api)
    desk.restart()
    assert pid not in desk.shells()


def test_a_pid_that_another_process_has_now_is_not_the_shell(desk):
    """The start of a process tells it from others that had its number."""
    api = desk.project("api")
    other = subprocess.Popen(["sleep", "1000"])
    try:
        shell = {"tty": "/dev/pts/77", "parent_app": "kitty"}
        desk.ipc.ask("event", new_event("shell_cwd", -360, pid=other.pid, cwd=api, **shell))
        assert other.pid in desk.shells()
        desk.stop()
        with contextlib.closing(sqlite3.connect(desk.home / "drover.db")) as database, database:
            # It started an hour before the one that has the number now.
            database.execute(
                "UPDATE process_liveness SET proc_started = proc_started - 3600 WHERE pid = ?", (other.pid,)
            )
        desk.start()
        assert other.pid not in desk.shells()
        desk.nowhere(api)
    finally:
        other.kill()
        other.wait()


def test_shells_outlive_the_daemon(desk):
    """What they told before is there after a restart, and what they tell meanwhile is old news."""
    install(desk, "bash")
    web, api = desk.project("web"), desk.project("api")
    pane = desk.open("work", web, *START["bash"])
    pid = pid_of(desk, pane)
    before = reported(desk, pid, cwd=web)
    desk.kill()
    press(desk, pane, f"cd {shlex.quote(api)}")
    eventually(lambda: desk.tmux.ask(pane, "#{pane_current_path}") == api, "the shell has moved")
    desk.start_afresh()
    assert desk.shells()[pid] == before
    assert desk.spool == []
    desk.detached(api, "work")
    press(desk, pane)
    after = reported(desk, pid, cwd=api)
    assert after["updated_at"] <= stamp()
