import Fleet

/// What the facts of launched runtimes change in the tables, in the transaction of the facts themselves
/// (runtime-rpc §8, §11; D-22).
///
/// Each write does what `RuntimeTable` does with the same fact, so that reading the table back gives the same rows.
/// Writes know their event by its id: appended in a group, each finds its own rowid, and those of an event that was in
/// the journal before find that it was applied, and do nothing.
public enum RuntimeProjection {
    /// The writes that derive from one event, to be committed with it; none for events that are not of runtimes.
    public static func writes(for event: JournalEvent) -> [DerivedWrite] {
        guard case .runtime(let fact) = event.body, let session = event.sessionID else { return [] }
        var writes: [DerivedWrite] = []
        if let change = change(fact, of: session, id: event.id, at: PreciseTime(event.at)) { writes.append(change) }
        if let told = fact.event(of: session), let sequence = event.sequence, sequence > 0 {
            writes.append(
                DerivedWrite(
                    insertEvent,
                    [
                        .text(event.id.rawValue), .integer(Int64(sequence)), .integer(event.at.milliseconds),
                        .text(told.kind), .text(session.rawValue), .utf8(told.payload.encoded()),
                    ]))
        }
        if !writes.isEmpty { writes.append(DerivedWrite(markApplied, [.text(event.id.rawValue)])) }
        return writes
    }

    /// Remembers when the running rows were last looked at (§4.3).
    public static func sweepWritten(at time: PreciseTime) -> [DerivedWrite] {
        let text = SQLValue.text(time.rfc3339WithOffset)
        return [
            DerivedWrite(
                """
                INSERT INTO rtm_metadata (key, value, updated_at) VALUES (?, ?, ?)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
                """, [.text(sweepKey), text, text])
        ]
    }

    /// Drops leading events that are both beyond the newest 10 000 and older than seven days (§8).
    ///
    /// Once it is applied, the log in memory is told what `RuntimeArchive.firstSequence()` then says.
    public static func prune(at now: Timestamp) -> [DerivedWrite] {
        [
            DerivedWrite(
                """
                DELETE FROM runtime_event
                WHERE seq <= (SELECT seq FROM runtime_event ORDER BY seq DESC LIMIT 1 OFFSET ?)
                AND seq < coalesce(
                    (SELECT seq FROM runtime_event WHERE ts_ms >= ? ORDER BY seq LIMIT 1), \(Int64.max))
                """,
                [
                    .integer(Int64(RuntimeEventLog.retainedCount)),
                    .integer(RuntimeEventLog.oldestRetained(at: now).milliseconds),
                ])
        ]
    }

    /// The key of `rtm_metadata` (§11).
    static let sweepKey = "last_probe_sweep_at"
}

// MARK: - Rows

extension RuntimeProjection {
    private static func change(
        _ fact: RuntimeFact, of session: SessionID, id: EventID, at: PreciseTime
    ) -> DerivedWrite? {
        let id = SQLValue.text(id.rawValue)
        let row = RuntimeLifecycle(fact, of: session)
        let session = SQLValue.text(session.rawValue)
        let at = SQLValue.text(at.rfc3339WithOffset)
        switch fact {
        case .accepted: return row.map { DerivedWrite(insertRow, [id] + $0.values) }
        case .adopted: return row.map { DerivedWrite(replaceRow, [id] + $0.values) }
        case .abandoned: return DerivedWrite(deleteRow, [id, session])
        case .placed(let placement):
            return DerivedWrite(setPlaced, [id, session, .text(placement.server), .number(placement.pid)])
        case .running(let shimPID, let runtimePID, let startTime, let startTicks, let bootID):
            return DerivedWrite(
                setRunning,
                [
                    id, session, at, .number(shimPID), .number(runtimePID), .text(startTime.rfc3339WithOffset),
                    .bits(startTicks), .optional(bootID),
                ])
        case .terminated(let exit, _):
            return DerivedWrite(setExited, [id, session, at, .number(exit.code), .number(exit.signal)])
        case .lost(let evidence): return DerivedWrite(setLost, [id, session, at, .text(evidence.column)])
        case .lateExit(let exit):
            guard exit.isKnown else { return nil }
            return DerivedWrite(setLateExit, [id, session, .number(exit.code), .number(exit.signal)])
        }
    }
}

