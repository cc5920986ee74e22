/// All that is known of one session, as the journal tells it (docs/protocols/fleet-api.md, Session).
///
/// Only ``FleetState`` changes it. Lists are bounded: the newest stay.
public struct SessionView: Equatable, Sendable {
    public static let timelineLimit = 200
    public static let testRunLimit = 50
    public static let alertLimit = 100
    public static let fileLimit = 200
    /// Resolved approvals that are kept; pending ones always are.
    public static let resolvedApprovalLimit = 100
    /// Distinct paths that are counted exactly.
    public static let countedPathLimit = 20_000

    /// What the state rests on.
    public struct Evidence: Equatable, Sendable {
        public var rowid: Int64
        public var event: String
        public var source: EventSource
        public var at: Timestamp
        public var reason: String?
    }

    public struct Step: Equatable, Sendable {
        public var state: SessionState
        public var at: Timestamp
        public var reason: String?
    }

    public struct TestRun: Equatable, Sendable {
        public var command: String
        public var isRunning: Bool
        public var passed: Int
        public var failed: Int
        public var skipped: Int
        public var exitCode: Int?
        public var durationMs: Double?
        public var at: Timestamp
    }

    public struct RaisedAlert: Equatable, Sendable {
        public var alert: Alert
        public var at: Timestamp
    }

    public struct TouchedFile: Equatable, Sendable {
        public var path: String
        public var reason: FileTouch.Reason
        public var at: Timestamp
    }

    public struct DiffTotals: Equatable, Sendable {
        public var filesChanged: Int
        public var linesAdded: Int
        public var linesRemoved: Int
    }

    /// Without secrets, as it was admitted.
    public let config: SessionConfig
    /// The row of its admission, which orders sessions of one millisecond.
    public let createdRowid: Int64
    public let createdAt: Timestamp

    public internal(set) var state = SessionState.created
    public internal(set) var evidence: Evidence
    /// What its agent says it does, where agents report here.
    public internal(set) var activity: AgentActivity?
    public internal(set) var startedAt: Timestamp?
    public internal(set) var endedAt: Timestamp?
    public internal(set) var lastActivityAt: Timestamp
    public internal(set) var exitCode: Int?
    public internal(set) var signal: Signal?
    public internal(set) var errorMessage: String?
    public internal(set) var process: ProcessIdentity?
    public internal(set) var workspacePath: String?
    public internal(set) var providerVersion: String?
    public internal(set) var terminalSize: TerminalSize
    /// Bytes of output recorded so far.
    public internal(set) var terminalBytes = 0
    public internal(set) var approvals: [ApprovalRequest] = []
    public internal(set) var testRuns: [TestRun] = []
    public internal(set) var alertCounts: [Alert.Severity: Int] = [:]
    public internal(set) var alerts: [RaisedAlert] = []
    public internal(set) var files: [TouchedFile] = []
    public internal(set) var filesTouched = 0
    public internal(set) var diff: DiffTotals?
    public internal(set) var usage = UsageMetrics.zero
    /// What its model has read and written, where that is known (chats).
    public internal(set) var tokens = TokenTotals()
    public internal(set) var timeline: [Step]
    /// The number of the last runner event, terminal chunks included while the session was watched live.
    public internal(set) var lastSequence = 0

    /// The last number the journal has, for refusing an event that comes twice.
    var journaledSequence = 0
    var countedPaths: Set<String> = []

    init(_ created: SessionCreated, in event: JournalEvent) {
        config = created.config
        createdRowid = event.rowid
        createdAt = event.at
        lastActivityAt = event.at
        terminalSize = created.config.terminalSize
        evidence = Evidence(rowid: event.rowid, event: event.type, source: event.source, at: event.at, reason: nil)
        timeline = [Step(state: .created, at: event.at, reason: nil)]
    }

    public var id: SessionID { config.sessionID }
    public var isLive: Bool { state.isLive }
    public var pendingApprovals: [ApprovalID] {
        approvals.compactMap { $0.resolution == nil ? $0.approvalID : nil }
    }

    /// Where numbering goes on when a runner restarts and cannot know how many terminal chunks it had sent.
    ///
    /// Usage is journaled every 30 s and at most a few hundred chunks leave in a second, so a gap of ten thousand is
    /// never too small; gaps are normal to viewers, repeated numbers are not.
    public var sequenceAfterRestart: Int { lastSequence + 10_000 }
}
