/// All that is known of agents and shells that report by daemon-ipc: sessions, tombstones, activity, shells, processes.
///
/// A plain value. Each input changes it and answers which rows change, for one transaction; when that fails, the value
/// from before is kept (D-08). Live events and those of a replay take the same way (§7.4).
public struct SensingState: Equatable, Sendable {
    public let settings: SensingSettings
    /// The rowid of the event that was applied last.
    public private(set) var cursor: Int64
    public private(set) var shells: [UInt32: SensedShell]
    public private(set) var liveness: [UInt32: ProcessLiveness]
    var histories: [SessionID: SessionHistory] = [:]
    private var activityRows: [SessionID: [SensedActivity]] = [:]
    private var sessionsOfPID: [UInt32: Set<SessionID>] = [:]
    /// The newest start of a session in a process that has some: what was recorded of others before it is over.
    private var startOfPID: [UInt32: SessionStarted] = [:]
    private var expiries = ExpiryQueue()

    /// How many rows of activity a session keeps (§7.6).
    public static let activityLimit = 1000

    /// Takes up what the tables say.
    public init(
        settings: SensingSettings = SensingSettings(), cursor: Int64 = 0, sessions: [SensedSession] = [],
        tombstones: [Tombstone] = [], activity: [SensedActivity] = [], shells: [SensedShell] = [],
        liveness: [ProcessLiveness] = []
    ) {
        self.settings = settings
        self.cursor = cursor
        self.shells = Dictionary(shells.map { ($0.pid, $0) }) { $1 }
        self.liveness = Dictionary(liveness.map { ($0.pid, $0) }) { $1 }
        let buried = Dictionary(tombstones.map { ($0.sessionID, $0) }) { $1 }
        for session in sessions {
            let id = session.sessionID
            histories[id] = SessionHistory(id, record: session, tombstone: buried[id])
            recordChanged(id, from: 0, to: session)
        }
        for tombstone in tombstones where histories[tombstone.sessionID] == nil {
            histories[tombstone.sessionID] = SessionHistory(tombstone.sessionID, tombstone: tombstone)
        }
        for row in activity { activityRows[row.sessionID, default: []].append(row) }
        for id in activityRows.keys { activityRows[id]?.sort { $0.rowid < $1.rowid } }
    }

    /// The record as it is stored, expired ones included.
    public subscript(id: SessionID) -> SensedSession? { histories[id]?.record }

    // MARK: - Events

    /// Applies an event of the journal (§7.3). One at or before the cursor has been applied and changes nothing.
    ///
    /// The caller has found its id to be new. `receivedAt` is the clock's time then; `project` is what the disk said of
    /// the event's paths.
    public mutating func apply(
        _ event: HookEvent, rowid: Int64, receivedAt: Timestamp, project: ProjectFacts, processes: some ProcessView
    ) -> [SensingEffect] {
        guard rowid > cursor else { return [] }
        let at = min(event.recordedAt, receivedAt + settings.futureTolerance)
        var effects: [SensingEffect] = []
        effects.reserveCapacity(4)
        if let pid = event.pid { noteProcess(pid, at: at, processes, &effects) }
        if event.type == .shellCwd {
            noteShell(event, at: at, project, &effects)
        } else if let id = event.sessionID {
            let news = SessionNews(event, rowid: rowid, at: at, project: project)
            let change = take(news, of: id, &effects)
            if change.stands { appendActivity(of: event, at: at, rowid: rowid, project, &effects) }
        }
        prune(at: receivedAt, processes, &effects)
        cursor = rowid
        effects.append(.advanceCursor(rowid))
        return effects
    }

    /// The agent of a session has started a program: so whoever was asked has answered in the terminal.
    ///
    /// Changes nothing unless the session waits, and did so before `at`.
    public mutating func childStarted(_ id: SessionID, at: Timestamp) -> [SensingEffect] {
        note(SessionNews(subject: .answered, source: .childStarted, at: at), of: id)
    }

    /// Applies an event that the contract does not know: to a session that is known, by what it says of its state.
    public mutating func apply(_ event: ExtraEvent, receivedAt: Timestamp) -> [SensingEffect] {
        let at = min(event.recordedAt, receivedAt + settings.futureTolerance)
        guard let news = SessionNews(event, at: at) else { return [] }
        return note(news, of: event.sessionID)
    }

    private mutating func note(_ news: SessionNews, of id: SessionID) -> [SensingEffect] {
        guard histories[id]?.record != nil else { return [] }
        var effects: [SensingEffect] = []
        _ = take(news, of: id, &effects)
        return effects
    }

