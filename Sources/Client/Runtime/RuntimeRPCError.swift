import Glibc
import Wire

/// Why something asked over the runtime socket did not come about.
public enum RuntimeRPCError: Error, Equatable, Sendable {
    /// Neither `RTM_SOCKET_PATH` nor `XDG_RUNTIME_DIR` nor `HOME` is set, so nothing says where the socket is.
    case noHome
    /// Nobody can be reached at that path; `error` is the system's number, such as `ENOENT` or `EACCES`.
    case unavailable(path: String, error: Int32)
    /// A path of a socket has at most ``RuntimeRPCClient/pathLimit`` bytes.
    case pathTooLong(String)
    case timedOut(doing: String)
    /// The daemon closed without an answer.
    case connectionLost
    /// The answer is longer than the client takes, in bytes.
    case answerTooLong(limit: Int)
    /// The answer is none of protocol 0.3.
    case undecodable(RPCError)
    /// The daemon answered with an error.
    case refused(RPCError)
    /// A well-formed answer to some other question.
    case unexpected(answer: String, to: String)

    /// The code of the protocol that this stands for: failures of the connection count among those of the daemon
    /// (runtime-rpc §2.4).
    public var code: RPCError.Code {
        switch self {
        case .noHome, .unavailable, .pathTooLong, .timedOut: return .runtimeUnavailable
        case .connectionLost, .answerTooLong, .undecodable, .unexpected: return .protocolMismatch
        case .refused(let error): return error.code
        }
    }

    /// The system's own words for the number behind ``unavailable(path:error:)``.
    public var systemReason: String? {
        guard case .unavailable(_, let number) = self else { return nil }
        return "\(String(cString: strerror(number))) (os error \(number))"
    }
}

extension RuntimeRPCError: CustomStringConvertible {
    /// As `rtm` says it (runtime-rpc §10).
    public var description: String {
        switch self {
        case .noHome:
            return "HOME is not set, and neither is RTM_SOCKET_PATH: nothing says where the socket of rtmd is"
        case .unavailable(let path, _): return "rtmd unavailable at \(path): \(systemReason ?? "")"
        case .pathTooLong(let path):
            return
                "rtmd unavailable at \(path): the path of a socket has at most \(RuntimeRPCClient.pathLimit) bytes, and "
                + "this has \(path.utf8.count); set RTM_SOCKET_PATH to a shorter one"
        case .timedOut(let doing): return "rtmd did not answer in time: \(doing)"
        case .connectionLost: return "rtmd closed the connection without an answer"
        case .answerTooLong(let limit): return "rtmd answered with more than \(limit) bytes"
        case .undecodable(let error), .refused(let error): return "rtmd returned \(error)"
        case .unexpected(let answer, let question):
            return "rtmd returned protocol_mismatch: it answered \(question) with \(answer)"
        }
    }
}
