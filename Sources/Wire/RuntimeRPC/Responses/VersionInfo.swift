import Bytes
import Fleet

/// Who answers, and what it can do (runtime-rpc §2.5).
public struct VersionInfo: Hashable, Sendable {
    /// The product's version.
    public var version: String
    /// The commit it was built from, or `unknown`.
    public var gitSHA: String
    public var protocolVersion: String
    public var capabilities: [String]

    public init(
        version: String, gitSHA: String, protocolVersion: String = RPCProfile.v03.protocolVersion,
        capabilities: [String] = VersionInfo.capabilities03
    ) {
        self.version = version
        self.gitSHA = gitSHA
        self.protocolVersion = protocolVersion
        self.capabilities = capabilities
    }

    /// What protocol 0.3 offers, in its order; `events_long_poll` is the one beyond the eight of the specification (D-01).
    public static let capabilities03 = [
        "structured_protocol_errors", "headless_stdio_log_paths", "status_session_set_filter",
        "status_updated_since_filter", "typed_nudge_outcomes", "validate_target_preflight", "events_cursor",
        "events_long_poll", "tmux_pane_snapshot",
    ]
}

extension VersionInfo: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            version: try fields.string("version"), gitSHA: try fields.string("git_sha"),
            protocolVersion: try fields.string("protocol_version"), capabilities: try fields.strings("capabilities"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"version":"#, version)
        output.append(#","git_sha":"#, gitSHA)
        output.append(#","protocol_version":"#, protocolVersion)
        output.append(#","capabilities":"#, texts: capabilities)
        output.append(UInt8(ascii: "}"))
    }
}
