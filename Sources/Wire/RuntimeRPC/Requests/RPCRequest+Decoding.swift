import Bytes
import Fleet

extension RPCRequest {
    /// Reads one line, with or without its line feed, on the daemon's side.
    ///
    /// Throws what the daemon answers: `protocol_mismatch` with the field that is wrong, or `invalid_target` for a
    /// `spawn` whose tmux address cannot be read (runtime-rpc §1.4).
    public init(line: [UInt8]) throws(RPCError) {
        let envelope = try RPCEnvelope(line, noun: "request")
        if envelope.type == "spawn" {
            self = .spawn(try SpawnRequest(envelope))
            return
        }
        let request: RPCRequest?
        do { request = try Self.read(envelope) } catch { throw .field(error, in: envelope.type) }
        guard let request else { throw .mismatch("no request has the type \(JSON.string(envelope.type).text)") }
        self = request
    }

    private static func read(_ envelope: RPCEnvelope) throws(FieldError) -> RPCRequest? {
        switch envelope.type {
        case "version": return try envelope.withoutData(.version)
        case "watchers": return try envelope.withoutData(.watchers)
        case "doctor": return try envelope.withoutData(.doctor)
        case "stop": return .stop(drain: try envelope.withoutData(try drain(envelope)))
        case "events": return try envelope.read(events)
        case "status": return .status(try envelope.value("request"))
        case "validate_target":
            return try envelope.read("request") { request throws(FieldError) in
                .validateTarget(try request.string("target"))
            }
        case "kill": return try envelope.read("request", kill)
        case "kill_by_pid": return try envelope.read("request", killByPID)
        case "nudge": return try envelope.read("request", nudge)
        case "capture": return try envelope.read("request", capture)
        case "mcp_bridge":
            return try envelope.read("request") { request throws(FieldError) in
                .mcpBridge(line: try request.string("line"))
            }
        case "shim_launch":
            return try envelope.read("request") { request throws(FieldError) in
                .shimLaunch(try request.sessionID("session_id"))
            }
        case "shim_ready": return .shimReady(try envelope.value("ready"))
        case "shim_exit":
            return try envelope.read("exit") { exit throws(FieldError) in
                .shimExit(try exit.sessionID("session_id"), try exit.value("exit"))
            }
        default: return nil
        }
    }

    private static func drain(_ envelope: RPCEnvelope) throws(FieldError) -> Bool {
        switch try envelope.member("x_drain") {
        case nil, .null: return false
        case .bool(let drain): return drain
        default: throw FieldError(path: "x_drain", message: "must be true or false")
        }
    }

    private static func events(_ payload: Fields) throws(FieldError) -> RPCRequest {
        .events(since: try payload.optionalNumber("since"), waitMilliseconds: try payload.optionalNumber("wait_ms"))
    }

    private static func kill(_ request: Fields) throws(FieldError) -> RPCRequest {
        let grace: UInt64 = try request.number("grace_secs")
        return .kill(
            try request.sessionID("session_id"), try request.choice("signal"),
            graceSeconds: min(grace, RPCLimits.graceSeconds))
    }

    /// Also what the MCP bridge reads, so that no way leads round the ranges of D-08.
    static func killByPID(_ request: Fields) throws(FieldError) -> RPCRequest {
        let pid: UInt32 = try request.number("pid")
        guard RPCLimits.pids.contains(pid) else {
            throw FieldError(
                path: "pid", message: "must be from \(RPCLimits.pids.lowerBound) to \(RPCLimits.pids.upperBound)")
        }
        let signal: Int32 = try request.number("signal")
        guard RPCLimits.signals.contains(signal) else {
            throw FieldError(path: "signal", message: "must be from 1 to \(RPCLimits.signals.upperBound)")
        }
        let grace: UInt64 = try request.number("grace_secs")
        return .killByPID(pid: pid, signal: signal, graceSeconds: min(grace, RPCLimits.graceSeconds))
    }

    private static func nudge(_ request: Fields) throws(FieldError) -> RPCRequest {
        let content = try request.string("content")
        guard content.utf8.count <= RPCLimits.nudgeBytes else {
            throw FieldError(path: "content", message: "must have at most \(RPCLimits.nudgeBytes) bytes")
        }
        guard !content.utf8.contains(0) else { throw FieldError(path: "content", message: "must not contain NUL") }
        return .nudge(try request.sessionID("session_id"), content: content)
    }

    /// The id has two names, of which later protocols kept the second (D-05).
    private static func capture(_ request: Fields) throws(FieldError) -> RPCRequest {
        let target = try request.optionalSessionID("target_id")
        let session = try request.optionalSessionID("session_id")
        guard let id = target ?? session else { throw FieldError(path: "target_id", message: "is required") }
        if let session, session != id {
            throw FieldError(path: "session_id", message: "must be the same as target_id, or left out")
        }
        return .capture(id, scrollbackLines: try request.optionalNumber("scrollback_lines"))
    }
}
