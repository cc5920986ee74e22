import Bytes

/// Why a change of the configuration was refused (chat-runtime §1.3, §4.5).
///
/// Whatever it is, the file, its backups and what is running are as they were.
public enum ConfigurationFailure: Error, Equatable, Sendable {
    /// The request itself is not one.
    case invalidRequest(String)
    /// What was to be applied makes no sense.
    case invalid(ConfigurationProblem)
    /// The file is not what the caller has seen last.
    case conflict(path: String)
    /// The disk would not have it.
    case storage(StorageFailure)

    /// As error bodies carry it.
    public var code: String {
        switch self {
        case .invalidRequest: return "invalid_request"
        case .invalid: return "config_invalid"
        case .conflict: return "conflict"
        case .storage: return "internal_error"
        }
    }

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .invalidRequest, .invalid: return 400
        case .conflict: return 409
        case .storage: return 500
        }
    }

    public var message: String {
        switch self {
        case .invalidRequest(let reason): return reason
        case .invalid(let problem): return problem.message
        case .conflict(let path): return "\(path) has changed since it was read; read it again"
        case .storage(let failure): return failure.message
        }
    }

    /// The error body.
    public var json: JSON { ["code": .string(code), "message": .string(message)] }
}
