/// Why the stream of a model's answer cannot be read to its end (chat-runtime §5.3).
public enum ModelStreamError: Error, Equatable, Sendable {
    /// It ended before the model said that it was done.
    case endedEarly
    /// The provider broke off with a message of its own, which is here without credentials and cut to 2 KiB.
    case reported(message: String)
    /// It is not what the provider's protocol says.
    case malformed(reason: String)
    /// One event has more bytes than this.
    case eventTooLarge(limit: Int)
    /// The arguments of the answer's calls have more bytes than this together.
    case argumentsTooLarge(limit: Int)
    /// The answer has more calls than this.
    case tooManyCalls(limit: Int)
}

extension ModelStreamError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .endedEarly: return "the provider's answer broke off before the model was done"
        case .reported(let message): return "the provider reports an error: \(message)"
        case .malformed(let reason): return "the provider's answer cannot be read: \(reason)"
        case .eventTooLarge(let limit): return "the provider sent an event of more than \(limit) bytes"
        case .argumentsTooLarge(let limit): return "the model's calls have more than \(limit) bytes of arguments"
        case .tooManyCalls(let limit): return "the model made more than \(limit) calls at once"
        }
    }
}
