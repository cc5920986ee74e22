"""What is measured of the chat, against whom, and what is to be reached."""

import json
import time

from .chat_servers import (
    BehindDaemon,
    BehindInMemory,
    BehindNode,
    ChatDaemon,
    ChatInMemory,
    ChatNode,
    ChatSQLite,
    Provider,
    run_streams,
)
from .machine import LOAD_CORE, SERVER_CORE, resident_kb, set_cores
from .scenarios import Goal, Row, Scenario


class Turns(Scenario):
    """Turns with the mock provider, from a daemon that has just been started: does it stay as fast?"""

    connections = 8
    seconds = 4.0
    rounds = 2
    fresh = True

    def __init__(self, name, stay, title, contestants, goals):
        self.name, self.stay, self.contestants = name, stay, contestants
        title = f"chat streams, mock provider, 8 connections, {title}"
        self.rows = [
            Row(title, "perSecond", "1/s", True, goals),
            Row(f"{title}, p50", "p50Ms", "ms", False),
            Row(f"{title}, p99", "p99Ms", "ms", False),
            Row(f"{title}, last third of the time beside the first", "keptPercent", "%", True, [Goal(limit=90.0)]),
        ]

    def measure(self, server, seconds):
        if seconds < self.seconds:
            seconds = 1.0
        stay = ("--stay", "yes") if self.stay else ()
        return server.streams("turns", "--n", self.connections, "--seconds", seconds, *stay)


class Deltas(Scenario):
    """What a server between adds to the provider's own stream, which is read before without it."""

    seconds = 3.0
    rounds = 2

    def __init__(self, streams, contestants, goals):
        self.name, self.streams, self.contestants = f"chat-deltas-{streams}", streams, contestants
        title = f"chat beside its provider, {streams} stream{'s' if streams > 1 else ''} of 300 deltas 2 ms apart"
        self.rows = [
            Row(f"{title}, first byte, p50", "firstByteMs", "ms", False),
            Row(f"{title}, first delta later by, p50", "firstLaterMs", "ms", False, [Goal("Node", 1.0)]),
            Row(f"{title}, each delta later by, p50", "laterP50Ms", "ms", False, goals),
            Row(f"{title}, each delta later by, p99", "laterP99Ms", "ms", False, goals),
            Row(f"{title}, processor time of a delta", "serverUsPerDelta", "µs", False, goals),
        ]

    def measure(self, server, seconds):
        # Short ones for how they begin, long ones for how they go on.
        begun = self.both(server, "SHORT", 5, 15)
        own, provider = self.both(server, "Stream.", Provider.deltas, max(1, round(seconds / 2 / 0.6)))
        return own | {f"provider_{key}": value for key, value in provider.items() if key != "mode"} | {
            "firstByteMs": begun[0]["firstByteMs"], "firstLaterMs": self.later(*begun, "firstDeltaMs"),
            "laterP50Ms": self.later(own, provider, "p50Ms"), "laterP99Ms": self.later(own, provider, "p99Ms")}

    def both(self, server, message, deltas, times):
        """The figures of the server's streams, and of the provider's own."""
        body = json.dumps({"message": message})
        options = ("--n", self.streams, "--count", self.streams * times, "--deltas", deltas, "--body", body)
        provider = run_streams("deltas", server.provider.port, "--path", "/v1/chat/completions", *options)
        return server.streams("deltas", "--path", "/api/chat", *options), provider

    @staticmethod
    def later(own, provider, name):
        return max(0.0001, own[name] - provider[name])


class OpenStreams(Scenario):
    """Streams whose provider says nothing more after five deltas."""

    name = "chat-memory"
    contestants = {"Drover": BehindDaemon, "Node": BehindNode}
    rounds = 1
    fresh = True
    streams = 64
    rows = [
        Row("chat, 64 open streams, memory of each", "kilobytes", "KB", False),
        Row("chat, daemon with 64 open streams, resident", "megabytes", "MB", False, [Goal("Node", 1.0)]),
    ]

    def measure(self, server, seconds):
        # As many have come and gone before, so that what is kept for good does not count.
        whole = json.dumps({"message": "Stream."})
        server.streams("deltas", "--body", whole, "--n", self.streams, "--count", self.streams, "--deltas", Provider.deltas)
        time.sleep(0.3)
        before = resident_kb(server.process.pid)
        let_go = server.hold(self.streams, json.dumps({"message": "HANG"}))
        try:
            time.sleep(0.3)
            after = resident_kb(server.process.pid)
        finally:
            let_go()
        return {
            "kilobytes": max(0.01, (after - before) / self.streams), "megabytes": after / 1024, "before": before, "after": after}


class Sessions(Scenario):
    """A list of ten thousand sessions with a turn each."""

    name = "chat-sessions"
    contestants = {"Drover": ChatInMemory, "Node": ChatNode}
    seconds = 1.0
    rounds = 2
    sessions = 10_000
    rows = [
        Row("GET /api/sessions, 10 000 sessions, p50", "allP50Ms", "ms", False, [Goal("Node", 1.0)]),
        Row("GET /api/sessions, 10 000 sessions, length", "allMB", "MB", False),
        Row("GET /api/sessions?summary=1, 10 000 sessions, p50", "summaryP50Ms", "ms", False, [Goal("Node", 1.0)]),
        Row("GET /api/sessions?summary=1, 10 000 sessions, length", "summaryMB", "MB", False),
        Row("resident with 10 000 sessions of one turn", "megabytes", "MB", False, [Goal("Node", 1.0)]),
    ]

    def prepare(self, key):
        server = super().prepare(key)
        # Only what is measured has to keep to one core.
        set_cores(server.process.pid, {SERVER_CORE, LOAD_CORE})
        server.streams("turns", "--n", 8, "--count", self.sessions)
        set_cores(server.process.pid, {SERVER_CORE})
        server.filled_mb = resident_kb(server.process.pid) / 1024
        return server

    def measure(self, server, seconds):
        figures = {"megabytes": server.filled_mb}
        for name, path in (("all", "/api/sessions"), ("summary", "/api/sessions?summary=1")):
            got = server.streams("get", "--path", path, "--seconds", seconds / 2)
            figures |= {f"{name}P50Ms": got["p50Ms"], f"{name}MB": got["bytes"] / 1e6, f"{name}CpuMs": got["serverMsEach"]}
        return figures


SCENARIOS = [
    Turns(
        "chat-new", False, "each a new session",
        {"Drover": ChatDaemon, "itself, on tmpfs": ChatInMemory, "asyncio + SQLite": ChatSQLite, "Node": ChatNode},
        [Goal(limit=5_000), Goal("asyncio + SQLite", 1.0)]),
    Turns(
        "chat-stay", True, "a session each",
        {"Drover": ChatDaemon, "itself, on tmpfs": ChatInMemory, "Node": ChatNode}, [Goal(limit=5_000)]),
    Deltas(1, {"Drover": BehindDaemon, "itself, on tmpfs": BehindInMemory, "Node": BehindNode}, [Goal("Node", 1.0)]),
    Deltas(16, {"Drover": BehindDaemon, "Node": BehindNode}, [Goal("Node", 1.0)]),
    OpenStreams(),
    Sessions(),
]
