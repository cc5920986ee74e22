import Fleet

/// Reads the rows of the tables of sensing, be they ours or somebody else's, and notes what makes no sense.
///
/// Leniently: times with any offset or fraction, numbers as text, our own columns empty.
struct SensingRow: ~Copyable {
    private(set) var problems: [SensingRowProblem] = []
    private let table: SensingTable
    private var key = ""

    init(_ table: SensingTable) { self.table = table }

    // MARK: - Rows

    /// Reads the columns of ``SensingTable/sessions``.
    mutating func session(_ row: borrowing Statement) -> SensedSession? {
        guard let id = sessionID(row) else { return nil }
        guard let state = SensedState(rawValue: row.text(2)) else { return skip(row, 2) }
        let cwd = row.text(3)
        let path = row.optionalText(5) ?? cwd
        return SensedSession(
            sessionID: id, pid: number(row, 1) ?? 0, state: state, cwd: cwd,
            projectID: row.optionalText(4) ?? path, projectPath: path, updatedAt: time(row, 6, exact: 12),
            stateChangedAt: time(row, 7, exact: 13), lastEvent: row.optionalText(8),
            lastActivityAt: time(row, 9, exact: 14), toolsInFlight: number(row, 10) ?? 0,
            readyReason: state == .ready ? row.optionalText(11).map { ReadyReason($0) } : nil,
            compaction: state == .compacting ? compaction(row) : nil,
            agent: row.optionalText(17).map { ProviderID($0) }, launchedAs: row.optionalText(18).map { SessionID($0) })
    }

    private func compaction(_ row: borrowing Statement) -> Compaction? {
        row.optionalInteger(16).map {
            Compaction(trigger: Compaction.Trigger(rawValue: row.text(15)), wasActive: $0 != 0)
        }
    }

    /// Reads the columns of ``SensingTable/tombstones``.
    mutating func tombstone(_ row: borrowing Statement) -> Tombstone? {
        guard let id = sessionID(row) else { return nil }
        guard let expiresAt = time(row, 2, exact: 4, isNeeded: true) else { return nil }
        return Tombstone(sessionID: id, createdAt: time(row, 1, exact: 3) ?? expiresAt, expiresAt: expiresAt)
    }

    /// Reads the columns of ``SensingTable/activity``, and after them the row's own number.
    mutating func activity(_ row: borrowing Statement) -> SensedActivity? {
        guard let id = sessionID(row) else { return nil }
        guard !row.text(2).isEmpty else { return skip(row, 2) }
        guard let recordedAt = time(row, 4, exact: 5, isNeeded: true) else { return nil }
        // Those of others name no event: they count as older than all that do, in their own order.
        let rowid = row.optionalInteger(6) ?? .min + max(0, row.integer(7))
        return SensedActivity(
            sessionID: id, projectPath: row.text(1), filePath: row.text(2), toolName: row.optionalText(3),
            recordedAt: recordedAt, rowid: rowid)
    }

    /// Reads the columns of ``SensingTable/shells``.
    mutating func shell(_ row: borrowing Statement) -> SensedShell? {
        guard let pid = pid(row) else { return nil }
        guard !row.text(1).isEmpty else { return skip(row, 1) }
        guard let updatedAt = time(row, 6, exact: 7, isNeeded: true) else { return nil }
        return SensedShell(
            pid: pid, cwd: row.text(1), canonicalCwd: row.optionalText(8), tty: row.text(2),
            parentApp: row.optionalText(3), tmuxSession: row.optionalText(4), tmuxClientTTY: row.optionalText(5),
            tmuxPane: row.optionalText(9), procStarted: number(row, 10), updatedAt: updatedAt)
    }

    /// Reads the columns of ``SensingTable/liveness``.
    mutating func liveness(_ row: borrowing Statement) -> ProcessLiveness? {
        guard let pid = pid(row) else { return nil }
        guard let lastSeenAt = time(row, 2, exact: 3, isNeeded: true) else { return nil }
        let started: Int64? = number(row, 1)
        let isExact = started != nil && started == row.optionalInteger(4)
        let start = started.map { seconds in
            ProcessStart(
                epochSeconds: seconds,
                ticks: isExact ? row.optionalInteger(5).map { UInt64(bitPattern: $0) } : nil,
                bootID: isExact ? row.optionalText(6) : nil)
        }
        return ProcessLiveness(pid: pid, start: start, lastSeenAt: lastSeenAt)
    }

    /// Reads the columns of ``SensingTable/rollout``.
    mutating func rollout(_ row: borrowing Statement) -> RoutingRollout {
        key = row.text(0)
        return RoutingRollout(
            comparisons: number(row, 1) ?? 0, statusMismatches: number(row, 2) ?? 0,
            targetMismatches: number(row, 3) ?? 0, firstComparisonAt: time(row, 4, exact: 7),
            lastComparisonAt: time(row, 5, exact: 8), lastSnapshotAt: time(row, 6, exact: 9))
    }

    // MARK: - Columns

    private mutating func sessionID(_ row: borrowing Statement) -> SessionID? {
        key = row.text(0)
        return key.isEmpty ? skip(row, 0) : SessionID(key)
    }

    private mutating func pid(_ row: borrowing Statement) -> UInt32? {
        key = row.text(0)
        guard let pid = UInt32(key), pid != 0 else { return skip(row, 0) }
        return pid
    }

    private mutating func number<Number: FixedWidthInteger>(_ row: borrowing Statement, _ column: Int32) -> Number? {
        guard let text = row.optionalText(column) else { return nil }
        if let number = Number(text) { return number }
        note(row, column, isSkipped: false)
        return nil
    }

    /// A time, of which `exact` holds the milliseconds. An empty one that is needed makes no sense either.
    private mutating func time(
        _ row: borrowing Statement, _ column: Int32, exact: Int32, isNeeded: Bool = false
    ) -> Timestamp? {
        if let text = row.optionalText(column) {
            if let time = Timestamp(stored: text, milliseconds: row.optionalInteger(exact)) { return time }
        } else if !isNeeded {
            return nil
        }
        note(row, column, isSkipped: isNeeded)
        return nil
    }

    private mutating func skip<Value>(_ row: borrowing Statement, _ column: Int32) -> Value? {
        note(row, column, isSkipped: true)
        return nil
    }

    private mutating func note(_ row: borrowing Statement, _ column: Int32, isSkipped: Bool) {
        problems.append(
            SensingRowProblem(
                table: table.name, key: key, column: table.columns[Int(column)], value: row.text(column),
                isSkipped: isSkipped))
    }
}
