/// What an observed session does (daemon-ipc §4.1).
public enum SensedState: String, CaseIterable, Hashable, Sendable {
    case working
    case ready
    case idle
    case compacting
    case waiting

    /// Whether somebody or something is being waited for in it.
    public var isActive: Bool {
        switch self {
        case .working, .waiting, .compacting: return true
        case .ready, .idle: return false
        }
    }

    /// Which of several sessions speaks for their project: the one with the highest (§5).
    public var priority: Int {
        switch self {
        case .waiting: return 4
        case .compacting: return 3
        case .working: return 2
        case .ready: return 1
        case .idle: return 0
        }
    }
}

/// Why a session is ready (§4.3). Open, since a row of the database may hold any text.
public struct ReadyReason: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let idlePrompt: ReadyReason = "idle_prompt"
    public static let authSuccess: ReadyReason = "auth_success"
    public static let stopGate: ReadyReason = "stop_gate"
    public static let taskCompleted: ReadyReason = "task_completed"
}

/// The record of an observed session (§4.1): a row of the table `sessions`.
public struct SensedSession: Equatable, Sendable {
    public var sessionID: SessionID
    /// The agent's process; 0 when nobody said.
    public var pid: UInt32
    /// As it is stored, before grace and fallbacks (§4.6).
    public var state: SensedState
    public var cwd: String
    public var projectID: String?
    public var projectPath: String?
    /// The time of the newest event that was taken, to the millisecond (D-14). `nil` only for a row of an older
    /// database whose text could not be read.
    public var updatedAt: Timestamp?
    /// Since when it is in ``state``; `nil` as above.
    public var stateChangedAt: Timestamp?
    /// The type of the event that was taken last, or of Drover's own finding.
    public var lastEvent: String?
    public var lastActivityAt: Timestamp?
    /// Tools that began and have not ended.
    public var toolsInFlight: UInt32
    /// Only of a session that is ready.
    public var readyReason: ReadyReason?
    /// What is known of the compaction that goes on; only while ``state`` is compacting.
    public var compaction: Compaction?
    /// Whose agent it is, where its reporter said so; else it is Claude Code.
    public var agent: ProviderID?
    /// The session of ours that the agent was started in, by its environment.
    public var launchedAs: SessionID?

    public init(
        sessionID: SessionID, pid: UInt32 = 0, state: SensedState, cwd: String = "", projectID: String? = nil,
        projectPath: String? = nil, updatedAt: Timestamp?, stateChangedAt: Timestamp?, lastEvent: String? = nil,
        lastActivityAt: Timestamp? = nil, toolsInFlight: UInt32 = 0, readyReason: ReadyReason? = nil,
        compaction: Compaction? = nil, agent: ProviderID? = nil, launchedAs: SessionID? = nil
    ) {
        self.sessionID = sessionID
        self.pid = pid
        self.state = state
        self.cwd = cwd
        self.projectID = projectID
        self.projectPath = projectPath
        self.updatedAt = updatedAt
        self.stateChangedAt = stateChangedAt
        self.lastEvent = lastEvent
        self.lastActivityAt = lastActivityAt
        self.toolsInFlight = toolsInFlight
        self.readyReason = readyReason
        self.compaction = compaction
        self.agent = agent
        self.launchedAs = launchedAs
    }

    /// The time that expiry and synthesis go by (§4.7, §5).
    public var time: Timestamp? { updatedAt ?? stateChangedAt }
}

/// How a compaction began, which tells what comes after it (D-16).
public struct Compaction: Hashable, Sendable {
    public enum Trigger: String, Hashable, Sendable {
        /// The context was full in the middle of work.
        case auto
        /// Somebody at the prompt asked for it.
        case manual
    }

    /// `nil` when the event did not say.
    public var trigger: Trigger?
    public var wasActive: Bool

    public init(trigger: Trigger?, wasActive: Bool) {
        self.trigger = trigger
        self.wasActive = wasActive
    }

    /// The state after it. One whose trigger is unknown leads back to where it began.
    var successor: SensedState {
        switch trigger {
        case .auto: return .working
        case .manual: return .ready
        case nil: return wasActive ? .working : .ready
        }
    }
}

/// Why a session whose end was reported stays away for a minute (§4.2).
public struct Tombstone: Hashable, Sendable {
    public var sessionID: SessionID
    public var createdAt: Timestamp
    /// Events recorded before it are not taken.
    public var expiresAt: Timestamp

    public init(sessionID: SessionID, createdAt: Timestamp, expiresAt: Timestamp) {
        self.sessionID = sessionID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// A tool touched a file (§4.4): a row of the table `activity`.
public struct SensedActivity: Hashable, Sendable {
    public var sessionID: SessionID
    public var projectPath: String
    /// Absolute, or joined to the event's directory.
    public var filePath: String
    public var toolName: String?
    public var recordedAt: Timestamp
    /// The event it came from; rows of one time are told apart by it.
    public var rowid: Int64

    public init(
        sessionID: SessionID, projectPath: String, filePath: String, toolName: String?, recordedAt: Timestamp,
        rowid: Int64
    ) {
        self.sessionID = sessionID
        self.projectPath = projectPath
        self.filePath = filePath
        self.toolName = toolName
        self.recordedAt = recordedAt
        self.rowid = rowid
    }
}
