/// Where a session stands (control-plane §2.3).
public enum SessionState: String, CaseIterable, Sendable {
    case created = "CREATED"
    case preparingWorkspace = "PREPARING_WORKSPACE"
    case startingProvider = "STARTING_PROVIDER"
    case running = "RUNNING"
    case waitingForApproval = "WAITING_FOR_APPROVAL"
    case pausedByHuman = "PAUSED_BY_HUMAN"
    case stopping = "STOPPING"
    case completed = "COMPLETED"
    case failed = "FAILED"

    /// Whether nothing can follow it.
    public var isTerminal: Bool {
        switch self {
        case .completed, .failed: return true
        case .created, .preparingWorkspace, .startingProvider, .running, .waitingForApproval, .pausedByHuman,
            .stopping:
            return false
        }
    }

    public var isLive: Bool { !isTerminal }
}
