"""Appends events to SQLite as the journal does: its schema, WAL, synchronous=FULL, one transaction a batch; then one by one."""

import json
import sqlite3
import sys
import time

path, events, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
singles = 2000
database = sqlite3.connect(path, isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.executescript("""
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, recorded_at TEXT, event_type TEXT, session_id TEXT,
        pid INTEGER, payload TEXT, at_ms INTEGER, source TEXT, session_seq INTEGER
    );
    CREATE INDEX events_of_session ON events (session_id) WHERE session_id IS NOT NULL;
""")
insert = (
    "INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload, at_ms, source, session_seq)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def row(n):
    at = 1_770_000_000_000 + n
    return (
        f"evt-{at}-4242-{n * 0x9E3779B97F4A7C15 % 2**64:x}", "2026-02-02T02:40:00.000Z", "post_tool_use",
        f"00000000-0000-4000-8000-0000000000{10 + n % 90}", 4242, json.dumps({"number": n, "text": "a" * 374})[:400], at, "hook", n,
    )


rows = [row(n) for n in range(events + singles)]

begin = time.perf_counter()
for first in range(0, events, batch):
    database.execute("BEGIN IMMEDIATE")
    database.executemany(insert, rows[first : min(first + batch, events)])
    database.execute("COMMIT")
seconds = time.perf_counter() - begin

commits = []
for values in rows[events:]:
    start = time.perf_counter()
    database.execute(insert, values)
    commits.append(time.perf_counter() - start)
commits.sort()
print(json.dumps({"eventsPerSecond": events / seconds, "commitP50Ms": commits[singles // 2] * 1000}))
