import Synchronization

/// Reads the journal over a connection of its own, while the journal's thread writes.
///
/// Any thread may call it; a second one waits. It answers at once, and sees what was committed before each call.
/// Opening it costs far more than a question: keep it.
public final class JournalReader: @unchecked Sendable {
    /// Only touched with `turn` held.
    private let database: Database
    private let turn = Mutex(())

    /// Opens a database that a `SQLiteJournal` has made.
    public init(path: String) throws(StoreError) {
        do { database = try Database(path: path, access: .read) } catch { throw StoreError(error) }
    }

    /// Events after `rowid`, oldest first, of one session or of all, of some types or of all.
    public func events(
        since rowid: Int64, limit: Int, session: String? = nil, types: [String] = []
    ) throws(StoreError) -> JournalSlice {
        try translating { () throws(SQLiteError) in
            // Asked first: what is committed between the two questions must not be passed over.
            let newest = try newest()
            var sql = "SELECT \(JournalEntry.columns) FROM events WHERE seq > ?"
            var bindings: [SQLValue] = [.integer(rowid)]
            if let session {
                sql += " AND session_id = ?"
                bindings.append(.text(session))
            }
            if !types.isEmpty {
                sql += " AND event_type IN (\(types.map { _ in "?" }.joined(separator: ",")))"
                bindings += types.map { .text($0) }
            }
            sql += " ORDER BY seq LIMIT ?"
            bindings.append(.integer(Int64(limit) + 1))
            var entries = try database.rows(SQL(sql), bindings) { JournalEntry($0) }
            guard entries.count > limit else {
                let last = entries.last?.rowid ?? rowid
                return JournalSlice(entries: entries, cursor: max(rowid, last, newest), hasMore: false)
            }
            entries.removeLast()
            return JournalSlice(entries: entries, cursor: entries.last?.rowid ?? rowid, hasMore: true)
        }
    }

    /// Passes every event after `rowid` to `body`, in order, and says how many there were.
    ///
    /// Meant for the start, when nobody writes; later it would see what is committed meanwhile, too. `body` must not
    /// ask this reader anything.
    @discardableResult
    public func replay(since rowid: Int64 = 0, _ body: (JournalEntry) -> Void) throws(StoreError) -> Int {
        var position = rowid
        var total = 0
        while true {
            // In pieces, so that no old view of the database keeps the write-ahead log from beginning anew.
            let count = try piece(after: position) { entry in
                position = entry.rowid
                body(entry)
            }
            total += count
            if count < Self.pieceSize { return total }
        }
    }

    private static let pieceSize = 20_000

    private func piece(after rowid: Int64, _ body: (JournalEntry) -> Void) throws(StoreError) -> Int {
        try translating { () throws(SQLiteError) in
            var count = 0
            try database.withKept(
                "SELECT \(JournalEntry.columns) FROM events WHERE seq > ? ORDER BY seq LIMIT \(Self.pieceSize)",
                [.integer(rowid)]
            ) { (row: borrowing Statement) throws(SQLiteError) in
                while try row.step() {
                    count += 1
                    body(JournalEntry(row))
                }
            }
            return count
        }
    }
}

// MARK: - Single facts

extension JournalReader {
    /// The first rowid the journal still holds, or `nil` when it holds none.
    public func oldestRowid() throws(StoreError) -> Int64? {
        try first("SELECT min(seq) FROM events") { $0.optionalInteger(0) }
    }

    /// The last rowid that was ever given, or 0. It stays when the event itself is deleted.
    public func newestRowid() throws(StoreError) -> Int64 {
        try translating { () throws(SQLiteError) in try newest() }
    }

    /// The event with this id.
    public func event(id: String) throws(StoreError) -> JournalEntry? {
        try first("SELECT \(JournalEntry.columns) FROM events WHERE id = ?", [.text(id)]) { JournalEntry($0) }
    }

    public func count() throws(StoreError) -> Int {
        try first("SELECT count(*) FROM events") { Int($0.integer(0)) } ?? 0
    }

    /// Passes the id of every event.
    public func forEachID(_ body: (String) -> Void) throws(StoreError) {
        _ = try rows("SELECT id FROM events") { body($0.text(0)) }
    }

    /// A value of the table `daemon_meta`.
    public func meta(_ key: String) throws(StoreError) -> String? {
        try first("SELECT value FROM daemon_meta WHERE key = ?", [.text(key)]) { $0.optionalText(0) }
    }

    /// Any other query, for tables that derive from the journal.
    public func rows<Row>(
        _ sql: SQL, _ bindings: [SQLValue] = [], _ row: (borrowing Statement) -> Row
    ) throws(StoreError) -> [Row] {
        try translating { () throws(SQLiteError) in try database.rows(sql, bindings) { row($0) } }
    }

    private func first<Value>(
        _ sql: SQL, _ bindings: [SQLValue] = [], _ value: (borrowing Statement) -> Value?
    ) throws(StoreError) -> Value? {
        try translating { () throws(SQLiteError) in try database.first(sql, bindings) { value($0) } ?? nil }
    }

    private func newest() throws(SQLiteError) -> Int64 {
        try database.first("SELECT seq FROM sqlite_sequence WHERE name = 'events'") { $0.integer(0) } ?? 0
    }

    private func translating<Value>(_ body: () throws(SQLiteError) -> Value) throws(StoreError) -> Value {
        do throws(SQLiteError) {
            return try turn.withLock { _ throws(SQLiteError) in try body() }
        } catch {
            throw StoreError(error)
        }
    }
}
