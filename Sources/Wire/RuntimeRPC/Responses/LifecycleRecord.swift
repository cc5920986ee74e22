import Bytes
import Fleet

/// A lifecycle as clients are told of it (runtime-rpc §2.3, Lifecycle).
public struct LifecycleRecord: Equatable, Sendable {
    public var sessionID: SessionID
    public var runtime: String
    public var state: RuntimeState
    public var shimPID: UInt32?
    public var runtimePID: UInt32?
    public var startTime: PreciseTime?
    /// The address of its pane.
    public var tmuxPane: String?
    /// Written in every answer; older daemons leave it out.
    public var logAvailability: LogAvailability?

    public init(
        sessionID: SessionID, runtime: String, state: RuntimeState, shimPID: UInt32? = nil, runtimePID: UInt32? = nil,
        startTime: PreciseTime? = nil, tmuxPane: String? = nil, logAvailability: LogAvailability? = nil
    ) {
        self.sessionID = sessionID
        self.runtime = runtime
        self.state = state
        self.shimPID = shimPID
        self.runtimePID = runtimePID
        self.startTime = startTime
        self.tmuxPane = tmuxPane
        self.logAvailability = logAvailability
    }

    /// A row with where its output is. The pane is that of the target, known before the runtime runs (D-27).
    public init(_ lifecycle: RuntimeLifecycle, logAvailability: LogAvailability?) {
        self.init(
            sessionID: lifecycle.sessionID, runtime: lifecycle.runtime, state: lifecycle.state,
            shimPID: lifecycle.shimPID, runtimePID: lifecycle.runtimePID, startTime: lifecycle.startTime,
            tmuxPane: lifecycle.target.pane?.description, logAvailability: logAvailability)
    }
}

extension LifecycleRecord: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.sessionID("session_id"), runtime: try fields.string("runtime"),
            state: try fields.value("state"), shimPID: try fields.optionalNumber("shim_pid"),
            runtimePID: try fields.optionalNumber("runtime_pid"), startTime: try fields.optionalTime("start_time"),
            tmuxPane: try fields.optionalString("tmux_pane"),
            logAvailability: try fields.optionalValue("log_availability"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","runtime":"#, runtime)
        output.append(#","state":"#, state)
        output.append(#","shim_pid":"#, shimPID)
        output.append(#","runtime_pid":"#, runtimePID)
        output.append(#","start_time":"#, startTime)
        output.append(#","tmux_pane":"#, tmuxPane)
        if let logAvailability { output.append(#","log_availability":"#, logAvailability) }
        output.append(UInt8(ascii: "}"))
    }
}
