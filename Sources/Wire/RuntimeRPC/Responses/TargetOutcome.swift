import Bytes
import Fleet

/// What `validate_target` says of a target (runtime-rpc §2.3, §3.2).
public enum TargetOutcome: Hashable, Sendable {
    case valid
    case invalidTarget(message: String)
    /// The address is well-formed, and no live pane is there.
    case tmuxPaneDead(address: String)
    /// The target as it was asked about.
    case unsupportedTarget(String)

    /// What the text alone tells. Whether the pane of a valid one lives is for the caller to find out.
    public init(parsing text: String) {
        switch RuntimeTargetParsing(text) {
        case .target: self = .valid
        case .unsupported: self = .unsupportedTarget(text)
        case .invalid: self = .invalidTarget(message: Self.invalidMessage(text))
        }
    }

    /// The sentence for a target that cannot be read (§3.2).
    public static func invalidMessage(_ text: String) -> String {
        "invalid spawn target \(text); expected headless or tmux:<session>:<window>.<pane>"
    }
}

extension TargetOutcome: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("kind") {
        case "valid": self = .valid
        case "invalid_target": self = .invalidTarget(message: try fields.string("message"))
        case "tmux_pane_dead": self = .tmuxPaneDead(address: try fields.string("address"))
        case "unsupported_target": self = .unsupportedTarget(try fields.string("target"))
        default:
            throw FieldError(
                path: "kind", message: "must be one of valid, invalid_target, tmux_pane_dead, unsupported_target")
        }
    }

    public func append(to output: inout [UInt8]) {
        switch self {
        case .valid: output.append(literal: #"{"kind":"valid""#)
        case .invalidTarget(let message): output.append(#"{"kind":"invalid_target","message":"#, message)
        case .tmuxPaneDead(let address): output.append(#"{"kind":"tmux_pane_dead","address":"#, address)
        case .unsupportedTarget(let target): output.append(#"{"kind":"unsupported_target","target":"#, target)
        }
        output.append(UInt8(ascii: "}"))
    }
}
