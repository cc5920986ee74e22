import Bytes
import Fleet

/// One thing that a target rests on (daemon-ipc §6.5).
public struct RoutingEvidence: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        /// The device of the client.
        case tmuxClient = "tmux_client"
        /// The name of the session.
        case tmuxSession = "tmux_session"
        /// The directory of the pane, or `unknown`.
        case tmuxPanePath = "tmux_pane_path"
        /// The directory of the shell.
        case shellCwd = "shell_cwd"
    }

    public var kind: Kind
    /// What the kind says it is.
    public var value: String
    /// Milliseconds since it was seen.
    public var ageMilliseconds: UInt64
    /// 1 is trusted before 2.
    public var trustRank: UInt8

    public init(kind: Kind, value: String, ageMilliseconds: UInt64, trustRank: UInt8) {
        self.kind = kind
        self.value = value
        self.ageMilliseconds = ageMilliseconds
        self.trustRank = trustRank
    }
}

extension RoutingEvidence: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            kind: try fields.choice("evidence_type"), value: try fields.string("value"),
            ageMilliseconds: try fields.number("age_ms"), trustRank: try fields.number("trust_rank"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"evidence_type":"#, kind.rawValue)
        output.append(#","value":"#, value)
        output.append(#","age_ms":"#, ageMilliseconds)
        output.append(#","trust_rank":"#, trustRank)
        output.append(UInt8(ascii: "}"))
    }
}
