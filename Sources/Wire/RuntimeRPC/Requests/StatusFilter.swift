import Bytes
import Fleet

/// Which lifecycles `status` tells of: those that pass everything that is set (runtime-rpc §2.2, §7).
public struct StatusFilter: Equatable, Sendable {
    /// The union of `session_id` and `session_ids`; empty means all.
    public var sessionIDs: Set<SessionID>
    /// Inclusive.
    public var updatedSince: PreciseTime?
    public var runtime: String?
    /// The name of a state in any case. One that does not exist lets nothing pass.
    public var state: String?

    public init(
        sessionIDs: Set<SessionID> = [], updatedSince: PreciseTime? = nil, runtime: String? = nil, state: String? = nil
    ) {
        self.sessionIDs = sessionIDs
        self.updatedSince = updatedSince
        self.runtime = runtime
        self.state = state
    }

    /// Whether a lifecycle passes.
    public func includes(_ lifecycle: RuntimeLifecycle) -> Bool {
        if !sessionIDs.isEmpty, !sessionIDs.contains(lifecycle.sessionID) { return false }
        if let updatedSince, lifecycle.updatedAt < updatedSince { return false }
        if let runtime, lifecycle.runtime != runtime { return false }
        if let state, lifecycle.state.name != state.lowercased() { return false }
        return true
    }
}

extension StatusFilter: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        sessionIDs = []
        for (index, text) in (try fields.optionalStrings("session_ids") ?? []).enumerated() {
            guard let id = SessionUUID.parse(text) else {
                throw FieldError(path: "session_ids[\(index)]", message: "must be a UUID")
            }
            sessionIDs.insert(id)
        }
        if let id = try fields.optionalSessionID("session_id") { sessionIDs.insert(id) }
        updatedSince = try fields.optionalTime("updated_since")
        runtime = try fields.optionalString("runtime")
        state = try fields.optionalString("state")
    }

    /// One id is written as `session_id`, which every daemon knows.
    public func append(to output: inout [UInt8]) {
        let one = sessionIDs.count == 1 ? sessionIDs.first : nil
        output.append(#"{"session_id":"#, one?.rawValue)
        if sessionIDs.count > 1 { output.append(#","session_ids":"#, texts: sessionIDs.sorted().map(\.rawValue)) }
        if let updatedSince { output.append(#","updated_since":"#, updatedSince) }
        output.append(#","runtime":"#, runtime)
        output.append(#","state":"#, state)
        output.append(UInt8(ascii: "}"))
    }
}
