import Fleet

/// What chat turns change in the tables, in the transaction of their events. The rows are the sessions: the journal, which
/// forgets after a while, has only what happened to them and not what was said.
public enum ChatProjection {
    public static func created(number: Int64, id: String, at time: PreciseTime) -> DerivedWrite {
        DerivedWrite(create, [.integer(number), .text(id), .microseconds(time)])
    }

    /// - Parameter message: JSON, as it is shown.
    public static func appended(number: Int64, position: Int, message: [UInt8]) -> DerivedWrite {
        DerivedWrite(append, [.integer(number), .integer(Int64(position)), .utf8(message)])
    }

    public static func updated(number: Int64, at time: PreciseTime) -> DerivedWrite {
        DerivedWrite(update, [.integer(number), .microseconds(time)])
    }

    public static func deleted(number: Int64) -> [DerivedWrite] {
        [
            DerivedWrite("DELETE FROM chat_messages WHERE session = ?", [.integer(number)]),
            DerivedWrite("DELETE FROM chat_sessions WHERE number = ?", [.integer(number)]),
        ]
    }

    private static let create: SQL =
        "INSERT INTO chat_sessions (number, id, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)"

    // A session that was deleted meanwhile stays gone.
    private static let append: SQL = """
        INSERT INTO chat_messages (session, position, message)
        SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM chat_sessions WHERE number = ?1)
        """

    private static let update: SQL = "UPDATE chat_sessions SET updated_at = ?2 WHERE number = ?1"
}

extension SQLValue {
    fileprivate static func microseconds(_ time: PreciseTime) -> SQLValue { .integer(time.nanoseconds / 1000) }
}
