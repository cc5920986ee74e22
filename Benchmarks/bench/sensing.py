"""What is measured of the daemon IPC and of what reports to it, against whom, and what is to be reached."""

import time

from .machine import resident_kb, wakeups
from .runtime_servers import Floor
from .scenarios import Goal, Row, Scenario
from .sensing_servers import (
    REPORTERS,
    Asyncio,
    InMemory,
    PanesDaemon,
    PollingShell,
    ReplayScript,
    Reporter,
    Restarted,
    SensingDaemon,
    processor_seconds,
)


class Hook(Scenario):
    """From a process's start to its end, with the daemon's answer in between: the event is on the disk."""

    name = "hook"
    contestants = {key: lambda words=words, count=count: Reporter(words, count) for key, (words, count) in REPORTERS.items()}
    seconds = 1.0
    rows = [
        Row("hook process, start to acknowledged event and end, p50", "p50Ms", "ms", False, [Goal(limit=3.0), Goal("bare C", 0.27)]),
        Row("hook process, p99", "p99Ms", "ms", False, [Goal(limit=10.0)]),
        Row("hook process, most memory", "peakMB", "MB", False, [Goal(limit=8.0)]),
    ]

    def measure(self, server, seconds):
        return server.run(seconds)


class Health(Scenario):
    contestants = {"Drover": SensingDaemon, "asyncio": Asyncio, "C floor": Floor}
    seconds = 0.8

    def __init__(self, clients):
        self.name, self.clients = f"ipc-health-{clients}", clients
        title = f"IPC get_health, connection each, {clients} client{'s' if clients > 1 else ''}"
        self.rows = [
            Row(title, "perSecond", "1/s", True, [Goal(limit=20_000), Goal("asyncio", 1.0)]),
            Row(f"{title}, p99", "p99Ms", "ms", False),
        ]

    def measure(self, server, seconds):
        expected = () if isinstance(server, Floor) else ("--expect", '{"ok":true')
        return server.calls(
            "call", "--clients", self.clients, "--seconds", seconds, "--request", '{"protocol_version":1,"method":"get_health"}',
            *expected)


class Events(Scenario):
    """Each is on the disk when it is answered, with the row of its session."""

    contestants = {"Drover": SensingDaemon, "asyncio + SQLite": Asyncio, "itself, on tmpfs": InMemory}
    seconds = 0.8

    def __init__(self, clients, goals):
        self.name, self.clients = f"ipc-event-{clients}", clients
        title = f"IPC event, durable, connection each, {clients} client{'s' if clients > 1 else ''}"
        self.rows = [
            Row(title, "perSecond", "1/s", True, [*goals, Goal("asyncio + SQLite", 1.0)]),
            Row(f"{title}, p50", "p50Ms", "ms", False),
            Row(f"{title}, p99", "p99Ms", "ms", False, [Goal(limit=5.0)]),
        ]

    def measure(self, server, seconds):
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        request = (
            '{"protocol_version":1,"method":"event","params":{"event_id":"evt-@UUID@","recorded_at":"' + at + '",'
            '"event_type":"pre_tool_use","session_id":"bench","pid":1,"cwd":"/tmp","tool":"Edit","file_path":"/src/demo/a.py",'
            '"metadata":{"tool_use_id":"toolu_01","permission_mode":"default"}}}')
        return server.calls(
            "call", "--clients", self.clients, "--seconds", seconds, "--request", request, "--expect", '{"ok":true')


class SensingRebuild(Scenario):
    name = "ipc-rebuild"
    contestants = {"Drover": Restarted, "Python": ReplayScript}
    rounds = 2
    rows = [
        Row("start with 100 000 reports to apply, to the first answer", "replayMs", "ms", False, [Goal(limit=500)]),
        Row("start with 100 000 reports to apply, processor time until then", "replayCpuMs", "ms", False),
        Row("start with 100 000 reports applied, to the first answer", "againMs", "ms", False, [Goal(limit=500)]),
        Row("start with 100 000 reports applied, processor time until then", "againCpuMs", "ms", False),
    ]

    def measure(self, server, seconds):
        return server.measure()


class Panes(Scenario):
    """A daemon at rest, and one that somebody asks every two seconds, beside fifty panes."""

    fresh = True
    seconds = 6.0
    rounds = 1

    def __init__(self, name, title, interval, contestants, rows):
        self.name, self.interval, self.contestants = name, interval, contestants
        self.rows = [Row(f"50 panes, {title}, {what}", metric, unit, False, goals) for what, metric, unit, goals in rows]

    def measure(self, server, seconds):
        pid = server.process.pid
        time.sleep(1.5)
        before, woken = processor_seconds(pid), wakeups(pid)
        begin = time.monotonic()
        while (left := begin + seconds - time.monotonic()) > 0:
            if self.interval:
                server.look()
            time.sleep(min(left, self.interval or left))
        took = time.monotonic() - begin
        return {
            "percent": (processor_seconds(pid) - before) / took * 100, "wakeups": (wakeups(pid) - woken) / took,
            "megabytes": resident_kb(pid) / 1024,
        }


SCENARIOS = [
    Hook(),
    Health(1),
    Health(8),
    Health(64),
    Events(1, [Goal(limit=1_500)]),
    Events(8, []),
    Events(16, [Goal(limit=15_000)]),
    Events(64, []),
    SensingRebuild(),
    Panes("panes-rest", "nobody asks", None, {"Drover": PanesDaemon}, [
        ("processor", "percent", "%", [Goal(limit=0.5)]), ("wake-ups", "wakeups", "1/s", [Goal(limit=1.0)]),
        ("resident", "megabytes", "MB", [Goal(limit=20.0)]),
    ]),
    Panes("panes-asked", "asked every 2 s", 2, {"Drover": PanesDaemon, "sh, every second": PollingShell}, [
        ("processor", "percent", "%", [Goal(limit=0.5)]),
    ]),
]
