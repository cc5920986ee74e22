/// From where the events of the journal are applied at a start (daemon-ipc §7.4).
public enum ReplayStart: Hashable, Sendable {
    /// The cursor is known.
    case after(Int64)
    /// The sessions say how far they are: the highest rowid of a replayable event that was recorded at or before
    /// that time, or 0 if there is none. Without a time, 0.
    case coveredBySessions(upTo: Timestamp?)
    /// Nothing is known but old history, which is not replayed.
    case afterAll

    /// Judges by `last_applied_event_rowid` and the sessions of the tables. A cursor that is no number is no cursor.
    public init(storedCursor: String?, sessions: some Collection<SensedSession>) {
        if let rowid = storedCursor.flatMap({ Int64($0.trimmingBlanks) }) {
            self = .after(rowid)
        } else if sessions.isEmpty {
            self = .afterAll
        } else {
            self = .coveredBySessions(upTo: sessions.compactMap(\.updatedAt).max())
        }
    }

    /// The cursor, of what the journal answers: the highest rowid of all events, and of the covered ones.
    public func cursor(highest: Int64?, covered: Int64?) -> Int64 {
        switch self {
        case .after(let rowid): return rowid
        case .coveredBySessions(let time): return time == nil ? 0 : covered ?? 0
        case .afterAll: return highest ?? 0
        }
    }
}

extension HookEventType {
    /// Whether a replay applies events of this type; the others only move the cursor (§7.4).
    public var isReplayable: Bool {
        switch self {
        case .shellCwd, .subagentStart, .subagentStop, .teammateIdle: return false
        case .sessionStart, .userPromptSubmit, .preToolUse, .postToolUse, .postToolUseFailure, .permissionRequest,
            .preCompact, .notification, .stop, .taskCompleted, .sessionEnd, .worktreeCreate, .worktreeRemove,
            .configChange:
            return true
        }
    }
}

extension HookEvent {
    /// Whether a replay applies it (§7.4).
    public var isReplayable: Bool { sessionID != nil && type.isReplayable }
}
