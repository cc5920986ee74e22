extension Migration {
    /// The tables that derive from the events of hooks and shells; they come after ``runtimes``.
    ///
    /// First the columns that daemon-ipc §7.2 names, which operators read and write, and after them those that only we
    /// need. Others leave ours empty, or change a text and not the number that belongs to it; reading minds both.
    public static let sensing: [Migration] = [
        Migration(
            id: "0005-sensed-sessions",
            sql: """
                CREATE TABLE sessions (
                    session_id            TEXT PRIMARY KEY,
                    pid                   INTEGER DEFAULT 0,
                    state                 TEXT NOT NULL,
                    cwd                   TEXT,
                    project_id            TEXT,
                    project_path          TEXT,
                    updated_at            TEXT,
                    state_changed_at      TEXT,
                    last_event            TEXT,
                    last_activity_at      TEXT,
                    tools_in_flight       INTEGER DEFAULT 0,
                    ready_reason          TEXT,
                    updated_at_ms         INTEGER,
                    state_changed_at_ms   INTEGER,
                    last_activity_at_ms   INTEGER,
                    compaction_trigger    TEXT,
                    compaction_was_active INTEGER
                );
                CREATE TABLE activity (
                    id             INTEGER PRIMARY KEY,
                    session_id     TEXT NOT NULL,
                    project_path   TEXT NOT NULL,
                    file_path      TEXT NOT NULL,
                    tool_name      TEXT,
                    recorded_at    TEXT NOT NULL,
                    recorded_at_ms INTEGER,
                    event_rowid    INTEGER
                );
                CREATE INDEX activity_of_session ON activity (session_id);
                CREATE TABLE tombstones (
                    session_id    TEXT PRIMARY KEY,
                    created_at    TEXT NOT NULL,
                    expires_at    TEXT NOT NULL,
                    created_at_ms INTEGER,
                    expires_at_ms INTEGER
                );
                """),
        Migration(
            id: "0006-shells-and-processes",
            // `ticks_proc_started` is the start that the ticks are of: should somebody change `proc_started` alone, the
            // ticks do not count any more.
            sql: """
                CREATE TABLE shell_state (
                    pid             INTEGER PRIMARY KEY,
                    cwd             TEXT NOT NULL,
                    tty             TEXT NOT NULL,
                    parent_app      TEXT,
                    tmux_session    TEXT,
                    tmux_client_tty TEXT,
                    updated_at      TEXT NOT NULL,
                    updated_at_ms   INTEGER,
                    canonical_cwd   TEXT,
                    tmux_pane       TEXT,
                    proc_started    INTEGER
                );
                CREATE TABLE process_liveness (
                    pid                INTEGER PRIMARY KEY,
                    proc_started       INTEGER,
                    last_seen_at       TEXT NOT NULL,
                    last_seen_at_ms    INTEGER,
                    ticks_proc_started INTEGER,
                    start_ticks        INTEGER,
                    boot_id            TEXT
                );
                """),
        Migration(
            id: "0007-routing-rollout",
            sql: """
                CREATE TABLE routing_rollout_state (
                    id                             INTEGER PRIMARY KEY CHECK (id = 1),
                    dual_run_comparisons           INTEGER NOT NULL DEFAULT 0,
                    legacy_vs_are_status_mismatch  INTEGER NOT NULL DEFAULT 0,
                    legacy_vs_are_target_mismatch  INTEGER NOT NULL DEFAULT 0,
                    first_comparison_at            TEXT,
                    last_comparison_at             TEXT,
                    last_snapshot_at               TEXT,
                    first_comparison_at_ms         INTEGER,
                    last_comparison_at_ms          INTEGER,
                    last_snapshot_at_ms            INTEGER
                );
                """),
        Migration(
            id: "0008-agents-of-sessions",
            sql: """
                ALTER TABLE sessions ADD COLUMN agent TEXT;
                ALTER TABLE sessions ADD COLUMN launched_as TEXT;
                """),
    ]
}
