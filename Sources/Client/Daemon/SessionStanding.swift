/// Where a session stands for a person: its state, or what its agent says it does where agents report.
public enum SessionStanding: Equatable, Sendable {
    case state(SessionState)
    case working
    /// For a person's answer.
    case waiting
    /// Its turn is over.
    case ready
    case compacting
    /// Nothing has been heard, or its process is gone.
    case idle

    /// What a person reads.
    public var word: String {
        switch self {
        case .state(let state): return state.word
        case .working: return "working"
        case .waiting: return "waiting"
        case .ready: return "ready"
        case .compacting: return "compacting"
        case .idle: return "idle"
        }
    }
}

extension Session {
    public var standing: SessionStanding {
        guard isLive, state == .running || state == .waitingForApproval else { return .state(state) }
        switch activity {
        case "working": return .working
        case "waiting": return .waiting
        case "ready": return .ready
        case "compacting": return .compacting
        case "idle": return .idle
        default: return .state(state)
        }
    }

    /// Whether nobody here runs it: an agent that reports by itself, or a chat.
    public var isReported: Bool { origin == "observed" || origin == "chat" }
}
