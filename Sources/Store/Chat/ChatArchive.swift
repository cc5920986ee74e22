import Fleet

/// The chat sessions of the database.
public enum ChatArchive {
    /// A session with its messages, as they were written.
    public struct Session: Equatable, Sendable {
        public var number: Int64
        public var id: String
        public var createdAt: PreciseTime
        public var updatedAt: PreciseTime
        /// JSON, in order.
        public var messages: [[UInt8]]

        public init(
            number: Int64, id: String, createdAt: PreciseTime, updatedAt: PreciseTime, messages: [[UInt8]]
        ) {
            self.number = number
            self.id = id
            self.createdAt = createdAt
            self.updatedAt = updatedAt
            self.messages = messages
        }
    }

    /// Reads all sessions from a database that has the migrations of `Migration.chat`, by number.
    public static func load(from reader: JournalReader) throws(StoreError) -> [Session] {
        var sessions = try reader.rows(
            "SELECT number, id, created_at, updated_at FROM chat_sessions ORDER BY number"
        ) { row in
            Session(
                number: row.integer(0), id: row.text(1), createdAt: PreciseTime(microseconds: row.integer(2)),
                updatedAt: PreciseTime(microseconds: row.integer(3)), messages: [])
        }
        // Both are in order of the number.
        var index = 0
        _ = try reader.rows("SELECT session, message FROM chat_messages ORDER BY session, position") { row in
            let number = row.integer(0)
            while index < sessions.count, sessions[index].number < number { index += 1 }
            if index < sessions.count, sessions[index].number == number {
                sessions[index].messages.append(row.bytes(1))
            }
        }
        return sessions
    }
}

extension PreciseTime {
    fileprivate init(microseconds: Int64) { self.init(nanoseconds: microseconds &* 1000) }
}
