import Bytes
import Fleet

extension RPCResponse {
    /// Reads one line, with or without its line feed, on the client's side.
    ///
    /// Throws `protocol_mismatch` for whatever is not an answer of protocol 0.3, a newer daemon's for one.
    public init(line: [UInt8]) throws(RPCError) {
        let envelope = try RPCEnvelope(line, noun: "answer")
        let response: RPCResponse?
        do { response = try Self.read(envelope) } catch { throw .field(error, in: envelope.type) }
        guard let response else {
            throw .mismatch("protocol 0.3 has no answer of the type \(JSON.string(envelope.type).text)")
        }
        self = response
    }

    private static func read(_ envelope: RPCEnvelope) throws(FieldError) -> RPCResponse? {
        switch envelope.type {
        case "spawned":
            return .spawned(
                try envelope.read { payload throws(FieldError) in
                    try SpawnedRuntime(json: .object(payload.object))
                })
        case "validate_target":
            return .validateTarget(
                try envelope.read("response") { response throws(FieldError) in
                    _ = try response.bool("valid")
                    return try response.value("outcome")
                })
        case "status":
            return .status(try envelope.read { payload throws(FieldError) in try payload.values("lifecycles") })
        case "kill_by_pid": return try envelope.read("response", killByPID)
        case "nudge":
            return .nudge(
                try envelope.read("response") { response throws(FieldError) in
                    _ = try response.bool("delivered")
                    return try response.value("outcome")
                })
        case "capture": return .capture(try envelope.value("response"))
        case "version": return .version(try envelope.value("version"))
        case "watchers": return .watchers(try envelope.value("watchers"))
        case "doctor": return .doctor(try envelope.value("doctor"))
        case "events": return try envelope.read(events)
        case "cursor_expired":
            return .cursorExpired(
                oldest: try envelope.read { payload throws(FieldError) in try payload.number("oldest") })
        case "mcp_bridge":
            return .mcpBridge(
                line: try envelope.read("response") { response throws(FieldError) in
                    try response.optionalString("line")
                })
        case "shim_launch": return .shimLaunch(try envelope.value("launch"))
        case "ack": return try envelope.withoutData(.ack)
        case "stopping": return try envelope.withoutData(.stopping)
        case "error":
            return .error(
                try envelope.read { payload throws(FieldError) in
                    RPCError(try payload.choice("code"), try payload.string("message"))
                })
        default: return nil
        }
    }

    private static func killByPID(_ response: Fields) throws(FieldError) -> RPCResponse {
        .killByPID(
            pid: try response.number("pid"), signal: try response.number("signal"),
            killedAfterGrace: try response.bool("killed_after_grace"))
    }

    private static func events(_ payload: Fields) throws(FieldError) -> RPCResponse {
        .events(try payload.values("events"), cursor: try payload.number("cursor"))
    }
}
