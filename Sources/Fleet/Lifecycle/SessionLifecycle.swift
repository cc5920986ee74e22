/// The life of one session, from admission to its last event (control-plane §2.3, §2.4, §3.2).
///
/// A plain value: it holds no clock, process or socket. Callers report what happened and carry out the actions they
/// get back, in order. An input that the state does not allow throws and changes nothing.
public struct SessionLifecycle: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        /// Number, stamp and publish this event.
        case emit(RunnerEvent.Body)
        /// Make the workspace ready, then report ``prepared(at:)`` or ``preparationFailed(_:at:)``.
        case prepare
        /// Give up preparing, and report one of the two all the same.
        case cancelPreparation
        /// Start the provider, then report ``spawned(_:at:)`` or ``spawnFailed(_:at:)``.
        case spawn
        /// SIGTERM to the process group.
        case terminate
        /// SIGKILL to the process group.
        case kill
        /// SIGSTOP to the process group.
        case suspend
        /// SIGCONT to the process group.
        case resume
        /// Stop watching, flush the terminal, close open test runs, publish `DIFF_SUMMARY` if there is a difference and
        /// the last `USAGE_TICK`; then report ``wrappedUp(usage:at:)``.
        case wrapUp
        /// Everything is said: delete the workspace and forget the session's resources.
        case release
        /// Call ``wake(at:)`` then. The latest such action replaces the ones before.
        case wake(at: MonotonicTime)
    }

    /// How long things may take.
    public struct Limits: Equatable, Sendable {
        /// From SIGTERM to SIGKILL.
        public var grace: Duration
        /// From the request to stop until the session is declared ended without its process.
        public var ceiling: Duration
        /// From admission until the session is stopped by itself; `nil` for never.
        public var session: Duration?

        public init(grace: Duration = .seconds(1), ceiling: Duration = .seconds(30), session: Duration? = nil) {
            self.grace = grace
            self.ceiling = ceiling
            self.session = session
        }
    }

    enum Phase: Equatable, Sendable {
        case created
        case preparing
        case starting
        case running
        case waiting
        case paused
        case stopping(Stopping)
        /// The process is gone or given up; the last events are being collected. `shown` is the state still visible.
        case wrappingUp(shown: SessionState, Outcome)
        case ended(SessionState)
    }

    struct Stopping: Equatable, Sendable {
        /// COMPLETED, or FAILED after a time-out.
        var end: SessionState
        var reason: String?
        var graceful: Bool
        var killAt: MonotonicTime?
        var giveUpAt: MonotonicTime
    }

    struct Outcome: Equatable, Sendable {
        var state: SessionState
        var reason: String?
        var exitCode: Int?
    }

    /// How many answered approvals are remembered for those who answer again.
    static let rememberedDecisions = 1000

    public let limits: Limits
    public let onDeny: PolicySpec.OnDeny
    var phase = Phase.created
    let admittedAt: Moment
    var startedAt: Timestamp?
    var hasProcess = false
    public internal(set) var pendingApprovals: [ApprovalRequest] = []
    var approvalDeadlines: [ApprovalID: MonotonicTime] = [:]
    var decisions: [ApprovalResolution] = []
    var sessionDeadline: MonotonicTime?
    var announcedWake: MonotonicTime?

    /// A session that was admitted at `moment`; ``begin(at:)`` sets it off.
    public init(limits: Limits = Limits(), onDeny: PolicySpec.OnDeny = .stop, admittedAt moment: Moment) {
        self.limits = limits
        self.onDeny = onDeny
        admittedAt = moment
        sessionDeadline = limits.session.map { moment.monotonic + $0 }
    }

    /// The life of a session whose process outlived its runner, from where the fleet saw it last.
    ///
    /// One that had not reached RUNNING waits for ``spawned(_:at:)``; one that was stopping gets a new grace.
    public init(restoring view: SessionView, limits: Limits = Limits(), at moment: Moment) {
        self.init(limits: limits, onDeny: view.config.policy.onDeny, admittedAt: moment)
        startedAt = view.startedAt
        hasProcess = true
        switch view.state {
        case .created, .preparingWorkspace, .startingProvider:
            phase = .starting
            hasProcess = false
        case .running: phase = .running
        case .waitingForApproval:
            phase = .waiting
            pendingApprovals = view.approvals.filter { $0.resolution == nil }
        case .pausedByHuman: phase = .paused
        case .stopping:
            phase = .stopping(
                Stopping(
                    end: .completed, reason: nil, graceful: true, killAt: moment.monotonic + limits.grace,
                    giveUpAt: moment.monotonic + limits.ceiling))
        case .completed, .failed: phase = .ended(view.state)
        }
    }

    /// The state that everybody sees.
    public var state: SessionState {
        switch phase {
        case .created: return .created
        case .preparing: return .preparingWorkspace
        case .starting: return .startingProvider
        case .running: return .running
        case .waiting: return .waitingForApproval
        case .paused: return .pausedByHuman
        case .stopping: return .stopping
        case .wrappingUp(let shown, _): return shown
        case .ended(let state): return state
        }
    }

    /// Whether input may be written: while RUNNING or WAITING_FOR_APPROVAL (§3.2).
    public var takesInput: Bool {
        switch phase {
        case .running, .waiting: return true
        case .created, .preparing, .starting, .paused, .stopping, .wrappingUp, .ended: return false
        }
    }

    /// Whether there is a process to signal.
    public var isAlive: Bool { hasProcess }

    public var hasEnded: Bool {
        if case .ended = phase { return true }
        return false
    }
}

/// Why an input was refused.
public enum LifecycleError: Error, Equatable, Sendable {
    case invalidState(SessionState)
    /// No approval of that id was ever requested here.
    case approvalNotFound
    /// The other decision was recorded already.
    case approvalConflict(recorded: Decision)
    case duplicateApproval
}

extension RunnerError {
    public init(_ error: LifecycleError) {
        switch error {
        case .invalidState(let state): self = .invalidState(state)
        case .approvalNotFound: self = .approvalNotFound
        case .approvalConflict(let recorded): self = .approvalConflict(recorded: recorded)
        case .duplicateApproval: self = .internal("an approval was requested twice under one id")
        }
    }
}

// MARK: - Reasons

extension SessionLifecycle {
    /// The reasons that §2.3 names.
    public enum Reason {
        public static let forceKilled = "force_killed"
        public static let timeout = "timeout"
        public static let runnerLost = "runner_lost"
    }
}
