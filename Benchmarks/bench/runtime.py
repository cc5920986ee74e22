"""What is measured of the runtime RPC, against whom, and what is to be reached."""

import json
import os
import pathlib
import tempfile
import time

from .machine import CACHE, HERE, PYTHON, SCRATCH, tree
from .runtime_servers import Asyncio, BareTmux, Floor, NodeNet, PaneDaemon, RuntimeDaemon, StatusDaemon, run_calls
from .scenarios import Command, Goal, Row, Scenario
from .servers import BIN

CALLED = {"Drover": RuntimeDaemon, "C floor": Floor, "Node": NodeNet, "asyncio": Asyncio}


class Version(Scenario):
    """The call that asks for least."""

    contestants = CALLED
    seconds = 1.0

    def __init__(self, clients, limit):
        self.name, self.clients = f"rpc-version-{clients}", clients
        title = f"RPC version, connection each, {clients} client{'s' if clients > 1 else ''}"
        self.rows = [Row(title, "perSecond", "1/s", True, [Goal(limit=limit), Goal("Node", 1.0)])]

    def measure(self, server, seconds):
        return server.calls(
            "call", "--clients", self.clients, "--seconds", seconds, "--request", '{"type":"version"}', "--expect",
            '{"type":"version"')


class Status(Scenario):
    name = "rpc-status"
    contestants = {"Drover": StatusDaemon, "Node": NodeNet, "asyncio": Asyncio}
    seconds = 1.0
    rows = [
        Row("RPC status, 1 000 rows, 1 client", "perSecond", "1/s", True, [Goal("Node", 1.0)]),
        Row("RPC status, 1 000 rows, p99", "p99Ms", "ms", False, [Goal("Node", 1.0)]),
    ]

    def measure(self, server, seconds):
        return server.calls(
            "call", "--seconds", seconds, "--request", '{"type":"status","payload":{"request":{}}}', "--expect", '{"type":"status"')


class LongPolls(Scenario):
    """A hundred wait for the next event; then one happens."""

    name = "rpc-wait"
    contestants = {"Drover": RuntimeDaemon, "Node": NodeNet, "asyncio": Asyncio}
    rows = [
        Row("100 long polls, first to last answer", "spreadMs", "ms", False, [Goal("Node", 1.0)]),
        Row("100 long polls, call that makes the event to last answer", "allMs", "ms", False),
    ]
    waiters = 100

    def measure(self, server, seconds):
        count = 5 if seconds < self.seconds else 15
        if isinstance(server, RuntimeDaemon):
            server.spawn(count)
            sessions = server.running()
        else:
            sessions = [f"019cad10-4e20-7b31-a6f0-{number:012x}" for number in range(count)]
        ends = [
            json.dumps({"type": "shim_exit", "payload": {"exit": {"session_id": session, "exit": {"code": 0, "signal": None}}}})
            for session in sessions]
        return server.calls("wait", "--clients", self.waiters, stdin="\n".join(ends) + "\n")


class RuntimeSpawn(Scenario):
    """From the request written to the answer `spawned` read; Popen returns when the program is executed."""

    def __init__(self, at_once, count, goals):
        self.name, self.at_once, self.count = f"rpc-spawn-{at_once}", at_once, count
        peer = [PYTHON, HERE / "peers" / "spawn_popen.py", count, at_once, "@DIR@"]
        self.contestants = {"Drover": RuntimeDaemon, "Python Popen": lambda: Command(peer)}
        how = "one at a time" if at_once == 1 else f"{at_once} at once"
        self.rows = [
            Row(f"RPC spawn without terminal, {how}, p50", "p50Ms", "ms", False, goals),
            Row(f"RPC spawn without terminal, {how}, p99", "p99Ms", "ms", False),
            Row(f"RPC spawn without terminal, {how}", "perSecond", "1/s", True),
        ]

    def measure(self, server, seconds):
        if isinstance(server, Command):
            return server.run()
        figures = server.spawn(self.count, self.at_once)
        server.end_all()
        return figures


