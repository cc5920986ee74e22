"""Reads the reports of a journal and folds them into a state for each session: the least that a rebuild does."""

import json
import sqlite3
import sys
import time

begin = time.perf_counter()
sessions = {}
count = 0
for session, kind, payload in sqlite3.connect(sys.argv[1]).execute("SELECT session_id, event_type, payload FROM events ORDER BY seq"):
    event = json.loads(payload)
    state = sessions.setdefault(session, {"tools": 0})
    match kind:
        case "pre_tool_use":
            state["tools"] += 1
            state["state"] = "working"
        case "post_tool_use":
            state["tools"] = max(0, state["tools"] - 1)
            state["state"] = "working"
        case "stop":
            state["tools"] = 0
            state["state"] = "ready"
    state["cwd"], state["at"] = event["cwd"], event["recorded_at"]
    count += 1
print(json.dumps({"replayMs": (time.perf_counter() - begin) * 1000, "replayCpuMs": time.process_time() * 1000, "count": count}))
