"""Daemons that agents and shells report to, with a project on the person's disk."""

import contextlib
import json
import sqlite3
import subprocess
from pathlib import Path

from harness.daemon import Daemon
from harness.ipc import IPC
from harness.program import built


class SensingDaemon(Daemon):
    def __init__(self, **variables: str):
        super().__init__(**variables)
        self.person = Path(self.environment["HOME"])
        self.repo = self.person / "repo"
        (self.repo / "src").mkdir(parents=True)
        (self.repo / "package.json").write_text("{}")
        (self.repo / "src" / "main.rs").write_text("")

    @property
    def ipc(self) -> IPC:
        return IPC(self.environment["CAPACITOR_DAEMON_SOCKET"])

    # What agents do

    def hook(self, payload: dict, *words: str) -> subprocess.CompletedProcess:
        """What an agent does: a shell that runs the hook with JSON on its stdin."""
        hook = built("drover-hook", "DROVER_HOOK_BIN")
        return subprocess.run(
            ["sh", "-c", " ".join([str(hook), "handle", *words])],
            input=json.dumps(payload), text=True, capture_output=True,
            env=self.environment | {"PWD": str(self.repo)}, cwd=self.repo, timeout=60,
        )  # fmt: skip

    @property
    def spool(self) -> list[Path]:
        """The events that wait for a daemon."""
        return sorted((self.person / ".capacitor" / "spool").glob("*.json"))

    # Its database

    def rows(self, sql: str, *values) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.home / "drover.db", timeout=20)) as database:
            return database.execute(sql, values).fetchall()

    def row(self, sql: str, *values) -> tuple | None:
        return next(iter(self.rows(sql, *values)), None)

    def insert(self, *events: dict) -> list[int]:
        """Plain SQL with the six columns of the contract, as an operator would write it; returns the rowids."""
        rowids = []
        with contextlib.closing(sqlite3.connect(self.home / "drover.db", timeout=20)) as database, database:
            for event in events:
                named = [event.get(key) for key in ("event_id", "recorded_at", "event_type", "session_id", "pid")]
                rowids.append(
                    database.execute(
                        "INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload)"
                        " VALUES (?, ?, ?, ?, ?, ?)",
                        (*named, json.dumps(event)),
                    ).lastrowid
                )
        return rowids

    @property
    def cursor(self) -> int:
        """How far the events have been applied."""
        found = self.row("SELECT value FROM daemon_meta WHERE key = 'last_applied_event_rowid'")
        return int(found[0]) if found else 0

    # Life

    def forget_starts(self) -> None:
        """A killed daemon that is started again and again waits longer and longer; tests do not."""
        (self.person / ".capacitor" / "daemon" / "daemon-backoff.json").unlink(missing_ok=True)

    def start_afresh(self) -> "SensingDaemon":
        self.forget_starts()
        self.start()
        return self
