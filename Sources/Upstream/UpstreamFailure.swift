/// Why a call of another server ended without an answer.
public enum UpstreamFailure: Error, Equatable, Sendable {
    /// It could not be reached; `reason` is for a person.
    case unreachable(reason: String)
    /// It let us wait too long.
    case timedOut(phase: String)
    /// It broke off in the middle.
    case broken(reason: String)
}
