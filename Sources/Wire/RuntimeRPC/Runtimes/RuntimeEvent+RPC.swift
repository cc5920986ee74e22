import Bytes
import Fleet

/// `"shim_exit"`, `"process_exit"` or `{"lost":LostEvidence}` (runtime-rpc §2.3, Event).
extension TerminationEvidence: RPCValue {
    public init(json: JSON) throws(FieldError) {
        switch json {
        case "shim_exit": self = .shimExit
        // The second is what daemons called it before (D-03).
        case "process_exit", "kqueue_exit": self = .processExit
        case .object: self = .lost(try Fields(json).choice("lost"))
        default: throw FieldError(message: "must be shim_exit, process_exit or lost")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .shimExit: output.append(literal: #""shim_exit""#)
        case .processExit: output.append(literal: #""process_exit""#)
        case .lost(let evidence):
            output.append(#"{"lost":"#, evidence.rawValue)
            output.append(UInt8(ascii: "}"))
        }
    }
}

/// `{"type":…,"payload":…}` (runtime-rpc §2.3, Event).
extension RuntimeEvent: RPCValue {
    /// What an event is called, on the wire and in the event log (§8).
    public enum Kind: String, CaseIterable, Sendable {
        case running, terminated, lost
    }

    public var kind: Kind {
        switch self {
        case .running: return .running
        case .terminated: return .terminated
        case .lost: return .lost
        }
    }

    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let kind: Kind = try fields.choice("type")
        let payload = try fields.require("payload")
        do { try self.init(kind, payload: payload) } catch { throw error.inside("payload") }
    }

    /// Reads the payload alone, as a record of the event log holds it (§8).
    public init(_ kind: Kind, payload: JSON) throws(FieldError) {
        let fields = try Fields(payload)
        let id = try fields.sessionID("session_id")
        switch kind {
        case .running:
            self = .running(
                id, runtimePID: try fields.number("runtime_pid"), startTime: try fields.time("start_time"))
        case .terminated:
            let exit = RuntimeExit(
                code: try fields.optionalNumber("exit_code"), signal: try fields.optionalNumber("signal"))
            self = .terminated(id, exit, try fields.value("evidence"))
        case .lost: self = .lost(id, try fields.choice("evidence"))
        }
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"type":"#, kind.rawValue)
        output.append(literal: #","payload":"#)
        appendPayload(to: &output)
        output.append(UInt8(ascii: "}"))
    }

    /// Appends the payload alone, as a record of the event log holds it (§8).
    public func appendPayload(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        switch self {
        case .running(_, let pid, let startTime):
            output.append(#","runtime_pid":"#, pid)
            output.append(#","start_time":"#, startTime)
        case .terminated(_, let exit, let evidence):
            output.append(#","exit_code":"#, exit.code)
            output.append(#","signal":"#, exit.signal)
            output.append(#","evidence":"#, evidence)
        case .lost(_, let evidence): output.append(#","evidence":"#, evidence.rawValue)
        }
        output.append(UInt8(ascii: "}"))
    }
}
