extension Migration {
    /// The tables that derive from the facts of launched runtimes; they come after ``journal``.
    ///
    /// `lifecycle` and `rtm_metadata` have the columns that runtime-rpc §11 names, and after them those that only we
    /// need. Others may write rows of their own: these have no `target`.
    public static let runtimes: [Migration] = [
        Migration(
            id: "0002-lifecycle",
            sql: """
                CREATE TABLE lifecycle (
                    session_id       TEXT PRIMARY KEY,
                    runtime          TEXT NOT NULL,
                    state            TEXT NOT NULL,
                    shim_pid         INTEGER,
                    runtime_pid      INTEGER,
                    start_time       TEXT,
                    tmux_pane        TEXT,
                    exit_code        INTEGER,
                    exit_signal      INTEGER,
                    lost_evidence    TEXT,
                    spawned_at       TEXT NOT NULL,
                    updated_at       TEXT NOT NULL,
                    target           TEXT,
                    pane_id          TEXT,
                    start_ticks      INTEGER,
                    boot_id          TEXT,
                    late_exit_code   INTEGER,
                    late_exit_signal INTEGER,
                    pane_server      TEXT,
                    pane_pid         INTEGER
                );
                CREATE INDEX lifecycle_of_state ON lifecycle (state);
                CREATE INDEX lifecycle_by_spawn ON lifecycle (spawned_at);
                CREATE INDEX lifecycle_of_others ON lifecycle (session_id) WHERE target IS NULL;
                """),
        Migration(
            id: "0003-probe-state",
            sql: """
                CREATE TABLE rtm_metadata (
                    key        TEXT PRIMARY KEY,
                    value      TEXT NOT NULL,
                    updated_at TEXT NOT NULL
                );
                """),
        Migration(
            id: "0004-runtime-event",
            // The cursor of runtime-rpc §8. Its numbers are never used twice, even when all rows are gone.
            sql: """
                CREATE TABLE runtime_event (
                    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
                    ts_ms       INTEGER NOT NULL,
                    kind        TEXT NOT NULL,
                    session_id  TEXT NOT NULL,
                    event_rowid INTEGER,
                    payload     TEXT NOT NULL
                );
                """),
    ]

    /// What `doctor` calls the migrations that it speaks of, in their order (runtime-rpc §7).
    static let runtimeDescriptions: [(id: String, description: String)] = [
        ("0002-lifecycle", "lifecycle"), ("0003-probe-state", "probe state"),
    ]
}
