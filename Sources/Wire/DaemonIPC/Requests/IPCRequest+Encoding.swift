import Bytes
import Fleet

extension IPCRequest {
    /// The line as a client sends it, its line feed included.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(768)
        append(to: &output)
        return output
    }

    /// Appends ``encoded()``.
    public func append(to output: inout [UInt8]) {
        output.append(#"{"protocol_version":"#, IPCLimits.protocolVersion)
        output.append(#","method":"#, method.name.rawValue)
        output.append(ifAny: #","id":"#, id)
        switch method {
        case .getHealth, .getShellState, .getConfig, .getSessions, .getProjectStates, .getTombstones: break
        case .getProcessLiveness(let pid):
            output.append(#","params":{"pid":"#, pid)
            output.append(UInt8(ascii: "}"))
        case .getRoutingSnapshot(let query), .getRoutingDiagnostics(let query):
            output.append(literal: #","params":"#)
            query.append(to: &output)
        case .getActivity(let sessionID, let limit):
            output.append(#","params":{"limit":"#, limit)
            output.append(ifAny: #","session_id":"#, sessionID)
            output.append(UInt8(ascii: "}"))
        case .event(let event):
            output.append(literal: #","params":"#)
            JSONWriter.append(Self.envelope(event.json, at: event.recordedAt), to: &output)
        case .extraEvent(let event):
            output.append(literal: #","params":"#)
            JSONWriter.append(Self.envelope(event.json, at: event.recordedAt), to: &output)
        }
        output.append(literal: "}\n")
    }

    /// The event as it is sent: with the milliseconds, which keep the order of what happens within a second (D-14).
    private static func envelope(_ event: JSON, at time: Timestamp) -> JSON {
        guard case .object(var envelope) = event else { preconditionFailure("an envelope is an object") }
        envelope["recorded_at"] = .string(time.iso8601)
        return .object(envelope)
    }
}
