import Fleet

/// What news of agents and shells change in the tables, in the transaction of the event itself (daemon-ipc §7.3, D-08).
///
/// Effects say which rows the rules have changed and how they are now, so that reading the tables back gives the same
/// values.
public enum SensingProjection {
    /// The writes for all effects of one event, and the cursor behind it. To be appended with that event alone: one that
    /// was there already changes nothing.
    public static func writes(withEvent effects: [SensingEffect]) -> [DerivedWrite] {
        guard !effects.isEmpty else { return [] }
        var writes: [DerivedWrite] = []
        writes.reserveCapacity(effects.count + 1)
        for effect in effects { append(effect, eventRowid: .eventRowid, to: &writes) }
        writes.append(.meta(cursorKey, .eventRowid))
        return writes
    }

    /// The writes for what Drover itself has found: a reconcile pass, what has expired, a child that started.
    public static func writes(for effects: [SensingEffect]) -> [DerivedWrite] {
        var writes: [DerivedWrite] = []
        for effect in effects {
            append(effect, to: &writes)
            if case .advanceCursor(let rowid) = effect { writes += cursorPassed(rowid) }
        }
        return writes
    }

    /// The writes for all effects of events that are in the journal already, everything up to `cursor` (§7.4). A row that
    /// changed again and again is written once.
    public static func writes(replaying effects: [SensingEffect], upTo cursor: Int64) -> [DerivedWrite] {
        var writes: [DerivedWrite] = []
        for effect in effects.withoutSuperseded { append(effect, to: &writes) }
        return writes + cursorPassed(cursor)
    }

    private static func append(
        _ effect: SensingEffect, eventRowid: SQLValue? = nil, to writes: inout [DerivedWrite]
    ) {
        switch effect {
        case .upsertLiveness(let row): writes.append(DerivedWrite(putLiveness, row.values))
        case .deleteLiveness(let pid): writes.append(DerivedWrite(dropLiveness, [.number(pid)]))
        case .upsertSession(let row): writes.append(DerivedWrite(putSession, row.values))
        case .deleteSession(let session):
            let bindings = [SQLValue.text(session.rawValue)]
            writes.append(DerivedWrite(dropSession, bindings))
            writes.append(DerivedWrite(dropActivity, bindings))
        case .appendActivity(let row):
            writes.append(DerivedWrite(addActivity, row.values + [eventRowid ?? .integer(row.rowid)]))
        case .writeTombstone(let row): writes.append(DerivedWrite(putTombstone, row.values))
        case .deleteTombstone(let session): writes.append(DerivedWrite(dropTombstone, [.text(session.rawValue)]))
        case .upsertShell(let row): writes.append(DerivedWrite(putShell, row.values))
        case .deleteShell(let pid): writes.append(DerivedWrite(dropShell, [.number(pid)]))
        // Each way of writing has its own.
        case .advanceCursor: break
        }
    }

    /// The key of `daemon_meta` (§7.2).
    static let cursorKey = "last_applied_event_rowid"
}

// MARK: - Cursor

extension SensingProjection {
    /// Says that everything up to `rowid` has been looked at (§7.4): rows that make no sense, and those of others. The
    /// cursor never moves back.
    public static func cursorPassed(_ rowid: Int64) -> [DerivedWrite] {
        [DerivedWrite(passRow, [.integer(rowid)])]
    }

    /// Puts the cursor where a start found it to belong, whatever was there.
    static func cursorPlaced(at rowid: Int64) -> DerivedWrite { .meta(cursorKey, .integer(rowid)) }

    private static let passRow: SQL = """
        INSERT INTO daemon_meta (key, value) SELECT '\(cursorKey)', CAST(?1 AS TEXT)
        WHERE ?1 > coalesce((SELECT CAST(value AS INTEGER) FROM daemon_meta WHERE key = '\(cursorKey)'), 0)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """
}

// MARK: - Statements

extension SensingProjection {
    private static let putSession = upsert(.sessions)
    private static let putTombstone = upsert(.tombstones)
    private static let putShell = upsert(.shells)
    private static let putLiveness = upsert(.liveness)
    static let putRollout = upsert(.rollout)

    private static let dropSession = delete(.sessions)
    private static let dropActivity = delete(.activity)
    private static let dropTombstone = delete(.tombstones)
    private static let dropShell = delete(.shells)
    private static let dropLiveness = delete(.liveness)

    private static let addActivity: SQL =
        "INSERT INTO activity (\(SensingTable.activity.list)) VALUES (\(places(SensingTable.activity)))"

    private static func upsert(_ table: SensingTable) -> SQL {
        let changes = table.columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO \(table.name) (\(table.list)) VALUES (\(places(table)))
            ON CONFLICT (\(table.columns[0])) DO UPDATE SET \(changes)
            """
    }

    private static func places(_ table: SensingTable) -> String {
        table.columns.map { _ in "?" }.joined(separator: ", ")
    }

    private static func delete(_ table: SensingTable) -> SQL {
        "DELETE FROM \(table.name) WHERE \(table.columns[0]) = ?"
    }
}
