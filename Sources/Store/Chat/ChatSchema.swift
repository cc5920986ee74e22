extension Migration {
    /// The tables of chat sessions (chat-runtime §3, product §5); they come after ``sensing``.
    ///
    /// Sessions have a number of ours beside their id: messages of one session then lie side by side, and those of new
    /// sessions at the end, so that a commit touches few pages. Times are microseconds since 1970.
    public static let chat: [Migration] = [
        Migration(
            id: "0008-chat-sessions",
            sql: """
                CREATE TABLE chat_sessions (
                    number     INTEGER PRIMARY KEY,
                    id         TEXT    NOT NULL UNIQUE,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE chat_messages (
                    session  INTEGER NOT NULL,
                    position INTEGER NOT NULL CHECK (position >= 0),
                    message  TEXT    NOT NULL,
                    PRIMARY KEY (session, position)
                ) STRICT, WITHOUT ROWID;
                """)
    ]
}
