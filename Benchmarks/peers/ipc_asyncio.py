"""The daemon IPC's transport on asyncio: one line, one answer, one connection. Events are committed to SQLite, each with the
row of its session in one transaction, as durably as the daemon does; nothing else is made of them."""

import asyncio
import json
import os
import sqlite3
import sys

HEALTH = {
    "status": "ok", "pid": os.getpid(), "version": "0.1.0", "protocol_version": 1, "dead_session_reconcile_interval_secs": 15,
    "security": {"peer_auth_mode": "same_user", "rejected_connections": 0},
    "runtime": {"active_connections": 1, "max_active_connections": 64, "build_hash": "0123456789ab"},
    "dead_session_reconcile": {
        "startup": {"runs": 1, "repaired_sessions": 0, "last_run_at": "2026-01-30T12:00:00Z", "last_repair_at": None},
    },
    "hem_shadow": {
        "enabled": False, "mode": "primary", "events_evaluated": 0, "projects_evaluated": 0, "mismatches_total": 0,
        "mismatches_by_category": {}, "mismatches_by_severity": {}, "gate_blocking_mismatches": 0, "gate_critical_mismatches": 0,
        "gate_important_mismatches": 0, "stable_state_samples": 0, "stable_state_matches": 0, "stable_state_agreement_rate": 0.0,
        "stable_state_agreement_gate_target": 0.995, "stable_state_agreement_gate_met": False, "shadow_gate_ready": False,
        "blocking_mismatch_rate": 0.0, "capability_status": {
            "strategy": "runtime_handshake", "handshake_seen": False, "confidence_penalty_factor": 1.0, "unknown_count": 0,
            "misdeclared_count": 0, "warning_count": 0,
        },
    },
    "routing": {
        "enabled": False, "dual_run_enabled": True, "feature_flags": {"dual_run": True, "emit_diagnostics": False},
        "snapshots_emitted": 0, "dual_run_comparisons": 0, "legacy_vs_are_status_mismatch": 0,
        "legacy_vs_are_target_mismatch": 0, "confidence_high": 0, "confidence_medium": 0, "confidence_low": 0, "rollout": {
            "agreement_gate_target": 0.995, "min_comparisons_required": 1000, "min_window_hours_required": 168,
            "comparisons": 0, "volume_gate_met": False, "window_gate_met": False, "status_gate_met": False,
            "target_gate_met": False, "status_row_default_ready": False, "launcher_default_ready": False,
        },
    },
    "backoff": {
        "starts_in_window": 1, "window_secs": 120, "max_starts": 3, "backoff_step_secs": 10, "max_backoff_secs": 60,
        "last_start": "2026-01-30T12:00:00Z", "next_backoff_secs": None,
    },
}


def open_database(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.executescript("""
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, recorded_at TEXT, event_type TEXT, session_id TEXT,
            pid INTEGER, payload TEXT
        );
        CREATE TABLE sessions (session_id TEXT PRIMARY KEY, state TEXT, updated_at TEXT, tools_in_flight INTEGER);
    """)
    return database


class Connection(asyncio.Protocol):
    database = None

    def connection_made(self, transport):
        self.transport = transport
        self.pending = b""

    def data_received(self, data):
        self.pending += data
        end = self.pending.find(b"\n")
        if end < 0:
            return
        request = json.loads(self.pending[:end])
        match request["method"]:
            case "get_health":
                self.answer(HEALTH)
            case "event":
                event = request["params"]
                named = [event.get(key) for key in ("event_id", "recorded_at", "event_type", "session_id", "pid")]
                self.database.execute("BEGIN IMMEDIATE")
                self.database.execute(
                    "INSERT OR IGNORE INTO events (id, recorded_at, event_type, session_id, pid, payload) VALUES (?, ?, ?, ?, ?, ?)",
                    (*named, json.dumps(event)))
                self.database.execute(
                    "INSERT INTO sessions VALUES (?, 'working', ?, 1) ON CONFLICT (session_id) DO UPDATE SET"
                    " updated_at = excluded.updated_at, tools_in_flight = tools_in_flight + 1",
                    (event["session_id"], event["recorded_at"]))
                self.database.execute("COMMIT")
                self.answer({"accepted": True})

    def answer(self, data):
        self.transport.write(json.dumps({"ok": True, "data": data}, separators=(",", ":")).encode() + b"\n")
        self.transport.close()


async def main():
    Connection.database = open_database(sys.argv[2])
    server = await asyncio.get_running_loop().create_unix_server(Connection, sys.argv[1], backlog=1024)
    print('{"port":0}', flush=True)
    await server.serve_forever()


asyncio.run(main())
