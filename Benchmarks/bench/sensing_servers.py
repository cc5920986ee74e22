"""The daemon IPC's servers and reporters: how each is started, and how the load client calls it."""

import json
import os
import pathlib
import shutil
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

from .machine import CACHE, PYTHON, SCRATCH, Failure
from .runtime_servers import CallServer, Tmux, run_calls
from .servers import BIN, PEERS, Daemon


def processor_seconds(pid):
    """Of a process and of those of its children that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")


class SensingDaemon(Daemon, CallServer):
    """The daemon, asked at the socket to which agents report."""

    @property
    def socket(self):
        return self.directory / "ipc.sock"

    def await_ready(self, begin):
        super().await_ready(begin)
        # Its other sockets may be there first.
        while time.monotonic() - begin < self.start_limit:
            try:
                self.ask("get_health")
                return
            except OSError:
                time.sleep(0.002)
        self.stop()
        raise Failure("nobody answers at the socket of the daemon IPC")

    def ask(self, method, params=None):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(15)
            peer.connect(str(self.socket))
            peer.sendall(json.dumps({"protocol_version": 1, "method": method, "params": params}).encode() + b"\n")
            with peer.makefile("rb") as file:
                answer = json.loads(file.readline() or b'{"ok":false}')
        if not answer["ok"]:
            raise Failure(f"the daemon answered {answer}")
        return answer["data"]


class InMemory(SensingDaemon):
    """The same with its home in memory: what is left without the disk."""

    def __init__(self):
        super().__init__()
        shutil.rmtree(self.directory)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="drover-bench-", dir="/dev/shm"))
        self.log = self.directory / "stderr"


class Asyncio(CallServer):
    title = "asyncio"

    def command(self):
        return [PYTHON, PEERS / "ipc_asyncio.py", self.socket, self.directory / "peer.db"]


class Reporter:
    """A program that reports, and a daemon that it reports to."""

    payload = {
        "session_id": "bench", "transcript_path": "/home/ada/.claude/projects/-src-demo/5f1c.jsonl", "cwd": "/tmp",
        "permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": "Edit", "tool_use_id": "toolu_01",
        "tool_input": {"file_path": "/src/demo/a.py", "old_string": "x" * 2000, "new_string": "y" * 2000, "replace_all": False},
    }

    def __init__(self, words, count):
        self.words, self.count = words, count

    def start(self):
        self.daemon = SensingDaemon().start()
        self.directory = tempfile.mkdtemp(dir=SCRATCH.name)
        self.input = f"{self.directory}/input"
        with open(self.input, "w") as file:
            json.dump(self.payload, file)
        return self

    def stop(self):
        self.daemon.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def alive(self):
        return self.daemon.alive()

    def environment(self, path):
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.daemon.directory), "CAPACITOR_DAEMON_SOCKET": str(path), "PWD": "/tmp"}

    def run(self, scale):
        before = len(self.daemon.ask("get_sessions"))
        figures = run_calls(
            "run", "--count", max(20, int(self.count * scale)), "--stdin", self.input, "--", *self.words,
            environment=self.environment(self.daemon.socket))
        if before == 0 and not self.daemon.ask("get_sessions"):
            raise Failure("it reported nothing")
        return figures | {"peakMB": self.peak_kb() / 1024}

    def peak_kb(self):
        """The most memory that it has had, seen by whom it reports to while it waits for the answer."""
        path, peaks = f"{self.directory}/s", []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(8)

        def serve():
            for _ in range(3):
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as file:
                    file.readline()
                    pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
                    with open(f"/proc/{pid}/status") as status:
                        peaks.extend(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
                    connection.sendall(b'{"ok":true,"data":{"accepted":true}}\n')

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        for _ in range(3):
            with open(self.input) as file:
                subprocess.run(
                    [str(word) for word in self.words], stdin=file, env=self.environment(path), timeout=20, check=True,
                    capture_output=True)
        thread.join(5)
        listener.close()
        os.unlink(path)
        if len(peaks) != 3:
            raise Failure("its memory could not be seen")
        return sorted(peaks)[1]


REPORTERS = {
    "Drover": ([BIN / "drover-hook", "handle"], 400),
    "bare C": ([CACHE / "hook_floor"], 400),
    "Python": (["python3", "-I", "-S", PEERS / "hook_python.py"], 100),
    "Node": (["node", PEERS / "hook_node.js"], 60),
}


class History:
    """A database of a daemon with so many reports in it, which plain SQL has inserted."""

    events = 100_000
    sessions = 200

    def __init__(self):
        self.directory = tempfile.mkdtemp(dir=SCRATCH.name)
        self.path = f"{self.directory}/drover.db"
        daemon = SensingDaemon().start()
        daemon.process.terminate()
        daemon.process.wait(10)
        shutil.copy(daemon.directory / ".drover" / "drover.db", self.path)
        daemon.stop()
        for number in range(20):
            project = pathlib.Path(self.directory, f"demo{number}")
            (project / "src").mkdir(parents=True)
            (project / ".git").mkdir()
        begin = int(time.time()) - 600
        kinds = ["pre_tool_use", "post_tool_use"] * 9 + ["user_prompt_submit", "stop"]

        def row(number):
            kind, session = kinds[number // self.sessions % len(kinds)], f"s{number % self.sessions}"
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin + number * 500 // self.events))
            event = {
                "event_id": f"evt-{number}", "recorded_at": at, "event_type": kind, "session_id": session,
                "cwd": f"{self.directory}/demo{number % 20}/src",
            }
            if "tool" in kind:
                event |= {"tool": "Edit", "file_path": f"a{number % 100}.py", "metadata": {"tool_use_id": f"toolu_{number}"}}
            if kind == "stop":
                event["stop_hook_active"] = False
            return event["event_id"], at, kind, session, None, json.dumps(event)

        database = sqlite3.connect(self.path)
        with database:
            database.executemany(
                "INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload) VALUES (?, ?, ?, ?, ?, ?)",
                (row(number) for number in range(self.events)))
            database.execute("INSERT OR REPLACE INTO daemon_meta VALUES ('last_applied_event_rowid', '0')")
            self.first = database.execute("SELECT min(seq) - 1 FROM events WHERE id LIKE 'evt-%'").fetchone()[0]
        database.close()


class Restarted:
    """A daemon that is started beside a history."""

    history = None

    def start(self):
        if Restarted.history is None:
            Restarted.history = History()
        return self

    def stop(self):
        pass

    def alive(self):
        return True

    def measure(self):
        """How long until all reports are applied and answered from, and how long until a second daemon answers."""
        daemon = SensingDaemon()
        home = daemon.directory / ".drover"
        home.mkdir(mode=0o700)
        shutil.copy(self.history.path, home / "drover.db")
        figures = {}
        for name in ("replay", "again"):
            daemon.start()
            figures[f"{name}Ms"], figures[f"{name}CpuMs"] = daemon.ready_ms, processor_seconds(daemon.process.pid) * 1000
            known = daemon.ask("get_sessions")
            if len(known) != self.history.sessions:
                raise Failure(f"{len(known)} sessions are known, and not {self.history.sessions}")
            figures[f"{name}MB"] = daemon.resident_kb() / 1024
            states = sorted((row["session_id"], row["state"], row["tools_in_flight"]) for row in known)
            if figures.setdefault("states", states) != states:
                raise Failure("the second daemon knows something else than the first")
            database = sqlite3.connect(home / "drover.db", timeout=20)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                cursor = database.execute("SELECT value FROM daemon_meta WHERE key = 'last_applied_event_rowid'").fetchone()
                if int(cursor[0]) >= self.history.events + self.history.first:
                    break
                time.sleep(0.02)
            else:
                raise Failure(f"the cursor stays at {cursor}")
            database.close()
            daemon.process.terminate()
            daemon.process.wait(30)
            daemon.process.stdout.close()
        daemon.stop()
        del figures["states"]
        return figures


class ReplayScript(Restarted):
    def measure(self):
        done = subprocess.run(
            ["python3", PEERS / "replay.py", self.history.path], capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)


class PanesDaemon(SensingDaemon):
    """The daemon beside a tmux server with so many panes, in which nothing happens."""

    panes = 50

    def start(self):
        self.tmux = Tmux(self.directory)
        self.tmux.make_session(self.panes)
        super().start()
        # As somebody asks who wants to know where a project is; then tmux is known.
        self.look()
        return self

    def look(self):
        return self.ask("get_routing_snapshot", {"project_path": f"{self.directory}/nowhere"})

    def environment(self):
        return super().environment() | {"TMUX_TMPDIR": str(self.directory)}

    def stop(self):
        self.tmux.stop()
        super().stop()

    def pids(self):
        return [self.process.pid]


class PollingShell:
    """What asks tmux every second, two processes each time, whether somebody wants to know or not."""

    def start(self):
        self.directory = tempfile.mkdtemp(dir=SCRATCH.name)
        self.tmux = Tmux(self.directory)
        self.tmux.make_session(PanesDaemon.panes)
        script = (
            "while :; do tmux -u list-clients -F '#{client_tty} #{session_name} #{pane_current_path}';"
            " tmux -u list-panes -a -F '#{session_name} #{pane_current_path}'; sleep 1; done")
        self.process = subprocess.Popen(
            ["sh", "-c", script], env=self.tmux.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        return self

    def look(self):
        pass

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.tmux.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def alive(self):
        return self.process.poll() is None
