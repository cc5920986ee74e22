/// The type table of daemon-ipc §4.3 with the field rules of §4.4: what one event makes of a record.
///
/// Guards that concern time and order are in ``SessionHistory``, those that concern other sessions in ``SensingState``.
enum SessionReducer {
    enum Outcome: Equatable, Sendable {
        /// The record as it is afterwards.
        case upsert(SensedSession)
        /// The same state with new counters: the news was late (D-14).
        case count(SensedSession)
        /// The record is left untouched.
        case skip(SkipReason)
        /// The record and its activity are deleted, and a tombstone is written.
        case end
    }

    static func outcome(of news: SessionNews, for id: SessionID, on record: SensedSession?) -> Outcome {
        switch news.subject {
        case .sessionStarted:
            if let record, record.state.isActive { return .skip(.alreadyActive) }
            return upsert(news, id, record, .ready, tools: .reset)
        case .compactionEnded(let trigger, let wasStart):
            return compactionEnded(trigger, wasStart: wasStart, news, id, record)
        case .promptSubmitted:
            if let record, isLate(news, on: record) { return .skip(.late) }
            return upsert(news, id, record, .working, tools: .keep, isActivity: true)
        case .toolBegan:
            if let record, isLate(news, on: record) { return countersOnly(news, record, tools: .keep) }
            return upsert(news, id, record, .working, tools: .add, isActivity: true)
        case .toolEnded:
            if let record, isLate(news, on: record) { return countersOnly(news, record, tools: .take) }
            let state: SensedState = record?.state == .compacting ? .compacting : .working
            return upsert(news, id, record, state, tools: .take, isActivity: true)
        case .permissionAsked: return upsert(news, id, record, .waiting, tools: .keep)
        case .compactionBegan(let trigger):
            return compactionBegan(trigger, news, id, record)
        case .notified(let type): return notified(type, news, id, record)
        case .stopped(let isHookActive, let isSubagent, let hasBackgroundTasks):
            if record?.state == .compacting { return .skip(.compacting) }
            if isHookActive { return .skip(.stopHookActive) }
            if isSubagent { return .skip(.ofAnotherAgent) }
            // It will be woken when they are done, so nobody needs to look yet.
            if hasBackgroundTasks { return upsert(news, id, record, .working, tools: .reset) }
            return upsert(news, id, record, .ready, because: .stopGate, tools: .reset)
        case .taskCompleted(let isOfAnother):
            if isOfAnother { return .skip(.ofAnotherAgent) }
            return upsert(news, id, record, .ready, because: .taskCompleted, tools: .reset)
        case .sessionEnded: return .end
        case .other: return .skip(.noEffect)
        case .childStarted:
            guard let record, record.state == .waiting else { return .skip(.noEffect) }
            if let changed = record.stateChangedAt, news.at < changed { return .skip(.late) }
            return upsert(news, id, record, .working, tools: .keep, isActivity: true)
        }
    }

    private static func notified(
        _ type: String, _ news: SessionNews, _ id: SessionID, _ record: SensedSession?
    ) -> Outcome {
        switch type {
        case "idle_prompt":
            if let record, record.toolsInFlight > 0 { return .skip(.toolsInFlight) }
            return upsert(news, id, record, .ready, because: .idlePrompt, tools: .keep)
        case "auth_success": return upsert(news, id, record, .ready, because: .authSuccess, tools: .keep)
        case "permission_prompt", "elicitation_dialog": return upsert(news, id, record, .waiting, tools: .keep)
        default: return .skip(.noEffect)
        }
    }
}

// MARK: - Compaction (D-16)

extension SessionReducer {
    private static func compactionBegan(
        _ trigger: Compaction.Trigger?, _ news: SessionNews, _ id: SessionID, _ record: SensedSession?
    ) -> Outcome {
        let wasActive = record?.compaction?.wasActive ?? record?.state.isActive ?? false
        var next = next(news, id, record, .compacting, tools: .reset, isActivity: true)
        next.compaction = Compaction(trigger: trigger ?? record?.compaction?.trigger, wasActive: wasActive)
        return .upsert(next)
    }

