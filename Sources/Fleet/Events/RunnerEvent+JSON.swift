import Bytes

extension RunnerEvent: JSONShape {
    /// The type that stays inside a process: whoever receives it drops it without complaint (control-plane §2.2 #13).
    public static let internalType = "PROVIDER_EVENT_FORWARDED"

    /// Reads one flat event object. Whoever takes events from a wire looks for ``internalType`` first.
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let kind: Kind = try fields.choice("type")
        self.init(
            sessionID: try fields.id("sessionId"), orgID: try fields.id("orgId"),
            repoRef: try fields.optionalShape("repoRef"), timestamp: try fields.timestamp("ts"),
            sequence: try fields.integer("seq", atLeast: 0), body: try Body(kind: kind, json: json))
    }

    /// The flat object: envelope and payload side by side.
    public var json: JSON {
        var object = JSONObject()
        object.members.reserveCapacity(12)
        object.members.append(.init(key: "type", value: .string(kind.rawValue)))
        object.members.append(.init(key: "sessionId", value: .string(sessionID.rawValue)))
        object.members.append(.init(key: "orgId", value: .string(orgID.rawValue)))
        if let repoRef { object.members.append(.init(key: "repoRef", value: repoRef.json)) }
        object.members.append(.init(key: "ts", value: .time(timestamp)))
        object.members.append(.init(key: "seq", value: .integer(sequence)))
        if case .object(let payload) = body.payload { object.members += payload.members }
        return .object(object)
    }

    /// Appends ``json`` as bytes, terminal chunks without building a tree.
    public func append(to output: inout [UInt8]) {
        guard case .terminalChunk(let chunk) = body else { return JSONWriter.append(json, to: &output) }
        output.append(literal: "{\"type\":\"TERMINAL_CHUNK\",\"sessionId\":")
        JSONWriter.append(sessionID.rawValue, to: &output)
        output.append(literal: ",\"orgId\":")
        JSONWriter.append(orgID.rawValue, to: &output)
        if let repoRef {
            output.append(literal: ",\"repoRef\":")
            JSONWriter.append(repoRef.json, to: &output)
        }
        output.append(literal: ",\"ts\":")
        JSONWriter.append(timestamp.milliseconds, to: &output)
        output.append(literal: ",\"seq\":")
        JSONWriter.append(sequence, to: &output)
        output.append(UInt8(ascii: ","))
        chunk.appendMembers(to: &output)
        output.append(UInt8(ascii: "}"))
    }

    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        append(to: &output)
        return output
    }
}

extension RunnerEvent.Body {
    /// Reads the payload of a kind; envelope keys beside it are passed over.
    public init(kind: RunnerEvent.Kind, json: JSON) throws(FieldError) {
        switch kind {
        case .sessionStarted: self = .sessionStarted(try SessionStart(json: json))
        case .sessionStateChanged: self = .sessionStateChanged(try StateChange(json: json))
        case .sessionEnded: self = .sessionEnded(try SessionEnd(json: json))
        case .terminalChunk: self = .terminalChunk(try TerminalChunk(json: json))
        case .fileTouched: self = .fileTouched(try FileTouch(json: json))
        case .diffSummary: self = .diffSummary(try DiffSummary(json: json))
        case .testRunStarted: self = .testRunStarted(try TestRunStart(json: json))
        case .testRunFinished: self = .testRunFinished(try TestRunFinish(json: json))
        case .approvalRequested: self = .approvalRequested(try Fields(json).shape("approval"))
        case .approvalResolved: self = .approvalResolved(try ApprovalResolution(json: json))
        case .alertRaised: self = .alertRaised(try Alert(json: json))
        case .usageTick: self = .usageTick(try UsageTick(json: json))
        }
    }

    /// The payload alone, as the journal keeps it.
    public var payload: JSON {
        switch self {
        case .sessionStarted(let payload): return payload.json
        case .sessionStateChanged(let payload): return payload.json
        case .sessionEnded(let payload): return payload.json
        case .terminalChunk(let payload): return payload.json
        case .fileTouched(let payload): return payload.json
        case .diffSummary(let payload): return payload.json
        case .testRunStarted(let payload): return payload.json
        case .testRunFinished(let payload): return payload.json
        case .approvalRequested(let approval): return ["approval": approval.json]
        case .approvalResolved(let payload): return payload.json
        case .alertRaised(let payload): return payload.json
        case .usageTick(let payload): return payload.json
        }
    }
}
