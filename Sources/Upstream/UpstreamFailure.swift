/// Why a call of another server ended without an answer. Its sentences name the host, and never what was sent to it.
public enum UpstreamFailure: Error, Equatable, Sendable {
    /// It could not be reached, and has seen nothing of the request; `reason` is for a person.
    case unreachable(reason: String)
    /// It let us wait too long; `phase` tells for what, as in `waiting for the first byte from api.openai.com`.
    case timedOut(phase: String)
    /// It broke off in the middle; `reason` is for a person.
    case broken(reason: String)
}

extension UpstreamFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let reason), .broken(let reason): return reason
        case .timedOut(let phase): return "timed out \(phase)"
        }
    }
}
