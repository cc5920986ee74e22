/// What a runner reports about one session: an envelope and one of twelve bodies (control-plane §2.1, §2.2).
public struct RunnerEvent: Equatable, Sendable {
    public var sessionID: SessionID
    public var orgID: OrgID
    public var repoRef: RepoRef?
    public var timestamp: Timestamp
    /// Counts from 1 without gaps within a session, all kinds together; assigned after chunks were joined or dropped.
    public var sequence: Int
    public var body: Body

    public init(
        sessionID: SessionID, orgID: OrgID, repoRef: RepoRef? = nil, timestamp: Timestamp, sequence: Int, body: Body
    ) {
        self.sessionID = sessionID
        self.orgID = orgID
        self.repoRef = repoRef
        self.timestamp = timestamp
        self.sequence = sequence
        self.body = body
    }

    /// The twelve kinds that travel. The thirteenth, `PROVIDER_EVENT_FORWARDED`, stays inside a process.
    public enum Kind: String, CaseIterable, Sendable {
        case sessionStarted = "SESSION_STARTED"
        case sessionStateChanged = "SESSION_STATE_CHANGED"
        case sessionEnded = "SESSION_ENDED"
        case terminalChunk = "TERMINAL_CHUNK"
        case fileTouched = "FILE_TOUCHED"
        case diffSummary = "DIFF_SUMMARY"
        case testRunStarted = "TEST_RUN_STARTED"
        case testRunFinished = "TEST_RUN_FINISHED"
        case approvalRequested = "APPROVAL_REQUESTED"
        case approvalResolved = "APPROVAL_RESOLVED"
        case alertRaised = "ALERT_RAISED"
        case usageTick = "USAGE_TICK"
    }

    public enum Body: Equatable, Sendable {
        case sessionStarted(SessionStart)
        case sessionStateChanged(StateChange)
        case sessionEnded(SessionEnd)
        case terminalChunk(TerminalChunk)
        case fileTouched(FileTouch)
        case diffSummary(DiffSummary)
        case testRunStarted(TestRunStart)
        case testRunFinished(TestRunFinish)
        case approvalRequested(ApprovalRequest)
        case approvalResolved(ApprovalResolution)
        case alertRaised(Alert)
        case usageTick(UsageTick)

        public var kind: Kind {
            switch self {
            case .sessionStarted: return .sessionStarted
            case .sessionStateChanged: return .sessionStateChanged
            case .sessionEnded: return .sessionEnded
            case .terminalChunk: return .terminalChunk
            case .fileTouched: return .fileTouched
            case .diffSummary: return .diffSummary
            case .testRunStarted: return .testRunStarted
            case .testRunFinished: return .testRunFinished
            case .approvalRequested: return .approvalRequested
            case .approvalResolved: return .approvalResolved
            case .alertRaised: return .alertRaised
            case .usageTick: return .usageTick
            }
        }
    }

    public var kind: Kind { body.kind }
}

/// Numbers the events of one session and puts the envelope around them.
public struct RunnerEventNumbering: Equatable, Sendable {
    public let sessionID: SessionID
    public let orgID: OrgID
    public let repoRef: RepoRef?
    /// The number of the last event made, 0 before the first.
    public private(set) var lastSequence: Int

    public init(sessionID: SessionID, orgID: OrgID, repoRef: RepoRef?, lastSequence: Int = 0) {
        self.sessionID = sessionID
        self.orgID = orgID
        self.repoRef = repoRef
        self.lastSequence = lastSequence
    }

    public init(of config: SessionConfig) {
        self.init(sessionID: config.sessionID, orgID: config.orgID, repoRef: config.repoRef)
    }

    /// The next event of the session. Texts and lists beyond the limits of §2.7 are cut here.
    public mutating func next(_ body: RunnerEvent.Body, at time: Timestamp) -> RunnerEvent {
        lastSequence += 1
        return RunnerEvent(
            sessionID: sessionID, orgID: orgID, repoRef: repoRef, timestamp: time, sequence: lastSequence,
            body: body.bounded)
    }
}
