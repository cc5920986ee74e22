/// How a stream broke the protocol (§6.4). There is at most one a stream.
public enum ChatStreamViolation: Error, Equatable, Sendable {
    /// The answer was 200, and no event stream.
    case notAnEventStream(contentType: String?)
    case invalidUTF8
    /// What an event carries is no JSON object.
    case notAnObject(event: String)
    /// The object lacks a required key, or has it with another type.
    case missing(key: String, event: String)
    /// The stream did not begin with `session`.
    case wrongFirstEvent(String)
    /// The stream ended before `done` or `error`.
    case truncated
    /// One event had more bytes than that.
    case eventTooLong(limit: Int)
}

extension ChatStreamViolation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnEventStream(let type): return "the answer is no event stream but \(type ?? "of no type")"
        case .invalidUTF8: return "the stream is not UTF-8"
        case .notAnObject(let event): return "the event \(event) carries no JSON object"
        case .missing(let key, let event): return "the event \(event) has no \(key) of the right type"
        case .wrongFirstEvent(let event): return "the stream begins with \(event) and not with session"
        case .truncated: return "the stream ended before done or error"
        case .eventTooLong(let limit): return "an event is longer than \(limit) bytes"
        }
    }
}

extension RuntimeClientError {
    init(_ violation: ChatStreamViolation) {
        self.init(.streamViolated, violation.description)
    }
}
