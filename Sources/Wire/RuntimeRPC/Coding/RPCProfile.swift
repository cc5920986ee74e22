/// The dialect an answer is written in.
///
/// Old and new clients exclude each other, since enumerations are closed for both: a socket serves one profile and never
/// mixes (runtime-rpc §2.1.10, D-38). Encoders ask the profile wherever dialects differ.
public enum RPCProfile: Hashable, Sendable {
    /// Protocol 0.3.
    case v03

    /// What `version` answers as `protocol_version`.
    public var protocolVersion: String {
        switch self {
        case .v03: return "0.3"
        }
    }

    /// What `version` answers as `capabilities`, in the order of §2.5.
    public var capabilities: [String] {
        switch self {
        case .v03: return VersionInfo.capabilities03
        }
    }
}
