"""The runtime RPC's servers, and tmux: how each is started, and how the load client calls it."""

import json
import os
import socket
import sqlite3
import subprocess
import tempfile

from .machine import CACHE, LOAD_CORE, PYTHON, SCRATCH, SERVER_CORE, Failure, pinned, tree
from .servers import PEERS, Daemon, Server


def run_calls(mode, *options, stdin=None, limit=60, environment=None):
    """Runs the load client for calls and returns what it printed."""
    words = [str(word) for word in (CACHE / "calls", mode, *options)]
    try:
        done = subprocess.run(
            words, input=stdin, capture_output=True, text=True, timeout=limit, env=environment, preexec_fn=pinned(LOAD_CORE))
    except subprocess.TimeoutExpired:
        raise Failure(f"the load client took more than {limit} s") from None
    if done.returncode:
        raise Failure(done.stderr.strip() or f"the load client ended with status {done.returncode}")
    return json.loads(done.stdout)


class CallServer(Server):
    """Answers calls at a Unix socket in its directory."""

    @property
    def socket(self):
        return self.directory / "rpc.sock"

    def calls(self, mode, *options, stdin=None):
        pids = [word for pid in tree(self.process.pid)[:1] for word in ("--server-pid", pid)]
        return run_calls(mode, "--socket", self.socket, *pids, *options, stdin=stdin)


class Floor(CallServer):
    title = "C floor"

    def command(self):
        return [CACHE / "rpc_floor", self.socket]


class Asyncio(CallServer):
    title = "asyncio"

    def command(self):
        return [PYTHON, PEERS / "rpc_asyncio.py", self.socket]


class NodeNet(CallServer):
    title = "Node"

    def command(self):
        return ["node", PEERS / "rpc_node.js", self.socket]


class RuntimeDaemon(Daemon, CallServer):
    """The daemon with a launcher whose program only sleeps."""

    runtime = "sleeper"

    def start(self):
        home = self.directory / ".drover"
        home.mkdir(mode=0o700, exist_ok=True)
        launcher = {"command": "/bin/sleep", "args": ["300"]}
        (home / "config.json").write_text(json.dumps({"launchers": {self.runtime: launcher}}))
        return super().start()

    def environment(self):
        return super().environment() | {"RUNNER_MAX_SESSIONS": "1000", "TMUX_TMPDIR": str(self.directory)}

    def spawning(self, target=None):
        """The request that spawns a runtime, with a new id each time."""
        return json.dumps({"type": "spawn", "payload": {"request": {
            "session_id": "@UUID@", "runtime": self.runtime, "env": [{"key": "PATH", "value": "/usr/bin:/bin"}], "cwd": "/",
            "target": target or {"type": "headless", "payload": {}},
        }}})

    def spawn(self, count, clients=1, target=None):
        expected = ("--expect", '{"type":"spawned"')
        return self.calls("call", "--clients", clients, "--count", count, "--request", self.spawning(target), *expected)

    def ask(self, *requests):
        """Makes calls, all at once, and returns their payloads."""
        connections = []
        for request in requests:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(15)
            connection.connect(str(self.socket))
            connection.sendall(json.dumps(request).encode() + b"\n")
            connections.append(connection)
        answers = []
        for connection in connections:
            with connection, connection.makefile("rb") as file:
                answers.append(json.loads(file.readline() or b'{"type":"nothing"}'))
        for answer in answers:
            if answer["type"] in ("error", "nothing"):
                raise Failure(f"the daemon answered {answer}")
        return [answer.get("payload") for answer in answers]

    def running(self):
        request = {"type": "status", "payload": {"request": {"session_id": None, "runtime": None, "state": "running"}}}
        return [row["session_id"] for row in self.ask(request)[0]["lifecycles"]]

    def end_all(self):
        """Ends every runtime, so that each measurement begins alike."""
        self.ask(*[
            {"type": "kill", "payload": {"request": {"session_id": session, "signal": "kill", "grace_secs": 1}}}
            for session in self.running()])
        if left := self.running():
            raise Failure(f"{len(left)} runtimes could not be ended")


class StatusDaemon(RuntimeDaemon):
    """The daemon with a thousand rows of runtimes that have ended."""

    rows = 1000

    def start(self):
        super().start()
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
        database = sqlite3.connect(self.directory / ".drover" / "drover.db")
        with database:
            database.executemany(
                "INSERT INTO lifecycle (session_id, runtime, state, shim_pid, runtime_pid, start_time, exit_code, spawned_at,"
                " updated_at, target) VALUES (?, 'claude', 'Exited', 48210, 48211, '2026-03-02T08:15:30.120+00:00', 0,"
                " '2026-03-02T08:15:30.100+00:00', '2026-03-02T08:16:30.100+00:00', 'headless')",
                [(f"019cad10-4e20-7b31-a6f0-{number:012x}",) for number in range(self.rows)])
        database.close()
        return super().start()


class Tmux:
    """A tmux server of its own, on the servers' core, with panes in which nothing happens."""

    def __init__(self, directory):
        self.environment = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME")}
        self.environment["TMUX_TMPDIR"] = str(directory)
        self.sessions = 0

    def run(self, *words):
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", *words], env=self.environment, capture_output=True, text=True, timeout=20,
            preexec_fn=pinned_to_servers)
        if done.returncode:
            raise Failure(f"tmux {words[0]}: {done.stderr.strip()}")

    def make_session(self, windows):
        """A new session with so many windows of one pane each; returns its name. The one before it goes."""
        before, self.sessions = self.sessions, self.sessions + 1
        name = f"bench{self.sessions}"
        words = ["new-session", "-d", "-s", name, "-x", "120", "-y", "40", "/bin/sleep", "600"]
        for number in range(1, windows):
            words += [";", "new-window", "-d", "-t", f"{name}:{number}", "/bin/sleep", "600"]
        self.run(*words)
        if before:
            self.run("kill-session", "-t", f"=bench{before}")
        return name

    def stop(self):
        subprocess.run(["tmux", "kill-server"], env=self.environment, capture_output=True, timeout=20)


def pinned_to_servers():
    # Not with an end when we end: the server lives longer than the thread that starts it.
    os.sched_setaffinity(0, {SERVER_CORE})


class PaneDaemon(RuntimeDaemon):
    """The daemon beside a tmux server."""

    def start(self):
        self.tmux = Tmux(self.directory)
        return super().start()

    def stop(self):
        self.tmux.stop()
        super().stop()


class BareTmux:
    """A tmux server without the daemon; asked by a process each."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(dir=SCRATCH.name)
        self.tmux = Tmux(self.directory)

    def start(self):
        return self

    def stop(self):
        self.tmux.stop()

    def alive(self):
        return True

    def ask(self, count, *words):
        """A process for each question."""
        return run_calls("run", "--count", count, "--", "tmux", *words, environment=self.tmux.environment)
