/// What an event did to the fleet.
public enum FleetEffect: Equatable, Sendable {
    case added(SessionID)
    case changed(SessionID)
    /// The last event of a session was applied.
    case ended(SessionID)
    /// Its metadata is no longer kept.
    case removed(SessionID)
}

/// All sessions, derived from the journal and from nothing else: applying the same events gives the same value.
///
/// Terminal output is not in the journal. ``watched(_:)`` adds what is known of it while a session runs; once the
/// session has ended the journal has it all.
public struct FleetState: Equatable, Sendable {
    /// How long an ended session is kept: 24 hours (control-plane §3.2).
    public static let retention: Int64 = 24 * 3600 * 1000

    /// The row of the last event applied; a stream of events since it continues this value without a gap.
    public private(set) var cursor: Int64 = 0
    public private(set) var sessions: [SessionID: SessionView] = [:]
    /// How many events spoke of sessions that are not known (control-plane §6, rule a).
    public private(set) var droppedEvents = 0

    public init() {}

    /// Takes the next event of the journal. One that was applied before, by its row, changes nothing.
    public mutating func apply(_ event: JournalEvent) -> [FleetEffect] {
        guard event.rowid > cursor else { return [] }
        cursor = event.rowid
        guard let id = event.sessionID else { return [] }
        if case .runtime(let fact) = event.body { return apply(fact, of: id) }
        if case .sessionCreated(let created) = event.body {
            // Who minted the id may use it again for a session that could not be started.
            guard sessions[id].map({ !$0.isLive }) ?? true else { return [] }
            sessions[id] = SessionView(created, in: event)
            return [.added(id)]
        }
        guard let index = sessions.index(forKey: id) else {
            // What agents report by themselves is of sessions that are not ours.
            if case .other = event.body { return [] }
            droppedEvents += 1
            return []
        }
        guard sessions.values[index].apply(event) else { return [] }
        if case .runner(.sessionEnded) = event.body { return [.changed(id), .ended(id)] }
        return [.changed(id)]
    }

    /// Launched runtimes have a table of their own; the session only learns how one really ended that had been lost
    /// (runtime-rpc D-12).
    private mutating func apply(_ fact: RuntimeFact, of id: SessionID) -> [FleetEffect] {
        guard case .lateExit(let exit) = fact, let index = sessions.index(forKey: id) else { return [] }
        return sessions.values[index].take(lateExit: exit) ? [.changed(id)] : []
    }

    /// Takes a terminal chunk, which the journal never sees: counts its number, its bytes, and the activity.
    public mutating func watched(_ chunk: RunnerEvent) {
        guard case .terminalChunk(let output) = chunk.body, let index = sessions.index(forKey: chunk.sessionID),
            sessions.values[index].isLive
        else { return }
        sessions.values[index].lastSequence = max(sessions.values[index].lastSequence, chunk.sequence)
        sessions.values[index].lastActivityAt = max(sessions.values[index].lastActivityAt, chunk.timestamp)
        if let offset = output.offset, let bytes = output.bytes {
            sessions.values[index].terminalBytes = max(sessions.values[index].terminalBytes, offset + bytes)
        }
    }

    /// Tells how many bytes a session's recording holds, when that is found out on the disk after a restart.
    public mutating func recorded(_ bytes: Int, of session: SessionID) {
        guard let index = sessions.index(forKey: session) else { return }
        sessions.values[index].terminalBytes = max(sessions.values[index].terminalBytes, bytes)
    }

    /// Forgets the sessions that ended ``retention`` ago or earlier.
    public mutating func expire(at now: Timestamp) -> [FleetEffect] {
        let expired = sessions.values.filter { view in
            view.endedAt.map { view.state.isTerminal && now - $0 >= Self.retention } ?? false
        }
        let ids = expired.map(\.id).sorted()
        for id in ids { sessions[id] = nil }
        return ids.map { .removed($0) }
    }

    public subscript(id: SessionID) -> SessionView? { sessions[id] }
}

extension SessionView {
    /// The two events that end a session whose runner is lost, for a session that no lifecycle is left to speak for.
    public func lostEvents(at time: Timestamp) -> [RunnerEvent.Body] {
        guard state.isLive else { return [] }
        let reason = SessionLifecycle.Reason.runnerLost
        let duration = max(0, time - (startedAt ?? createdAt))
        return [
            .sessionStateChanged(StateChange(from: state, to: .failed, reason: reason)),
            .sessionEnded(
                SessionEnd(
                    finalState: .failed, exitCode: exitCode, totalDurationMs: Double(duration), totalUsage: usage)),
        ]
    }
}