    mutating func forgetProcess(_ pid: UInt32) { liveness[pid] = nil }
    mutating func forgetShell(_ pid: UInt32) { shells[pid] = nil }
    mutating func adopt(_ shell: SensedShell) { shells[shell.pid] = shell }
    mutating func adopt(_ row: ProcessLiveness) {
        liveness[row.pid] = ProcessLiveness(
            pid: row.pid, start: row.start,
            lastSeenAt: max(row.lastSeenAt, liveness[row.pid]?.lastSeenAt ?? row.lastSeenAt))
    }
}

// MARK: - Sessions

extension SensingState {
    private mutating func take(
        _ news: SessionNews, of id: SessionID, _ effects: inout [SensingEffect]
    ) -> SessionHistory.Change {
        let settings = settings
        var change = histories[id, default: SessionHistory(id)].apply(news, settings)
        guard let history = histories[id] else { return change }
        if history.isEmpty {
            // What says nothing of an unknown session leaves nothing behind, or anybody could fill the memory.
            histories[id] = nil
        }
        if change.isRecordChanged {
            let record = history.record
            recordChanged(id, from: change.before.pid, to: record)
            if change.before.isThere, change.didEnd || record == nil {
                activityRows[id] = nil
                effects.append(.deleteSession(id))
            }
            if let record { effects.append(.upsertSession(record)) }
        }
        if change.isTombstoneChanged {
            effects.append(history.tombstone.map { .writeTombstone($0) } ?? .deleteTombstone(id))
        }
        if news.isStart, change.stands { supersede(by: history.record, at: news.at, &effects) }
        if isSuperseded(histories[id]?.record) {
            delete(id, &effects)
            change.stands = false
        }
        return change
    }

    private struct SessionStarted: Equatable, Sendable {
        var session: SessionID
        var at: Timestamp
    }

    /// Whether another session has started in the same process since. Its start may have arrived first.
    private func isSuperseded(_ record: SensedSession?) -> Bool {
        guard let record, let start = startOfPID[record.pid], start.session != record.sessionID else { return false }
        return record.time.map { $0 <= start.at } ?? true
    }

    /// A new conversation in the same process takes the place of the old (§4.4).
    private mutating func supersede(by session: SensedSession?, at: Timestamp, _ effects: inout [SensingEffect]) {
        guard let session, session.pid != 0 else { return }
        if startOfPID[session.pid].map({ $0.at <= at }) ?? true {
            startOfPID[session.pid] = SessionStarted(session: session.sessionID, at: at)
        }
        guard let others = sessionsOfPID[session.pid], others.count > 1 else { return }
        for id in others.sorted() where id != session.sessionID {
            guard let record = histories[id]?.record, record.time.map({ $0 <= at }) ?? true else { continue }
            delete(id, &effects)
        }
    }

    /// Deletes a record and its activity; nobody said that the session has ended, so there is no tombstone.
    private mutating func delete(_ id: SessionID, _ effects: inout [SensingEffect]) {
        guard let history = histories[id], let record = history.record else { return }
        if history.tombstone == nil {
            histories[id] = nil
        } else {
            histories[id]?.replace(nil, claim: nil)
        }
        recordChanged(id, from: record.pid, to: nil)
        activityRows[id] = nil
        effects.append(.deleteSession(id))
    }

    private mutating func recordChanged(_ id: SessionID, from pid: UInt32, to after: SensedSession?) {
        let newPID = after?.pid ?? 0
        if pid != newPID {
            if pid != 0 {
                sessionsOfPID[pid]?.remove(id)
                if sessionsOfPID[pid]?.isEmpty == true {
                    sessionsOfPID[pid] = nil
                    startOfPID[pid] = nil
                }
            }
            if newPID != 0 { sessionsOfPID[newPID, default: []].insert(id) }
        }
        if let after, let time = after.time {
            expiries.insert(id, at: time + settings.timeToLive(of: after.state))
        }
    }

    /// Whether a process has a session, and so is remembered.
    func isReferenced(_ pid: UInt32) -> Bool { sessionsOfPID[pid] != nil }

    mutating func dropTombstone(_ id: SessionID) {
        histories[id]?.dropTombstone()
        if histories[id]?.isEmpty == true { histories[id] = nil }
    }
}

// MARK: - Expiry (§4.7) and reconcile (§4.8)

extension SensingState {
    /// Whether a record is not shown any more and may be deleted. One without a time never is.
    public func isExpired(_ session: SensedSession, at now: Timestamp, _ processes: some ProcessView) -> Bool {
        guard let time = session.time else { return false }
        let age = now - time
        guard age > settings.timeToLive(of: session.state) else { return false }
        if session.state == .idle || age > settings.hardCap { return true }
        return isAlive(session.pid, processes) != true
    }

