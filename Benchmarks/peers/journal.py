"""Appends events to SQLite as the journal does: WAL, synchronous=FULL, one transaction a batch, a unique id an event."""

import json
import sqlite3
import sys
import time
import uuid

path, events, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
database = sqlite3.connect(path, isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute(
    "CREATE TABLE events (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, session TEXT NOT NULL,"
    " at INTEGER NOT NULL, type TEXT NOT NULL, payload TEXT NOT NULL) STRICT"
)
payload = json.dumps({"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {"command": "x" * 300}})
payload = payload[:400].ljust(400)
session = str(uuid.uuid4())

rows = [(str(uuid.uuid4()), session, 1_700_000_000_000 + n, "PostToolUse", payload) for n in range(events)]

commits = []
begin = time.perf_counter()
for first in range(0, events, batch):
    start = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO events (id, session, at, type, payload) VALUES (?, ?, ?, ?, ?)", rows[first : first + batch])
    database.execute("COMMIT")
    commits.append(time.perf_counter() - start)
seconds = time.perf_counter() - begin
commits.sort()
print(json.dumps({"eventsPerSecond": events / seconds, "commitP50Ms": commits[len(commits) // 2] * 1000}))
