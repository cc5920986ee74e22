import Fleet

/// What news of agents and shells change in the tables, in the transaction of the event itself (daemon-ipc §7.3, D-08).
///
/// Effects say which rows the rules have changed and how they are now, so that reading the tables back gives the same
/// values. The writes of an event know it by its id: appended in a group or replayed, each finds its own rowid, and
/// those of an event that the cursor has passed do nothing.
public enum SensingProjection {
    /// The writes for all effects of one event, to be committed with it, and the cursor behind it.
    ///
    /// Without an event, for what Drover itself has found: a reconcile pass, what has expired, a child that started.
    public static func writes(for effects: [SensingEffect], of event: EventID?) -> [DerivedWrite] {
        guard !effects.isEmpty else { return [] }
        let id = SQLValue.optional(event?.rawValue)
        var writes: [DerivedWrite] = []
        writes.reserveCapacity(effects.count + 1)
        for effect in effects { append(effect, id, to: &writes) }
        // Behind all the others, since it is what tells them that the event is new.
        if event != nil { writes.append(DerivedWrite(passEvent, [id])) }
        return writes
    }

    private static func append(_ effect: SensingEffect, _ id: SQLValue, to writes: inout [DerivedWrite]) {
        switch effect {
        case .upsertLiveness(let row): writes.append(DerivedWrite(putLiveness, [id] + row.values))
        case .deleteLiveness(let pid): writes.append(DerivedWrite(dropLiveness, [id, .number(pid)]))
        case .upsertSession(let row): writes.append(DerivedWrite(putSession, [id] + row.values))
        case .deleteSession(let session):
            let bindings = [id, .text(session.rawValue)]
            writes.append(DerivedWrite(dropSession, bindings))
            writes.append(DerivedWrite(dropActivity, bindings))
        case .appendActivity(let row):
            writes.append(DerivedWrite(addActivity, [id] + row.values + [.integer(row.rowid)]))
        case .writeTombstone(let row): writes.append(DerivedWrite(putTombstone, [id] + row.values))
        case .deleteTombstone(let session):
            writes.append(DerivedWrite(dropTombstone, [id, .text(session.rawValue)]))
        case .upsertShell(let row): writes.append(DerivedWrite(putShell, [id] + row.values))
        case .deleteShell(let pid): writes.append(DerivedWrite(dropShell, [id, .number(pid)]))
        case .advanceCursor(let rowid):
            // That of an event is known only where it is inserted.
            if id == .null { writes += cursorPassed(rowid) }
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

    /// Where the cursor stands; 0 when there is none.
    private static let cursor = """
        coalesce((SELECT CAST(value AS INTEGER) FROM daemon_meta WHERE key = '\(cursorKey)'), 0)
        """

    private static let passEvent = """
        INSERT INTO daemon_meta (key, value)
        SELECT '\(cursorKey)', CAST(seq AS TEXT) FROM events WHERE id = ?1 AND seq > \(cursor)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """

    private static let passRow = """
        INSERT INTO daemon_meta (key, value) SELECT '\(cursorKey)', CAST(?1 AS TEXT) WHERE ?1 > \(cursor)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """
}

// MARK: - Statements

// In all of them ?1 is the id of the event, or null.
extension SensingProjection {
    /// Whether there is no event, or one that the cursor has not passed. Rowids rise, and each event is applied either
    /// in the transaction that gave it one or in their order.
    private static let isNew = "(?1 IS NULL OR (SELECT seq FROM events WHERE id = ?1) > \(cursor))"

    private static let putSession = upsert(.sessions)
    private static let putTombstone = upsert(.tombstones)
    private static let putShell = upsert(.shells)
    private static let putLiveness = upsert(.liveness)

    private static let dropSession = delete(.sessions)
    private static let dropActivity = delete(.activity)
    private static let dropTombstone = delete(.tombstones)
    private static let dropShell = delete(.shells)
    private static let dropLiveness = delete(.liveness)

    private static let addActivity = """
        INSERT INTO activity (\(SensingTable.activity.list))
        SELECT ?2, ?3, ?4, ?5, ?6, ?7, coalesce((SELECT seq FROM events WHERE id = ?1), ?8) WHERE \(isNew)
        """

    static func upsert(_ table: SensingTable) -> String {
        let places = table.columns.indices.map { "?\($0 + 2)" }.joined(separator: ", ")
        let changes = table.columns.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        return """
            INSERT INTO \(table.name) (\(table.list)) SELECT \(places) WHERE \(isNew)
            ON CONFLICT (\(table.columns[0])) DO UPDATE SET \(changes)
            """
    }

    private static func delete(_ table: SensingTable) -> String {
        "DELETE FROM \(table.name) WHERE \(table.columns[0]) = ?2 AND \(isNew)"
    }
}