    /// Deletes what has expired.
    public mutating func prune(
        at now: Timestamp, _ processes: some ProcessView, _ effects: inout [SensingEffect]
    ) {
        var kept: [(SessionID, Timestamp)] = []
        while let id = expiries.popExpired(at: now) {
            guard let record = histories[id]?.record, let time = record.time else { continue }
            if isExpired(record, at: now, processes) {
                delete(id, &effects)
            } else {
                // One that only its process keeps is looked at again as often as processes are.
                let deadline = time + settings.timeToLive(of: record.state)
                kept.append((id, deadline < now ? now + settings.reconcileInterval : deadline))
            }
        }
        for (id, time) in kept { expiries.insert(id, at: time) }
    }

    /// Makes idle whose process is gone, and deletes what has expired (§4.8).
    ///
    /// `repaired` counts the former.
    public mutating func reconcile(
        _ source: ReconcileSource, at now: Timestamp, _ processes: some ProcessView
    ) -> (effects: [SensingEffect], repaired: Int) {
        var effects: [SensingEffect] = []
        var repaired = 0
        for id in histories.keys.sorted() {
            guard var record = histories[id]?.record, record.state != .idle,
                isAlive(record.pid, processes) == false
            else { continue }
            let claim = StateClaim(source: .reconcile(source), at: now, state: .idle, verdict: .decided)
            record.state = .idle
            record.updatedAt = now
            record.stateChangedAt = now
            record.lastEvent = claim.source.name
            record.toolsInFlight = 0
            record.readyReason = nil
            record.compaction = nil
            histories[id]?.replace(record, claim: claim)
            recordChanged(id, from: record.pid, to: record)
            effects.append(.upsertSession(record))
            repaired += 1
        }
        prune(at: now, processes, &effects)
        return (effects, repaired)
    }

    /// Whether the process of a session or a shell is alive; `nil` when nobody knows (§8.3).
    public func isAlive(_ pid: UInt32, _ processes: some ProcessView) -> Bool? {
        guard pid != 0 else { return nil }
        return ProcessLiveness.isAlive(pid, stored: liveness[pid]?.start, processes.reading(of: pid))
    }
}

// MARK: - The other rows

extension SensingState {
    private mutating func noteProcess(
        _ pid: UInt32, at: Timestamp, _ processes: some ProcessView, _ effects: inout [SensingEffect]
    ) {
        let known = liveness[pid]
        let row = ProcessLiveness(
            pid: pid, start: processes.reading(of: pid).start ?? known?.start,
            lastSeenAt: known.map { max($0.lastSeenAt, at) } ?? at)
        guard row != known else { return }
        liveness[pid] = row
        effects.append(.upsertLiveness(row))
    }

    private mutating func noteShell(
        _ event: HookEvent, at: Timestamp, _ project: ProjectFacts, _ effects: inout [SensingEffect]
    ) {
        guard let shell = SensedShell(event, at: at, canonicalCwd: project.canonicalCwd) else { return }
        // Reports are sent in the background, so an older one may come later.
        if let known = shells[shell.pid], known.updatedAt > at, known.procStarted == shell.procStarted { return }
        shells[shell.pid] = shell
        effects.append(.upsertShell(shell))
    }

    private mutating func appendActivity(
        of event: HookEvent, at: Timestamp, rowid: Int64, _ project: ProjectFacts,
        _ effects: inout [SensingEffect]
    ) {
        guard event.type == .postToolUse, let id = event.sessionID,
            let cwd = event.cwd, !cwd.isBlank, let file = event.filePath, !file.isBlank
        else { return }
        let row = SensedActivity(
            sessionID: id, projectPath: project.file?.boundary ?? cwd, filePath: LexicalPath.join(cwd, file) ?? file,
            toolName: event.tool, recordedAt: at, rowid: rowid)
        activityRows[id, default: []].append(row)
        // A quarter more, so that the rows do not move at each event.
        if let count = activityRows[id]?.count, count >= Self.activityLimit * 5 / 4 {
            activityRows[id]?.removeFirst(count - Self.activityLimit)
        }
        effects.append(.appendActivity(row))
    }

    /// The newest rows, of one session or of all (§2.9).
    public func activity(of session: SessionID? = nil, limit: Int) -> [SensedActivity] {
        guard limit > 0 else { return [] }
        let rows = session.map { activityRows[$0] ?? [] } ?? activityRows.values.flatMap { $0 }
        return Array(rows.sorted { ($1.recordedAt, $1.rowid) < ($0.recordedAt, $0.rowid) }.prefix(limit))
    }
}
