import Bytes
import Fleet

extension IPCRequest {
    /// Reads one request on the daemon's side: checks 6 to 10 of daemon-ipc §1.2, in their order.
    ///
    /// The line ends at its first line feed, if it has one; what follows is not looked at. The error carries the id
    /// that the answer echoes.
    public init(line: [UInt8]) throws(IPCError) {
        let end = line.firstIndex(of: UInt8(ascii: "\n")) ?? line.endIndex
        let envelope = try IPCEnvelope(line[..<end])
        // The version comes first, so that a newer client learns about it before anything else (D-30).
        guard envelope.protocolVersion == IPCLimits.protocolVersion else {
            throw IPCError(
                .protocolMismatch, "this daemon speaks protocol_version \(IPCLimits.protocolVersion) only",
                id: envelope.id)
        }
        guard let name = IPCMethod.Name(rawValue: envelope.method) else {
            throw IPCError(
                .unknownMethod, "there is no method \(JSON.string(String(envelope.method.prefix(64))).text)",
                id: envelope.id)
        }
        id = envelope.id
        do { method = try IPCMethod(name, params: envelope.params) } catch { throw error.answering(envelope.id) }
    }
}

extension IPCMethod {
    /// Check 10, by method. Those without parameters do not look at what they get (§2).
    init(_ name: Name, params: JSON) throws(IPCError) {
        switch name {
        case .getHealth: self = .getHealth
        case .getShellState: self = .getShellState
        case .getConfig: self = .getConfig
        case .getSessions: self = .getSessions
        case .getProjectStates: self = .getProjectStates
        case .getTombstones: self = .getTombstones
        case .getProcessLiveness: self = .getProcessLiveness(pid: try Self.pid(params))
        case .getRoutingSnapshot: self = .getRoutingSnapshot(try RoutingQuery(params: params))
        case .getRoutingDiagnostics: self = .getRoutingDiagnostics(try RoutingQuery(params: params))
        case .getActivity: self = try Self.activity(params)
        case .event:
            guard params != .null else {
                throw IPCError(.invalidParams, "params are missing: they are the event")
            }
            self = .event(try HookEvent(json: params))
        case .extraEvent: self = .extraEvent(try ExtraEvent(json: params))
        }
    }

    private static func pid(_ params: JSON) throws(IPCError) -> UInt32 {
        guard params != .null else { throw IPCError(.invalidParams, "params are missing: pid is required") }
        do {
            let fields = try Fields(params)
            try fields.allow("pid")
            return try fields.number("pid")
        } catch { throw .params(error) }
    }

    /// Whatever cannot be used is as if it had not been asked for (§2.9).
    private static func activity(_ params: JSON) throws(IPCError) -> IPCMethod {
        if params == .null { return .getActivity(sessionID: nil, limit: IPCLimits.activityRows) }
        guard case .object(let object) = params else {
            throw .params(FieldError(message: "must be an object, or left out"))
        }
        var sessionID = object["session_id"]?.string
        if sessionID?.isBlank == true { sessionID = nil }
        let limit: Int
        switch object["limit"] {
        case .integer(let number) where number >= 0: limit = Int(min(number, Int64(IPCLimits.mostActivityRows)))
        case .unsigned: limit = IPCLimits.mostActivityRows
        default: limit = IPCLimits.activityRows
        }
        return .getActivity(sessionID: sessionID, limit: limit)
    }
}