class PaneSpawn(Scenario):
    name = "rpc-spawn-pane"
    contestants = {"Drover": PaneDaemon, "tmux respawn-pane": BareTmux}
    rows = [
        Row("RPC spawn into a pane, p50", "p50Ms", "ms", False, [Goal(limit=10.0)]),
        Row("RPC spawn into a pane, p99", "p99Ms", "ms", False),
    ]
    count = 24

    def measure(self, server, seconds):
        session = server.tmux.make_session(self.count)
        if isinstance(server, BareTmux):
            return server.ask(self.count, "respawn-pane", "-k", "-t", f"{session}:0.0", "--", "/bin/sleep", "300")
        target = {"type": "tmux", "payload": {"address": f"{session}:@N@.0"}}
        figures = server.spawn(self.count, target=target)
        # A pane goes with what runs in it, and a server with its last pane.
        server.tmux.make_session(1)
        server.end_all()
        return figures


class PaneQuestion(Scenario):
    """`status` looks at the panes that live; without the daemon that is a process."""

    name = "rpc-pane"
    contestants = {"Drover": PaneDaemon, "tmux list-panes": BareTmux}
    seconds = 1.0
    rows = [Row("RPC status of a session in a pane, p50", "p50Ms", "ms", False, [Goal(limit=0.2), Goal("tmux list-panes", 10.0)])]

    def prepare(self, key):
        server = super().prepare(key)
        session = server.tmux.make_session(20)
        if key == "Drover":
            server.spawn(1, target={"type": "tmux", "payload": {"address": f"{session}:0.0"}})
        return server

    def measure(self, server, seconds):
        if isinstance(server, BareTmux):
            return server.ask(int(100 * seconds), "list-panes", "-a", "-F", "#{pane_id} #{pane_dead}")
        return server.calls(
            "call", "--seconds", seconds, "--request", '{"type":"status","payload":{"request":{"state":"running"}}}', "--expect",
            '{"type":"status","payload":{"lifec')


class ShimMemory(Scenario):
    name = "shim-memory"
    contestants = {"Drover": RuntimeDaemon}
    rounds = 1
    fresh = True
    shims = 50
    rows = [
        Row("daemon and 50 shims, resident", "residentMB", "MB", False, [Goal(limit=90.0)]),
        Row("daemon and 50 shims, proportional", "proportionalMB", "MB", False, [Goal(limit=90.0)]),
        Row("one of 50 shims, proportional", "shimKB", "KB", False),
    ]

    def measure(self, server, seconds):
        server.spawn(self.shims)
        time.sleep(0.5)
        figures, counted = {}, 0
        for pid in tree(server.process.pid):
            program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
            if program not in ("drover", "drover-shim"):
                continue
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in ("Rss", "Pss"):
                    which = name if pid == server.process.pid else name + "OfShims"
                    figures[which] = figures.get(which, 0) + int(value.split()[0])
            counted += pid != server.process.pid
        return {
            "residentMB": (figures["Rss"] + figures["RssOfShims"]) / 1024, "shims": counted,
            "proportionalMB": (figures["Pss"] + figures["PssOfShims"]) / 1024, "shimKB": figures["PssOfShims"] / counted,
        }


class ShimStart(Scenario):
    """From a program's start until its call for what to launch arrives."""

    name = "shim-start"
    words = ["__shim", "--session-id", "019cad10-4e20-7b31-a6f0-5d2c9be01a01"]
    connecting = (
        "import os,socket;c=socket.socket(socket.AF_UNIX);c.connect(os.environ['RTM_SOCKET_PATH']);"
        "c.sendall(b'{\"type\":\"shim_launch\"}\\n');c.recv(4096)")
    programs = {
        "Drover": [BIN / "drover-shim", *words],
        "daemon as its shim": [BIN / "drover", *words],
        "bare C": [CACHE / "calls", "hello"],
        "Python": [PYTHON, "-I", "-S", "-c", connecting],
    }
    contestants = {key: lambda words=words: Command(words) for key, words in programs.items()}
    rows = [
        Row("shim, exec to its first call, p50", "p50Ms", "ms", False, [Goal("bare C", 0.5)]),
        Row("shim, exec to its first call, p99", "p99Ms", "ms", False),
    ]

    def measure(self, server, seconds):
        directory = tempfile.mkdtemp(dir=SCRATCH.name)
        return run_calls("start", "--socket", f"{directory}/s", "--count", int(25 * seconds), "--", *server.words)


SCENARIOS = [
    Version(1, 15_800),
    Version(16, 71_000),
    Status(),
    LongPolls(),
    RuntimeSpawn(1, 50, [Goal(limit=10.0)]),
    RuntimeSpawn(16, 96, []),
    PaneSpawn(),
    PaneQuestion(),
    ShimMemory(),
    ShimStart(),
]
