import Bytes
import Fleet

// An event as the table `runtime_event` and the file `events.jsonl` hold it (runtime-rpc §8): a kind, and the payload
// that the wire has (§2.3).

extension RuntimeEvent {
    /// The column `kind`.
    var kind: String {
        switch self {
        case .running: return "running"
        case .terminated: return "terminated"
        case .lost: return "lost"
        }
    }

    /// The column `payload`.
    var payload: JSON {
        switch self {
        case .running(let session, let runtimePID, let startTime):
            return [
                "session_id": .string(session.rawValue), "runtime_pid": .integer(Int64(runtimePID)),
                "start_time": .string(startTime.rfc3339),
            ]
        case .terminated(let session, let exit, let evidence):
            return [
                "session_id": .string(session.rawValue), "exit_code": .nullable(exit.code),
                "signal": .nullable(exit.signal), "evidence": evidence.stored,
            ]
        case .lost(let session, let evidence):
            return ["session_id": .string(session.rawValue), "evidence": .string(evidence.rawValue)]
        }
    }

    /// Reads what ``kind`` and ``payload`` wrote; `nil` for what makes no sense.
    init?(kind: String, payload: JSON) {
        guard let text = payload["session_id"]?.string, !text.isEmpty else { return nil }
        let session = SessionID(text)
        switch kind {
        case "running":
            guard let pid = payload["runtime_pid"]?.integer.flatMap({ UInt32(exactly: $0) }),
                let start = payload["start_time"]?.string.flatMap({ PreciseTime(rfc3339: $0) })
            else { return nil }
            self = .running(session, runtimePID: pid, startTime: start)
        case "terminated":
            guard let evidence = payload["evidence"].flatMap({ TerminationEvidence(stored: $0) }),
                let code = Self.optional(payload["exit_code"]), let signal = Self.optional(payload["signal"])
            else { return nil }
            self = .terminated(session, RuntimeExit(code: code.value, signal: signal.value), evidence)
        case "lost":
            guard let evidence = payload["evidence"]?.string.flatMap({ LostEvidence(rawValue: $0) }) else { return nil }
            self = .lost(session, evidence)
        default: return nil
        }
    }

    /// Tells a number that is absent from one that makes no sense, which gives `nil`.
    private static func optional(_ json: JSON?) -> (value: Int32?, Void)? {
        guard let json, !json.isNull else { return (nil, ()) }
        return json.integer.flatMap { Int32(exactly: $0) }.map { ($0, ()) }
    }
}

extension TerminationEvidence {
    fileprivate var stored: JSON {
        switch self {
        case .shimExit: return "shim_exit"
        case .processExit: return "process_exit"
        case .lost(let evidence): return ["lost": .string(evidence.rawValue)]
        }
    }

    fileprivate init?(stored: JSON) {
        switch stored {
        case "shim_exit": self = .shimExit
        // The second is what the first protocol 0.3 wrote (§2.6).
        case "process_exit", "kqueue_exit": self = .processExit
        default:
            guard let lost = stored["lost"]?.string.flatMap({ LostEvidence(rawValue: $0) }) else { return nil }
            self = .lost(lost)
        }
    }
}

extension JSON {
    fileprivate static func nullable(_ value: Int32?) -> JSON { value.map { .integer(Int64($0)) } ?? .null }
}