// MARK: - Statements

// In all of them ?1 is the id of the event.
extension RuntimeProjection {
    /// The key of `daemon_meta` under which the rowid of the last event applied here stands.
    private static let appliedKey = "runtime_last_applied_event_rowid"

    private static let lastApplied =
        "coalesce((SELECT CAST(value AS INTEGER) FROM daemon_meta WHERE key = '\(appliedKey)'), 0)"

    /// Whether the event is new. Rowids rise, and each event is applied in the transaction that gave it one.
    private static let isNew = "(SELECT seq FROM events WHERE id = ?1) > \(lastApplied)"

    private static let markApplied: SQL = """
        INSERT INTO daemon_meta (key, value)
        SELECT '\(appliedKey)', CAST(seq AS TEXT) FROM events WHERE id = ?1 AND seq > \(lastApplied)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """

    // Should a number be there already, the event that had it first keeps it.
    private static let insertEvent: SQL = """
        INSERT INTO runtime_event (seq, ts_ms, kind, session_id, event_rowid, payload)
        SELECT ?2, ?3, ?4, ?5, (SELECT seq FROM events WHERE id = ?1), ?6 WHERE \(isNew)
        ON CONFLICT (seq) DO NOTHING
        """

    private static let insertion: String = {
        let places = RuntimeLifecycle.columns.split(separator: ", ").indices.map { "?\($0 + 2)" }
        return """
            INSERT INTO lifecycle (\(RuntimeLifecycle.columns)) SELECT \(places.joined(separator: ", ")) WHERE \(isNew)
            ON CONFLICT (session_id) DO UPDATE SET (\(RuntimeLifecycle.columns)) =
            (\(RuntimeLifecycle.columns.split(separator: ", ").map { "excluded.\($0)" }.joined(separator: ", ")))
            """
    }()

    private static let replaceRow = SQL(insertion)
    /// A row that another program wrote is not one of ours.
    private static let insertRow = SQL(insertion + " WHERE lifecycle.target IS NULL")

    private static let deleteRow: SQL =
        "DELETE FROM lifecycle WHERE session_id = ?2 AND state = 'Forking' AND \(isOurs) AND \(isNew)"

    private static let setRunning: SQL = """
        UPDATE lifecycle SET state = 'Running', updated_at = ?3, shim_pid = ?4, runtime_pid = ?5, start_time = ?6,
        start_ticks = ?7, boot_id = ?8 WHERE session_id = ?2 AND state = 'Forking' AND \(isOurs) AND \(isNew)
        """

    private static let setPlaced: SQL = """
        UPDATE lifecycle SET pane_server = ?3, pane_pid = ?4
        WHERE session_id = ?2 AND state IN ('Forking', 'Running') AND \(isOurs) AND \(isNew)
        """

    private static let setExited: SQL = """
        UPDATE lifecycle SET state = 'Exited', updated_at = ?3, exit_code = ?4, exit_signal = ?5
        WHERE session_id = ?2 AND state IN ('Forking', 'Running') AND \(isOurs) AND \(isNew)
        """

    private static let setLost: SQL = """
        UPDATE lifecycle SET state = 'Lost', updated_at = ?3, lost_evidence = ?4
        WHERE session_id = ?2 AND state IN ('Forking', 'Running') AND \(isOurs) AND \(isNew)
        """

    private static let setLateExit: SQL = """
        UPDATE lifecycle SET late_exit_code = ?3, late_exit_signal = ?4
        WHERE session_id = ?2 AND state = 'Lost' AND late_exit_code IS NULL AND late_exit_signal IS NULL
        AND \(isOurs) AND \(isNew)
        """

    private static let isOurs = "target IS NOT NULL"
}
