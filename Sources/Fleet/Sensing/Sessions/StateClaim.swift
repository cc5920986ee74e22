/// What somebody said about a session's state, and what became of it: the evidence behind a state.
public struct StateClaim: Equatable, Sendable {
    public enum Source: Equatable, Sendable {
        /// An event of the table `events`.
        case hook(HookEventType, EventID, rowid: Int64)
        /// An event of the agent's that the contract does not know.
        case extra(String, EventID)
        /// The process was found dead (daemon-ipc §4.8).
        case reconcile(ReconcileSource)
        /// The agent was seen to start a program.
        case childStarted
        /// The row of the table `sessions`, from before the last start: the type is all that is left of the event.
        case stored(lastEvent: String?)

        /// The word for the column `last_event`.
        public var name: String {
            switch self {
            case .hook(let type, _, _): return type.rawValue
            case .extra(let type, _): return type
            case .reconcile(let source): return "dead_pid_reconcile_" + source.rawValue
            case .childStarted: return "child_started"
            case .stored(let lastEvent): return lastEvent ?? "unknown"
            }
        }
    }

    public enum Verdict: Equatable, Sendable {
        /// The state rests on it.
        case decided
        /// It was taken, and something newer has been since.
        case overruled
        /// It changed nothing.
        case ignored(SkipReason)
    }

    public var source: Source
    public var at: Timestamp?
    /// The state after it; `nil` when it claimed none, as with the end of a session.
    public var state: SensedState?
    public var verdict: Verdict

    public init(source: Source, at: Timestamp?, state: SensedState?, verdict: Verdict) {
        self.source = source
        self.at = at
        self.state = state
        self.verdict = verdict
    }
}

/// Why an event left a record untouched (§4.2, §4.3).
public enum SkipReason: Hashable, Sendable, CaseIterable {
    /// The session has ended less than a minute before.
    case tombstone
    /// Recorded too long before what the record has seen.
    case stale
    /// Recorded before the turn, or what is waited for, was over.
    case late
    /// A session that is active does not start.
    case alreadyActive
    /// The turn ends once the compaction does.
    case compacting
    /// A stop hook makes the agent go on.
    case stopHookActive
    /// It speaks of a sub-agent or a team mate.
    case ofAnotherAgent
    /// The agent does not idle while its tools run.
    case toolsInFlight
    /// Its type says nothing about the state.
    case noEffect
}

/// What a session's state rests on, for `drover why`.
public struct SessionEvidence: Equatable, Sendable {
    public var restsOn: StateClaim
    /// The others of the last minutes, the newest first, at most ``limit``.
    public var competing: [StateClaim]

    public static let limit = 16

    public init(restsOn: StateClaim, competing: [StateClaim]) {
        self.restsOn = restsOn
        self.competing = competing
    }
}

/// When dead processes are looked for (§4.8).
public enum ReconcileSource: String, CaseIterable, Hashable, Sendable {
    case startup
    case periodic
}
