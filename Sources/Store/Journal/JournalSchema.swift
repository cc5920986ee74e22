extension Migration {
    /// The journal's own tables. Whoever derives more from it appends migrations to these.
    public static let journal: [Migration] = [
        Migration(
            id: "0001-journal",
            // The first six columns are contract (daemon IPC 7.2), and so is that rowids are never used twice.
            sql: """
                CREATE TABLE events (
                    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
                    id          TEXT UNIQUE NOT NULL,
                    recorded_at TEXT,
                    event_type  TEXT,
                    session_id  TEXT,
                    pid         INTEGER,
                    payload     TEXT,
                    at_ms       INTEGER,
                    source      TEXT,
                    session_seq INTEGER
                );
                CREATE INDEX events_of_session ON events (session_id) WHERE session_id IS NOT NULL;
                CREATE TABLE daemon_meta (
                    key   TEXT PRIMARY KEY,
                    value TEXT
                );
                """
        )
    ]
}
