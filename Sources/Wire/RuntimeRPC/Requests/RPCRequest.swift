import Fleet

/// What a client or a shim asks of the daemon: one line, one connection (runtime-rpc §2.2).
public enum RPCRequest: Equatable, Sendable {
    case spawn(SpawnRequest)
    /// Whether a target could be spawned into, without doing it.
    case validateTarget(String)
    /// Sends a signal to a session's runtime, and `kill` after the grace.
    case kill(SessionID, KillSignal, graceSeconds: UInt64)
    /// The same for any process. A decoded one is within ``RPCLimits`` (D-08).
    case killByPID(pid: UInt32, signal: Int32, graceSeconds: UInt64)
    /// Types text into a session's pane.
    case nudge(SessionID, content: String)
    /// Takes a snapshot of a session's pane.
    case capture(SessionID, scrollbackLines: UInt32?)
    case status(StatusFilter)
    case version
    case watchers
    case doctor
    /// What happened after a cursor, waited for when nothing has.
    case events(since: UInt64?, waitMilliseconds: UInt32?)
    /// Stops the daemon; `drain` asks it to see its runtimes out (D-41).
    case stop(drain: Bool)
    /// A line that an MCP client sent (§9).
    case mcpBridge(line: String)
    /// A shim asks what to launch.
    case shimLaunch(SessionID)
    case shimReady(ShimReady)
    case shimExit(SessionID, RuntimeExit)

    /// Its name on the wire.
    public var type: String {
        switch self {
        case .spawn: return "spawn"
        case .validateTarget: return "validate_target"
        case .kill: return "kill"
        case .killByPID: return "kill_by_pid"
        case .nudge: return "nudge"
        case .capture: return "capture"
        case .status: return "status"
        case .version: return "version"
        case .watchers: return "watchers"
        case .doctor: return "doctor"
        case .events: return "events"
        case .stop: return "stop"
        case .mcpBridge: return "mcp_bridge"
        case .shimLaunch: return "shim_launch"
        case .shimReady: return "shim_ready"
        case .shimExit: return "shim_exit"
        }
    }
}

/// What requests are held to.
public enum RPCLimits {
    /// Bytes of a nudge (runtime-rpc §5).
    public static let nudgeBytes = 1 << 20
    /// Seconds between the signal and the kill; more is cut down to it (D-08).
    public static let graceSeconds: UInt64 = 3600
    /// The processes that may be signalled by number: 0 is our own group, 1 is init, and more would be negative (D-08).
    public static let pids: ClosedRange<UInt32> = 2...UInt32(Int32.max)
    /// The signals there are.
    public static let signals: ClosedRange<Int32> = 1...64
}
