import Bytes
import Fleet

/// What became of a nudge (runtime-rpc §2.3, §5).
public enum NudgeOutcome: Hashable, Sendable {
    /// tmux took the text.
    case delivered
    /// There is nowhere to type.
    case unsupported(NudgeReason)
    case failed(NudgeReason)
}

/// Why a nudge was not delivered: all that a client of 0.3 can read.
public enum NudgeReason: String, CaseIterable, Sendable {
    case headlessLifecycle = "headless_lifecycle"
    /// Also said of a session that has ended, whose pane belongs to its user again (D-09).
    case tmuxPaneDead = "tmux_pane_dead"
}

extension NudgeOutcome: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("kind") {
        case "delivered": self = .delivered
        case "unsupported": self = .unsupported(try fields.choice("reason"))
        case "failed": self = .failed(try fields.choice("reason"))
        default: throw FieldError(path: "kind", message: "must be one of delivered, unsupported, failed")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .delivered: output.append(literal: #"{"kind":"delivered""#)
        case .unsupported(let reason): output.append(#"{"kind":"unsupported","reason":"#, reason.rawValue)
        case .failed(let reason): output.append(#"{"kind":"failed","reason":"#, reason.rawValue)
        }
        output.append(UInt8(ascii: "}"))
    }
}
