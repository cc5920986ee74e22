import Fleet

/// Puts batches into the database. It belongs to the journal's thread.
final class JournalWriter {
    private let database: Database
    private let insert: Statement
    private let find: Statement
    private let begin: Statement
    private let commit: Statement
    private let rollback: Statement

    /// Opens or makes the database and brings its schema up to date.
    init(path: String, options: SQLiteJournal.Options) throws(StoreError) {
        do throws(SQLiteError) {
            database = try Database(path: path, access: .write, durability: options.durability)
        } catch {
            throw StoreError(error)
        }
        try Migration.apply(options.migrations, to: database)
        do throws(SQLiteError) {
            if let limit = options.pageLimit { try database.execute("PRAGMA max_page_count = \(limit)") }
            insert = try database.prepare(
                """
                INSERT INTO events (id, recorded_at, event_type, session_id, pid, payload, at_ms, source, session_seq)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
            find = try database.prepare("SELECT seq FROM events WHERE id = ?")
            begin = try database.prepare("BEGIN IMMEDIATE")
            commit = try database.prepare("COMMIT")
            rollback = try database.prepare("ROLLBACK")
        } catch {
            throw StoreError(error)
        }
    }

    /// Pages in the write-ahead log.
    var logFrames: Int { database.logFrames }

    func checkpoint(_ kind: Database.Checkpoint, waitMilliseconds: Int32) -> Bool {
        (try? database.checkpoint(kind, waitMilliseconds: waitMilliseconds)) ?? false
    }
}

// MARK: - Batches

extension JournalWriter {
    /// Applies all items in one transaction, each of them whole or not at all.
    ///
    /// When the transaction itself fails, as on a full disk, it throws: every item has failed, and the journal stays usable.
    func apply(_ items: [JournalItem]) throws(StoreError) -> [JournalCompletion] {
        do throws(SQLiteError) {
            return try applyTogether(items)
        } catch {
            throw StoreError(error)
        }
    }

    private func applyTogether(_ items: [JournalItem]) throws(SQLiteError) -> [JournalCompletion] {
        do throws(SQLiteError) {
            return try inTransaction { () throws(SQLiteError) in
                try items.map { item throws(SQLiteError) in
                    JournalCompletion(token: item.token, result: try apply(item))
                }
            }
        } catch {
            guard error.isOfStatement else { throw error }
            // Once more, so that only the items that fail do. Savepoints copy each page before it changes, and hardly ever
            // does an item fail.
            return try inTransaction { () throws(SQLiteError) in
                try items.map { item throws(SQLiteError) in
                    let result = try inSavepoint { () throws(SQLiteError) in try apply(item) }
                    return JournalCompletion(token: item.token, result: result)
                }
            }
        }
    }

    private func apply(_ item: JournalItem) throws(SQLiteError) -> JournalCompletion.Result {
        switch item.work {
        case .event(let record, let derived):
            let result = try add(record)
            if case .committed(let rowid) = result { try run(derived, of: rowid) }
            return result
        case .events(let records, let derived):
            var rowids: [Int64] = []
            rowids.reserveCapacity(records.count)
            for record in records {
                switch try add(record) {
                case .committed(let rowid), .duplicate(let rowid): rowids.append(rowid)
                case .appended, .applied, .failed: preconditionFailure("an event is stored or was there")
                }
            }
            try run(derived, of: rowids.last ?? 0)
            return .appended(rowids: rowids)
        case .writes(let writes):
            var rows = 0
            for write in writes {
                try database.run(write.sql, write.bindings)
                rows += database.changes
            }
            return .applied(rows: rows)
        case .prune: preconditionFailure("pruning has transactions of its own")
        }
    }

    private func run(_ writes: [DerivedWrite], of rowid: Int64) throws(SQLiteError) {
        for write in writes { try database.run(write.sql, write.bindings, eventRowid: rowid) }
    }

    private func add(_ record: JournalRecord) throws(SQLiteError) -> JournalCompletion.Result {
        try insert.bind(1, record.id)
        try insert.bind(2, record.recordedAt ?? Timestamp(milliseconds: record.atMs).iso8601)
        try insert.bind(3, record.type)
        if let sessionId = record.sessionId { try insert.bind(4, sessionId) } else { try insert.bindNull(4) }
        if let pid = record.pid { try insert.bind(5, Int64(pid)) } else { try insert.bindNull(5) }
        try insert.bind(6, utf8: record.payload)
        try insert.bind(7, record.atMs)
        try insert.bind(8, record.source)
        if let number = record.sessionSeq { try insert.bind(9, number) } else { try insert.bindNull(9) }
        do throws(SQLiteError) {
            // Not `ON CONFLICT DO NOTHING`, which would use up a rowid for each duplicate.
            try insert.run()
        } catch {
            guard error.isUniqueness, let rowid = try rowid(of: record.id) else { throw error }
            return .duplicate(rowid: rowid)
        }
        return .committed(rowid: database.lastInsertRowid)
    }

    private func rowid(of id: String) throws(SQLiteError) -> Int64? {
        try find.bind(1, id)
        defer { find.reset() }
        return try find.step() ? find.integer(0) : nil
    }
}

// MARK: - Retention

extension JournalWriter {
    /// Where a pruning stands. It goes through the events in steps, so that appends never wait for long.
    struct Pruning {
        let token: UInt64
        let retention: Retention
        /// How many more of the oldest events have to go because of their number.
        var surplus: Int
        var position: Int64 = 0
        var deleted = 0
    }

    /// Rows looked at in one step.
    static let pruningStep = 2000

    func beginPruning(_ retention: Retention, token: UInt64) throws(SQLiteError) -> Pruning {
        let count = try database.first("SELECT count(*) FROM events") { Int($0.integer(0)) } ?? 0
        return Pruning(token: token, retention: retention, surplus: max(0, count - retention.keepNewest))
    }

    /// Takes one step. Says whether it was the last.
    func step(_ pruning: inout Pruning) throws(SQLiteError) -> Bool {
        let retention = pruning.retention
        let (position, surplus) = (pruning.position, pruning.surplus)
        var seen = 0
        var last = position
        var doomed: [Int64] = []
        // Events that were inserted by hand have no milliseconds, but the same time in words.
        try database.withKept(
            """
            SELECT seq, coalesce(at_ms < ?1, recorded_at < ?2, 0) FROM events
            WHERE seq > ?3 AND seq <= ?4 ORDER BY seq LIMIT ?5
            """,
            [
                .integer(retention.olderThanMs), .text(Timestamp(milliseconds: retention.olderThanMs).iso8601),
                .integer(position), .integer(retention.cursor), .integer(Int64(Self.pruningStep)),
            ]
        ) { (row: borrowing Statement) throws(SQLiteError) in
            while try row.step() {
                last = row.integer(0)
                seen += 1
                if doomed.count < surplus || row.integer(1) != 0 { doomed.append(last) }
            }
        }
        try inTransaction { () throws(SQLiteError) in
            for rowid in doomed { try database.run("DELETE FROM events WHERE seq = ?", [.integer(rowid)]) }
        }
        pruning.position = last
        pruning.surplus = max(0, surplus - doomed.count)
        pruning.deleted += doomed.count
        return seen < Self.pruningStep
    }
}

// MARK: - Transactions

extension JournalWriter {
    private func inTransaction<Result>(_ body: () throws(SQLiteError) -> Result) throws(SQLiteError) -> Result {
        try begin.run()
        do throws(SQLiteError) {
            let result = try body()
            try commit.run()
            return result
        } catch {
            if database.isInTransaction { try? rollback.run() }
            throw error
        }
    }

    /// Undoes what `body` did when it fails, and nothing else; the others of its batch go on.
    private func inSavepoint(
        _ body: () throws(SQLiteError) -> JournalCompletion.Result
    ) throws(SQLiteError) -> JournalCompletion.Result {
        try database.run("SAVEPOINT item")
        do throws(SQLiteError) {
            let result = try body()
            try database.run("RELEASE item")
            return result
        } catch {
            guard error.isOfStatement && database.isInTransaction else { throw error }
            try database.run("ROLLBACK TO item")
            try database.run("RELEASE item")
            return .failed(StoreError(error))
        }
    }
}
