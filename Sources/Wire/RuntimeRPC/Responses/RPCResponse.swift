import Fleet

/// What the daemon answers: one line, after which it closes (runtime-rpc §2.3).
public enum RPCResponse: Equatable, Sendable {
    case spawned(SpawnedRuntime)
    case validateTarget(TargetOutcome)
    case status([LifecycleRecord])
    case killByPID(pid: UInt32, signal: Int32, killedAfterGrace: Bool)
    case nudge(NudgeOutcome)
    case capture(CaptureOutcome)
    case version(VersionInfo)
    case watchers(WatcherCounts)
    case doctor(DoctorReport)
    /// What happened after the cursor that was asked with, and the cursor to ask with next.
    case events([RuntimeEvent], cursor: UInt64)
    /// The log no longer reaches back that far; `oldest` is the first cursor that can be used.
    case cursorExpired(oldest: UInt64)
    /// What the MCP client gets, `nil` for nothing.
    case mcpBridge(line: String?)
    case shimLaunch(LaunchSpec)
    case ack
    case stopping
    case error(RPCError)

    /// Its name on the wire.
    public var type: String {
        switch self {
        case .spawned: return "spawned"
        case .validateTarget: return "validate_target"
        case .status: return "status"
        case .killByPID: return "kill_by_pid"
        case .nudge: return "nudge"
        case .capture: return "capture"
        case .version: return "version"
        case .watchers: return "watchers"
        case .doctor: return "doctor"
        case .events: return "events"
        case .cursorExpired: return "cursor_expired"
        case .mcpBridge: return "mcp_bridge"
        case .shimLaunch: return "shim_launch"
        case .ack: return "ack"
        case .stopping: return "stopping"
        case .error: return "error"
        }
    }
}
