/// The type table of daemon-ipc §4.3 with the field rules of §4.4: what one event makes of a record.
///
/// Guards that concern time and order are in ``SessionHistory``, those that concern other sessions in ``SensingState``.
struct SessionReducer {
    enum Outcome: Equatable, Sendable {
        /// The record has been written, or made.
        case upserted
        /// The state is the same, with new counters: the news was late (D-14).
        case counted
        /// The record is untouched.
        case skipped(SkipReason)
        /// The record is gone; its activity goes too, and a tombstone is due.
        case ended
    }

    let sessionID: SessionID
    let news: SessionNews

    /// Applies the news. Records are changed in place, since a journal has many events.
    func apply(to record: inout SensedSession?) -> Outcome {
        switch news.subject {
        case .sessionStarted:
            if record?.state.isActive == true { return .skipped(.alreadyActive) }
            return upsert(&record, .ready, tools: .reset)
        case .compactionEnded(let trigger, let wasStart):
            return compactionEnded(trigger, wasStart: wasStart, &record)
        case .promptSubmitted:
            if isLate(on: record) { return count(&record, tools: .keep) }
            return upsert(&record, .working, tools: .keep, isActivity: true)
        case .toolBegan(let asks):
            // The end of the turn has set the counter back, so a beginning from before it is not counted.
            if isLate(on: record) { return count(&record, tools: .keep) }
            return upsert(&record, asks ? .waiting : .working, tools: .add, isActivity: true)
        case .toolEnded:
            if isLate(on: record) { return count(&record, tools: .take) }
            let state: SensedState = record?.state == .compacting ? .compacting : .working
            return upsert(&record, state, tools: .take, isActivity: true)
        case .permissionAsked: return upsert(&record, .waiting, tools: .keep)
        case .compactionBegan(let trigger): return compactionBegan(trigger, &record)
        case .notified(let type): return notified(type, &record)
        case .stopped(let isHookActive, let isSubagent, let hasBackgroundTasks):
            if record?.state == .compacting { return .skipped(.compacting) }
            if isHookActive { return .skipped(.stopHookActive) }
            if isSubagent { return .skipped(.ofAnotherAgent) }
            // It will be woken when they are done, so nobody needs to look yet.
            if hasBackgroundTasks { return upsert(&record, .working, tools: .reset) }
            return upsert(&record, .ready, because: .stopGate, tools: .reset)
        case .taskCompleted(let isOfAnother):
            if isOfAnother { return .skipped(.ofAnotherAgent) }
            return upsert(&record, .ready, because: .taskCompleted, tools: .reset)
        case .sessionEnded:
            record = nil
            return .ended
        case .other: return .skipped(.noEffect)
        case .answered:
            guard record?.state == .waiting else { return .skipped(.noEffect) }
            if isBeforeChange(of: record) { return .skipped(.late) }
            return upsert(&record, .working, tools: .keep, isActivity: true)
        case .stuck:
            if isBeforeChange(of: record) { return .skipped(.late) }
            return upsert(&record, .waiting, tools: .reset)
        }
    }

    private func notified(_ type: String, _ record: inout SensedSession?) -> Outcome {
        switch type {
        case "idle_prompt":
            if let record, record.toolsInFlight > 0 { return .skipped(.toolsInFlight) }
            return upsert(&record, .ready, because: .idlePrompt, tools: .keep)
        case "auth_success": return upsert(&record, .ready, because: .authSuccess, tools: .keep)
        case "permission_prompt", "elicitation_dialog", "elicitation_url_dialog", "agent_needs_input":
            return upsert(&record, .waiting, tools: .keep)
        default: return .skipped(.noEffect)
        }
    }
}

// MARK: - Compaction (D-16)

extension SessionReducer {
    private func compactionBegan(_ trigger: Compaction.Trigger?, _ record: inout SensedSession?) -> Outcome {
        let known = record?.compaction
        let compaction = Compaction(
            trigger: trigger ?? known?.trigger, wasActive: known?.wasActive ?? record?.state.isActive ?? false)
        let outcome = upsert(&record, .compacting, tools: .reset, isActivity: true)
        record?.compaction = compaction
        return outcome
    }

    private func compactionEnded(
        _ trigger: Compaction.Trigger?, wasStart: Bool, _ record: inout SensedSession?
    ) -> Outcome {
        guard record?.state == .compacting else {
            if record?.state.isActive == true { return .skipped(.alreadyActive) }
            return wasStart ? upsert(&record, .ready, tools: .reset) : .skipped(.noEffect)
        }
        if isBeforeChange(of: record) { return .skipped(.late) }
        var compaction = record?.compaction ?? Compaction(trigger: nil, wasActive: false)
        if let trigger { compaction.trigger = trigger }
        return upsert(&record, compaction.successor, tools: .reset)
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

    private func isBeforeChange(of record: SensedSession?) -> Bool {
        guard let changed = record?.stateChangedAt else { return false }
        return news.at < changed
    }

    /// Whether it was on its way when the turn, or the process, ended (D-14).
    private func isLate(on record: SensedSession?) -> Bool {
        guard let record, record.state == .idle || (record.state == .ready && record.readyReason == .stopGate) else {
            return false
        }
        return isBeforeChange(of: record)
    }

    private func count(_ record: inout SensedSession?, tools: ToolChange) -> Outcome {
        guard record != nil else { return .skipped(.late) }
        apply(tools, &record!.toolsInFlight)
        record!.lastActivityAt = later(record!.lastActivityAt)
        record!.updatedAt = later(record!.updatedAt)
        return .counted
    }

    private func upsert(
        _ record: inout SensedSession?, _ state: SensedState, because reason: ReadyReason? = nil, tools: ToolChange,
        isActivity: Bool = false
    ) -> Outcome {
        if record == nil {
            record = SensedSession(sessionID: sessionID, state: state, updatedAt: nil, stateChangedAt: news.at)
        }
        write(&record!, state, because: reason, tools: tools, isActivity: isActivity)
        return .upserted
    }

    private func write(
        _ record: inout SensedSession, _ state: SensedState, because reason: ReadyReason?, tools: ToolChange,
        isActivity: Bool
    ) {
        if let pid = news.pid { record.pid = pid }
        if let cwd = news.cwd { record.cwd = cwd }
        if let agent = news.agent { record.agent = agent }
        if let launchedAs = news.launchedAs { record.launchedAs = launchedAs }
        attribute(&record)
        if record.state != state {
            record.state = state
            record.stateChangedAt = news.at
        }
        record.updatedAt = later(record.updatedAt)
        record.lastEvent = news.name
        if state != .ready { record.readyReason = nil } else if let reason { record.readyReason = reason }
        if state != .compacting { record.compaction = nil }
        apply(tools, &record.toolsInFlight)
        if isActivity { record.lastActivityAt = later(record.lastActivityAt) }
    }

    private func apply(_ change: ToolChange, _ tools: inout UInt32) {
        switch change {
        case .keep: break
        case .reset: tools = 0
        case .add: tools += tools < .max ? 1 : 0
        case .take: tools -= tools > 0 ? 1 : 0
        }
    }

    /// Which project the session works in after the news (§4.5).
    private func attribute(_ record: inout SensedSession) {
        // What Drover itself noticed says nothing about directories.
        guard case .hook = news.source else { return }
        ProjectAttribution.attribute(
            path: &record.projectPath, id: &record.projectID, cwd: record.cwd, filePath: news.filePath,
            facts: news.project)
    }

    private func later(_ known: Timestamp?) -> Timestamp { known.map { max($0, news.at) } ?? news.at }
}
