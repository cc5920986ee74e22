import Bytes
import Fleet

/// What the database knows of launched runtimes, read while the journal's thread writes.
public struct RuntimeArchive: Sendable {
    /// All that a daemon begins with.
    public struct Contents: Equatable, Sendable {
        /// Ours, by session id; those of others are in ``RuntimeArchive/foreignRows(isKnown:)``.
        public var rows: [RuntimeLifecycle]
        /// `nil` while there is no event.
        public var firstSequence: UInt64?
        /// The highest number that was ever given; 0 before the first.
        public var lastSequence: UInt64
        /// The newest events, in order, as many as memory holds.
        public var tail: [RuntimeEventLog.Record]
        /// When the running rows were last looked at (runtime-rpc §7, `last_probe_sweep`).
        public var lastSweep: PreciseTime?
        public var problems: [RuntimeRowProblem]

        /// The table and the log to begin with.
        public var table: RuntimeTable { RuntimeTable(rows) }
        public var log: RuntimeEventLog {
            RuntimeEventLog(firstSequence: firstSequence, lastSequence: lastSequence, tail: tail)
        }
    }

    /// Rows of `lifecycle`, and what was wrong with some.
    public struct Rows: Equatable, Sendable {
        public var rows: [RuntimeLifecycle] = []
        public var problems: [RuntimeRowProblem] = []
    }

    private let reader: JournalReader

    /// Reads from a database that has the migrations of `Migration.runtimes`.
    public init(_ reader: JournalReader) { self.reader = reader }

    /// Reads all that a daemon begins with. Nobody should be writing.
    public static func load(from reader: JournalReader) throws(StoreError) -> Contents {
        let archive = RuntimeArchive(reader)
        let ours = try archive.rows("target IS NOT NULL")
        let last = try archive.lastSequence()
        let sweep = try reader.rows("SELECT value FROM rtm_metadata WHERE key = ?", [.text(RuntimeProjection.sweepKey)])
        { $0.text(0) }
        return Contents(
            rows: ours.rows, firstSequence: try archive.firstSequence(), lastSequence: last,
            tail: try archive.newest(RuntimeEventLog.memoryLimit),
            lastSweep: sweep.first.flatMap { PreciseTime(rfc3339: $0) }, problems: ours.problems)
    }

    // MARK: - Rows

    /// Rows that another process wrote and that nobody has adopted yet (runtime-rpc §4.3), by session id.
    ///
    /// Passed over are those whose session the caller knows. A row is ours once the fact `adopted` is in the journal.
    public func foreignRows(isKnown: (SessionID) -> Bool = { _ in false }) throws(StoreError) -> Rows {
        var found = try rows("target IS NULL")
        found.rows.removeAll { isKnown($0.sessionID) }
        return found
    }

    private func rows(_ condition: String) throws(StoreError) -> Rows {
        var found = Rows()
        let read = try reader.rows(
            "SELECT \(RuntimeLifecycle.columns) FROM lifecycle WHERE \(condition) ORDER BY session_id"
        ) { RuntimeRow($0) }
        for row in read {
            if let row = row.row { found.rows.append(row) }
            found.problems += row.problems
        }
        return found
    }

    // MARK: - Events

    /// Events with numbers above `since`, oldest first, at most `limit` of them (runtime-rpc §8).
    public func events(since: UInt64, limit: Int = .max) throws(StoreError) -> [RuntimeEventLog.Record] {
        guard let since = Int64(exactly: since) else { return [] }
        return try records(
            "SELECT seq, ts_ms, kind, payload FROM runtime_event WHERE seq > ? ORDER BY seq LIMIT ?",
            [.integer(since), .integer(Int64(limit))])
    }

    private func newest(_ count: Int) throws(StoreError) -> [RuntimeEventLog.Record] {
        try records(
            "SELECT seq, ts_ms, kind, payload FROM runtime_event ORDER BY seq DESC LIMIT ?", [.integer(Int64(count))]
        ).reversed()
    }

    private func records(_ sql: SQL, _ bindings: [SQLValue]) throws(StoreError) -> [RuntimeEventLog.Record] {
        try reader.rows(sql, bindings) { row -> RuntimeEventLog.Record? in
            // One that somebody spoilt is left out; the others keep their numbers.
            guard let payload = try? JSON(parsing: row.bytes(3)), let sequence = UInt64(exactly: row.integer(0)),
                let event = RuntimeEvent(kind: row.text(2), payload: payload)
            else { return nil }
            return RuntimeEventLog.Record(
                sequence: sequence, at: Timestamp(milliseconds: row.integer(1)), event: event)
        }.compactMap { $0 }
    }

    /// The number of the oldest event that is still there.
    public func firstSequence() throws(StoreError) -> UInt64? {
        try reader.rows("SELECT min(seq) FROM runtime_event") { $0.optionalInteger(0) }
            .first?.flatMap { UInt64(exactly: $0) }
    }

    /// The highest number that was ever given, or 0.
    func lastSequence() throws(StoreError) -> UInt64 {
        try reader.rows("SELECT seq FROM sqlite_sequence WHERE name = 'runtime_event'") { $0.integer(0) }
            .first.flatMap { UInt64(exactly: $0) } ?? 0
    }

    // MARK: - Doctor

    /// What `doctor` calls the migrations that were and were not applied (runtime-rpc §7, `sqlite`).
    public func migrations() throws(StoreError) -> (applied: [String], pending: [String]) {
        let known = Set(try reader.rows("SELECT id FROM migration") { $0.text(0) })
        let all = Migration.runtimeDescriptions
        return (
            all.filter { known.contains($0.id) }.map(\.description),
            all.filter { !known.contains($0.id) }.map(\.description)
        )
    }
}
