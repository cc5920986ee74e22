import Fleet

/// What the daemon is asked for (daemon-ipc §2), with its parameters checked.
public enum IPCMethod: Equatable, Sendable {
    case getHealth
    case getShellState
    /// Any number is one, 0 too (§2.3).
    case getProcessLiveness(pid: UInt32)
    case getRoutingSnapshot(RoutingQuery)
    case getRoutingDiagnostics(RoutingQuery)
    case getConfig
    case getSessions
    case getProjectStates
    /// `limit` is from 0 to ``IPCLimits/mostActivityRows`` (§2.9).
    case getActivity(sessionID: String?, limit: Int)
    case getTombstones
    case event(HookEvent)
    /// Our own, beyond the contract.
    case extraEvent(ExtraEvent)

    /// Its name on the wire.
    public enum Name: String, CaseIterable, Sendable {
        case getHealth = "get_health"
        case getShellState = "get_shell_state"
        case getProcessLiveness = "get_process_liveness"
        case getRoutingSnapshot = "get_routing_snapshot"
        case getRoutingDiagnostics = "get_routing_diagnostics"
        case getConfig = "get_config"
        case getSessions = "get_sessions"
        case getProjectStates = "get_project_states"
        case getActivity = "get_activity"
        case getTombstones = "get_tombstones"
        case event
        case extraEvent = "x_event"
    }

    public var name: Name {
        switch self {
        case .getHealth: return .getHealth
        case .getShellState: return .getShellState
        case .getProcessLiveness: return .getProcessLiveness
        case .getRoutingSnapshot: return .getRoutingSnapshot
        case .getRoutingDiagnostics: return .getRoutingDiagnostics
        case .getConfig: return .getConfig
        case .getSessions: return .getSessions
        case .getProjectStates: return .getProjectStates
        case .getActivity: return .getActivity
        case .getTombstones: return .getTombstones
        case .event: return .event
        case .extraEvent: return .extraEvent
        }
    }
}
