import Bytes
import Fleet

/// A shim's word that its runtime runs (runtime-rpc §2.2, §3.4).
public struct ShimReady: Equatable, Sendable {
    public var sessionID: SessionID
    public var shimPID: UInt32
    public var runtimePID: UInt32
    public var startTime: PreciseTime
    /// Shims leave it out: the daemon knows the pane from the request.
    public var tmuxPane: String?

    public init(
        sessionID: SessionID, shimPID: UInt32, runtimePID: UInt32, startTime: PreciseTime, tmuxPane: String? = nil
    ) {
        self.sessionID = sessionID
        self.shimPID = shimPID
        self.runtimePID = runtimePID
        self.startTime = startTime
        self.tmuxPane = tmuxPane
    }
}

extension ShimReady: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.sessionID("session_id"), shimPID: try fields.number("shim_pid"),
            runtimePID: try fields.number("runtime_pid"), startTime: try fields.time("start_time"),
            tmuxPane: try fields.optionalString("tmux_pane"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","shim_pid":"#, shimPID)
        output.append(#","runtime_pid":"#, runtimePID)
        output.append(#","start_time":"#, startTime)
        output.append(#","tmux_pane":"#, tmuxPane)
        output.append(UInt8(ascii: "}"))
    }
}