    private static func compactionEnded(
        _ trigger: Compaction.Trigger?, wasStart: Bool, _ news: SessionNews, _ id: SessionID, _ record: SensedSession?
    ) -> Outcome {
        guard let record, record.state == .compacting else {
            if record?.state.isActive == true { return .skip(.alreadyActive) }
            return wasStart ? upsert(news, id, record, .ready, tools: .reset) : .skip(.noEffect)
        }
        if let changed = record.stateChangedAt, news.at < changed { return .skip(.late) }
        var compaction = record.compaction ?? Compaction(trigger: nil, wasActive: false)
        if let trigger { compaction.trigger = trigger }
        return upsert(news, id, record, compaction.successor, tools: .reset)
    }
}

// MARK: - Field rules (§4.4)

extension SessionReducer {
    private enum ToolChange {
        case keep
        case reset
        case add
        case take
    }

    /// Whether it was on its way when the turn, or the process, ended (D-14).
    private static func isLate(_ news: SessionNews, on record: SensedSession) -> Bool {
        guard let changed = record.stateChangedAt, news.at < changed else { return false }
        return record.state == .idle || (record.state == .ready && record.readyReason == .stopGate)
    }

    /// The end of the turn has set the counter back, so a beginning from before it is not counted.
    private static func countersOnly(_ news: SessionNews, _ record: SensedSession, tools: ToolChange) -> Outcome {
        var next = record
        apply(tools, to: &next)
        next.lastActivityAt = later(record.lastActivityAt, news.at)
        next.updatedAt = later(record.updatedAt, news.at)
        return .count(next)
    }

    private static func upsert(
        _ news: SessionNews, _ id: SessionID, _ record: SensedSession?, _ state: SensedState,
        because reason: ReadyReason? = nil, tools: ToolChange, isActivity: Bool = false
    ) -> Outcome {
        .upsert(next(news, id, record, state, because: reason, tools: tools, isActivity: isActivity))
    }

    private static func next(
        _ news: SessionNews, _ id: SessionID, _ record: SensedSession?, _ state: SensedState,
        because reason: ReadyReason? = nil, tools: ToolChange, isActivity: Bool
    ) -> SensedSession {
        var next = record ?? SensedSession(sessionID: id, state: state, updatedAt: nil, stateChangedAt: news.at)
        if let pid = news.pid { next.pid = pid }
        if let cwd = news.cwd { next.cwd = cwd }
        attribute(&next, by: news)
        if next.state != state {
            next.state = state
            next.stateChangedAt = news.at
        }
        next.updatedAt = later(next.updatedAt, news.at)
        next.lastEvent = news.name
        next.readyReason = state == .ready ? reason ?? next.readyReason : nil
        if state != .compacting { next.compaction = nil }
        apply(tools, to: &next)
        if isActivity { next.lastActivityAt = later(next.lastActivityAt, news.at) }
        return next
    }

    private static func apply(_ change: ToolChange, to record: inout SensedSession) {
        switch change {
        case .keep: break
        case .reset: record.toolsInFlight = 0
        case .add: record.toolsInFlight += record.toolsInFlight < .max ? 1 : 0
        case .take: record.toolsInFlight -= record.toolsInFlight > 0 ? 1 : 0
        }
    }

    /// Which project the session works in after the news (§4.5).
    private static func attribute(_ record: inout SensedSession, by news: SessionNews) {
        // What Drover itself noticed says nothing about directories.
        guard case .hook = news.source else { return }
        let (path, id) = ProjectAttribution.attribute(
            path: record.projectPath, id: record.projectID, cwd: record.cwd, filePath: news.filePath,
            facts: news.project)
        record.projectPath = path
        record.projectID = id
    }

    private static func later(_ known: Timestamp?, _ time: Timestamp) -> Timestamp {
        known.map { max($0, time) } ?? time
    }
}
