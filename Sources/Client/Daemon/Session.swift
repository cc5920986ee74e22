import Bytes

/// One session as the fleet API shows it. What a daemon leaves out is `nil` here, and what it adds is in `json`.
public struct Session: Equatable, Sendable {
    public var id: String
    public var name: String?
    public var agent: String
    public var agentID: String
    public var title: String
    public var origin: String
    public var state: SessionState
    public var isLive: Bool
    public var projectPath: String?
    public var projectName: String?
    public var createdAt: Int
    public var startedAt: Int?
    public var endedAt: Int?
    public var lastActivityAt: Int
    public var exitCode: Int?
    public var signal: String?
    public var errorMessage: String?
    public var pendingApprovals: [String]
    /// What its agent says it does: `working`, `waiting`, `ready`, `compacting`, `idle`.
    public var activity: String?
    /// Since when, in milliseconds since 1970.
    public var activityAt: Int?
    public var outputBytes: Int
    /// The whole of it as the daemon wrote it.
    public var json: JSON

    public init?(json: JSON) {
        guard let id = json["id"]?.string, let state = json["state"]?.string else { return nil }
        self.id = id
        self.state = SessionState(state)
        self.json = json
        name = json["name"]?.string
        agent = json["agent"]?.string ?? "?"
        agentID = json["agentId"]?.string ?? ""
        title = json["title"]?.string ?? ""
        origin = json["origin"]?.string ?? "launched"
        isLive = json["live"]?.bool ?? !self.state.isEnded
        projectPath = json["project"]?["path"]?.string
        projectName = json["project"]?["name"]?.string
        createdAt = json["createdAt"]?.integer ?? 0
        startedAt = json["startedAt"]?.integer
        endedAt = json["endedAt"]?.integer
        lastActivityAt = json["lastActivityAt"]?.integer ?? createdAt
        exitCode = json["exitCode"]?.integer
        signal = json["signal"]?.string
        errorMessage = json["errorMessage"]?.string
        pendingApprovals = json["pendingApprovals"]?.array?.compactMap(\.string) ?? []
        activity = json["activity"]?.string
        activityAt = json["activityAt"]?.integer
        outputBytes = json["terminal"]?["bytes"]?.integer ?? 0
    }

    /// `headless` or `tmux:<session>:<window>.<pane>`, for a session that outlives its daemon there.
    public var target: String? { json["target"]?.string }
    /// The address of its pane in tmux.
    public var tmuxPane: String? {
        guard let target, target.hasPrefix("tmux:") else { return nil }
        return String(target.dropFirst(5))
    }
    /// Whether it was launched without a terminal.
    public var isHeadless: Bool { target == "headless" }

    /// As much of the id as is enough to type, and unique among the sessions of a machine.
    public var shortID: String { Self.shortID(of: id) }

    /// Eight characters; of a UUID of version 7 the thirteen that are its time, whose first eight stay the same for a
    /// minute.
    public static func shortID(of id: String) -> String {
        let isTimed = id.count == 36 && id.dropFirst(14).first == "7"
        return String(id.prefix(isTimed ? 13 : 8))
    }

    /// What a person calls it.
    public var label: String { name ?? shortID }
}

/// The states of control-plane §2.3.
public enum SessionState: Equatable, Hashable, Sendable {
    case created
    case preparing
    case starting
    case running
    case waitingForApproval
    case paused
    case stopping
    case completed
    case failed
    /// One that a later daemon knows and this program does not.
    case other(String)

    public init(_ wire: String) {
        switch wire {
        case "CREATED": self = .created
        case "PREPARING_WORKSPACE": self = .preparing
        case "STARTING_PROVIDER": self = .starting
        case "RUNNING": self = .running
        case "WAITING_FOR_APPROVAL": self = .waitingForApproval
        case "PAUSED_BY_HUMAN": self = .paused
        case "STOPPING": self = .stopping
        case "COMPLETED": self = .completed
        case "FAILED": self = .failed
        default: self = .other(wire)
        }
    }

    public var isEnded: Bool { self == .completed || self == .failed }
    /// On its way to running.
    public var isStarting: Bool { self == .created || self == .preparing || self == .starting }

    /// What a person reads.
    public var word: String {
        switch self {
        case .created: return "created"
        case .preparing: return "preparing"
        case .starting: return "starting"
        case .running: return "running"
        case .waitingForApproval: return "waiting"
        case .paused: return "paused"
        case .stopping: return "stopping"
        case .completed: return "done"
        case .failed: return "failed"
        case .other(let wire): return wire.lowercased()
        }
    }
}

/// Something that waits for a person's yes or no (control-plane §2.5).
public struct Approval: Equatable, Sendable {
    public var id: String
    public var sessionID: String
    public var category: String
    public var summary: String
    public var risk: String
    public var requestedAt: Int
    public var timeoutAt: Int?
    public var decision: String?
    public var json: JSON

    public init?(json: JSON) {
        guard let id = json["approvalId"]?.string else { return nil }
        self.id = id
        self.json = json
        sessionID = json["sessionId"]?.string ?? ""
        category = json["category"]?.string ?? "?"
        summary = json["summary"]?.string ?? ""
        risk = json["risk"]?.string ?? "?"
        requestedAt = json["requestedAt"]?.integer ?? 0
        timeoutAt = json["timeoutAt"]?.integer
        decision = json["decision"]?.string
    }

    /// Enough to type: the first group of a UUID, and the whole of anything else.
    public var shortID: String {
        let groups = id.split(separator: "-", omittingEmptySubsequences: false)
        return id.count == 36 && groups.count == 5 && groups[0].count == 8 ? String(groups[0]) : id
    }
}
