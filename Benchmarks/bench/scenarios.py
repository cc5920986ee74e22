"""What is measured, against whom, and what is to be reached."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from . import servers
from .machine import HERE, PYTHON, SCRATCH, SERVER_CORE, Failure, pinned, resident_kb, wakeups
from .servers import (
    BIN,
    Daemon,
    NatsServer,
    NchanServer,
    NodeServer,
    PythonSocketIOServer,
    RoomServer,
    RoomServerWebSocket,
    SocketifyServer,
    TerminalDaemon,
    TerminalTerminado,
    TerminalWebSockets,
)


@dataclass
class Goal:
    """At least `factor` times as good as `peer`; or, without a peer, at least as good as `limit`."""

    peer: str | None = None
    factor: float | None = None
    limit: float | None = None


@dataclass
class Row:
    """One line of the table: a figure of the scenario, and whether more of it is better."""

    title: str
    metric: str
    unit: str
    more: bool = True
    goals: list = field(default_factory=list)
    subject: str = "Drover"


class Scenario:
    """Measurements made alternately. Servers stay up from the first round to the last unless `fresh`."""

    name = ""
    rows: list = []
    contestants: dict = {}
    rounds = 3
    seconds = 2.0
    fresh = False

    def measure(self, server, seconds):
        raise NotImplementedError

    def prepare(self, key):
        """Starts one contestant."""
        return self.contestants[key]().start()


SOCKETS = {
    "Drover": RoomServer,
    "uWebSockets": SocketifyServer,
    "NATS": NatsServer,
    "nginx + nchan": NchanServer,
    "Node": NodeServer,
    "python-socketio": PythonSocketIOServer,
}


class Fanout(Scenario):
    contestants = SOCKETS

    seconds = 1.5

    def __init__(self, name, sockets, window, title, goals):
        self.name, self.sockets, self.window = name, sockets, window
        self.rows = [Row(title, "perSecond", "deliveries/s", goals=goals)]

    def measure(self, server, seconds):
        return server.run_load("fanout", "--n", self.sockets, "--window", self.window, seconds=seconds)


class PlainFanout(Fanout):
    contestants = {"Drover": RoomServerWebSocket, "uWebSockets": SocketifyServer, "nginx + nchan": NchanServer}


class Latency(Scenario):
    name = "latency"
    contestants = SOCKETS
    seconds = 3.0
    rows = [
        Row("delivery latency, 100 sockets, 50/s, p50", "p50Ms", "ms", False, [Goal("uWebSockets", 1.0)]),
        Row("delivery latency, 100 sockets, 50/s, p99", "p99Ms", "ms", False, [Goal("uWebSockets", 1.0)]),
    ]

    def measure(self, server, seconds):
        return server.run_load("latency", "--n", 100, "--rate", 50, seconds=seconds)


class Connections(Scenario):
    name = "connect"
    contestants = SOCKETS | {"daemon": Daemon}
    goals = [Goal("uWebSockets", 0.56), Goal("Node", 7.1)]
    rows = [
        Row("connections established", "perSecond", "1/s", True, goals),
        Row("connections established with the daemon", "perSecond", "1/s", True, goals, subject="daemon"),
    ]

    def measure(self, server, seconds):
        return server.run_load("connect", "--n", 32, seconds=seconds)


class IdleMemory(Scenario):
    name = "memory"
    contestants = SOCKETS | {"daemon": Daemon}
    goals = [Goal(limit=2.0), Goal("Node", 1.0)]
    rounds = 2
    fresh = True
    connections = 5000
    rows = [
        Row("resident memory per idle socket, 5 000", "kilobytes", "KB", False, goals),
        Row("resident memory per idle socket of the daemon", "kilobytes", "KB", False, goals, subject="daemon"),
    ]

    def measure(self, server, seconds):
        server.hold_idle(200)()  # what is allocated once should be there before we look
        time.sleep(0.3)
        before = server.resident_kb()
        let_go = server.hold_idle(self.connections)
        time.sleep(0.5)
        after = server.resident_kb()
        let_go()
        return {"kilobytes": max(0.01, (after - before) / self.connections), "before": before, "after": after}


class Echo(Scenario):
    name = "echo"
    contestants = {key: SOCKETS[key] for key in ("Drover", "uWebSockets", "Node", "python-socketio")}
    rows = [
        Row("acknowledged echo, 32 connections", "perSecond", "1/s", True, [Goal("Node", 2.7), Goal("uWebSockets", 1.0)]),
    ]

    def measure(self, server, seconds):
        return server.run_load("echo", "--n", 32, seconds=seconds)


class HTTP(Scenario):
    contestants = {
        "Drover": RoomServer,
        "daemon": Daemon,
        "uWebSockets": SocketifyServer,
        "nginx": NchanServer,
        "Node": NodeServer,
        "python-socketio": PythonSocketIOServer,
    }

    def __init__(self, name, connections, pipeline, title, goals, path="/health"):
        self.name, self.connections, self.pipeline = name, connections, pipeline
        self.rows = [
            Row(f"GET /health of the room server, {title}", "perSecond", "1/s", True, goals),
            Row(f"GET health of the daemon, {title}", "perSecond", "1/s", True, goals, subject="daemon"),
        ]

    def measure(self, server, seconds):
        path = server.health_path() if isinstance(server, Daemon) else "/health"
        server.load, kept = [], server.load
        try:
            return server.run_load(
                "http", "--proto", "http", "--path", path, "--n", self.connections, "--pipeline", self.pipeline, seconds=seconds)
        finally:
            server.load = kept


class Terminal(Scenario):
    name = "terminal"
    contestants = {"Drover": TerminalDaemon, "terminado": TerminalTerminado, "Python websockets": TerminalWebSockets}
    seconds = 4.0
    fresh = True
    rows = [
        Row("byte in a PTY to 100 viewers, p50", "p50Ms", "ms", False, [Goal(limit=1.0), Goal("terminado", 1.0)]),
        Row("byte in a PTY to 100 viewers, p99", "p99Ms", "ms", False, [Goal(limit=5.0), Goal("terminado", 1.0)]),
    ]

    def measure(self, server, seconds):
        return server.run_load("watch", "--n", 100, seconds=seconds)


class Spawn(Scenario):
    """From the request for a session to its state RUNNING, as a client sees it."""

    name = "spawn"
    contestants = {"Drover": Daemon}
    rows = [
        Row("spawn to running, p50", "p50Ms", "ms", False, [Goal(limit=10.0)]),
        Row("spawn to running, p99", "p99Ms", "ms", False),
    ]

    def measure(self, server, seconds):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)

        def ask(method, path, body=None):
            client.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
            response = client.getresponse()
            text = response.read()
            if response.status >= 300:
                raise Failure(f"{method} {path}: {response.status} {text[:200].decode(errors='replace')}")
            return json.loads(text)

        taken, until = [], time.monotonic() + seconds
        try:
            while time.monotonic() < until or len(taken) < 10:
                begin = time.perf_counter()
                body = {"providerId": "command", "command": {"argv": ["/bin/sleep", "10"]}}
                session = ask("POST", "/api/runner/sessions", body)["sessionId"]
                while (state := ask("GET", f"/api/runner/sessions/{session}")["state"]) != "RUNNING":
                    if state in ("FAILED", "COMPLETED") or time.perf_counter() - begin > 5:
                        raise Failure(f"the session is {state}")
                taken.append((time.perf_counter() - begin) * 1000)
                ask("POST", f"/api/runner/sessions/{session}/stop", {"graceful": False})
                time.sleep(0.02)
        except (OSError, KeyError, ValueError, http.client.HTTPException) as error:
            raise Failure(f"{type(error).__name__}: {error}") from None
        finally:
            client.close()
        taken.sort()
        return {"p50Ms": taken[len(taken) // 2], "p99Ms": taken[(len(taken) - 1) * 99 // 100], "count": len(taken)}


class Command:
    """A contestant that is a program which prints its figures."""

    def __init__(self, words):
        self.words = words
        self.kept_log = ""

    def start(self):
        return self

    def stop(self):
        pass

    def alive(self):
        return True

    def run(self):
        # Where `drover __bench` has its own: both write to the same disk.
        directory = tempfile.mkdtemp(dir=SCRATCH.name)
        try:
            command = [str(word).replace("@DIR@", directory) for word in self.words]
            if not shutil.which(command[0]):
                raise Failure(f"{command[0]} is not there")
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=120, cwd=directory, preexec_fn=pinned(SERVER_CORE),
                env=os.environ | {"DROVER_HOME": directory, "HOME": directory, "TMPDIR": directory})
            if done.returncode:
                raise Failure(f"{os.path.basename(command[0])}: {done.stderr.strip()[-300:] or done.returncode}")
            return json.loads(done.stdout.strip().splitlines()[-1])
        except subprocess.TimeoutExpired:
            raise Failure("took more than 120 s") from None
        except (ValueError, IndexError):
            raise Failure(f"printed no figures: {done.stdout[-200:]!r}") from None
        finally:
            shutil.rmtree(directory, ignore_errors=True)


class Journal(Scenario):
    name = "journal"
    events = 200_000
    contestants = {
        "Drover": lambda: Command([BIN / "drover", "__bench", "journal", "--events", Journal.events]),
        "Python sqlite3": lambda: Command([PYTHON, HERE / "peers" / "journal.py", "@DIR@/journal.db", Journal.events, 256]),
    }
    rows = [
        Row("journal, durable appends, 256 at a time", "eventsPerSecond", "events/s", True, [Goal(limit=100_000), Goal("Python sqlite3", 1.0)]),
        Row("journal, one durable append, p50", "commitP50Ms", "ms", False),
    ]

    def measure(self, server, seconds):
        return server.run()


class Rebuild(Scenario):
    name = "rebuild"
    contestants = {"Drover": lambda: Command([BIN / "drover", "__bench", "rebuild", "--events", 100_000])}
    rows = [Row("rebuild all state from 100 000 events", "seconds", "s", False, [Goal(limit=0.5)])]

    def measure(self, server, seconds):
        return server.run()


class Rest(Scenario):
    name = "rest"
    contestants = SOCKETS | {"Drover": Daemon}
    fresh = True
    seconds = 5.0
    rounds = 1
    rows = [
        Row("at rest, resident", "megabytes", "MB", False, [Goal(limit=20.0), Goal("Node", 1.0)]),
        Row("at rest, wake-ups", "wakeups", "1/s", False, [Goal(limit=1.0)]),
    ]

    def measure(self, server, seconds):
        time.sleep(1.5)
        pid = server.process.pid
        before = wakeups(pid)
        time.sleep(seconds)
        return {"megabytes": resident_kb(pid) / 1024, "wakeups": (wakeups(pid) - before) / seconds}


class Start(Scenario):
    name = "start"
    contestants = SOCKETS | {"Drover": Daemon}
    fresh = True
    rounds = 5
    rows = [Row("exec to ready, empty home", "readyMs", "ms", False, [Goal(limit=100.0), Goal("Node", 1.0)])]

    def measure(self, server, seconds):
        return {"readyMs": server.ready_ms}


# The windows are those at which uWebSockets does best: it gathers at most 32 publications for a socket, and falls to a
# tenth when more arrive at once.
SCENARIOS = [
    Fanout("fanout-1000", 1000, 32, "fan-out, 1 000 sockets, closed loop", [Goal("uWebSockets", 1.0), Goal("Node", 10.0)]),
    Fanout("fanout-100", 100, 24, "fan-out, 100 sockets, closed loop", [Goal("uWebSockets", 1.0), Goal("Node", 10.0)]),
    Fanout("fanout-single", 100, 1, "fan-out, 100 sockets, one at a time", [Goal("uWebSockets", 1.0)]),
    PlainFanout("fanout-ws", 1000, 32, "fan-out, 1 000 plain WebSockets", [Goal("uWebSockets", 1.0)]),
    Latency(),
    Connections(),
    IdleMemory(),
    Echo(),
    HTTP("http", 32, 1, "32 connections", [Goal("uWebSockets", 1.0), Goal("Node", 2.1)]),
    HTTP("http-pipelined", 32, 16, "32 connections, 16 deep", [Goal("uWebSockets", 1.0), Goal("Node", 2.1)]),
    Terminal(),
    Spawn(),
    Journal(),
    Rebuild(),
    Rest(),
    Start(),
]
