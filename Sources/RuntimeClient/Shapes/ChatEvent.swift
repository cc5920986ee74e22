import Bytes
import Models

/// One event of a chat stream (§2.3).
public enum ChatEvent: Equatable, Sendable {
    /// The first one: which session this is.
    case session(SessionReport)
    /// A piece of what the model says, exactly as it was sent: it may be blank, or empty.
    case delta(String)
    /// A tool was run.
    case toolCall(ToolCallReport)
    /// The turn is over.
    case done(TurnReport)
    /// The turn failed. That is an answer and no failure of the adapter.
    case error(ErrorReport)

    public struct SessionReport: Equatable, Sendable {
        public var sessionID: String
        /// Everything the server said; likewise below.
        public var json: JSON
    }

    public struct ToolCallReport: Equatable, Sendable {
        public var id: String
        public var name: String
        public var arguments: JSON
        public var output: String
        public var isError: Bool
        public var json: JSON
    }

    public struct TurnReport: Equatable, Sendable {
        public var sessionID: String
        /// Of the last call of the model, where it told.
        public var usage: TokenUsage?
        /// `stop`, `tool_calls`, `length`, `content_filter`, or what else a server says.
        public var finishReason: String?
        public var json: JSON
    }

    public struct ErrorReport: Equatable, Sendable {
        public var message: String
        /// Which kind of failure, where the server says.
        public var code: String?
        public var json: JSON
    }

    /// The name on the wire.
    public var name: String {
        switch self {
        case .session: return "session"
        case .delta: return "delta"
        case .toolCall: return "tool_call"
        case .done: return "done"
        case .error: return "error"
        }
    }

    /// Whether nothing may follow it.
    public var isTerminal: Bool {
        switch self {
        case .done, .error: return true
        case .session, .delta, .toolCall: return false
        }
    }

    /// The payload as an envelope carries it: a string for `delta`, the object otherwise (§6.5).
    public var data: JSON {
        switch self {
        case .session(let report): return report.json
        case .delta(let text): return .string(text)
        case .toolCall(let report): return report.json
        case .done(let report): return report.json
        case .error(let report): return report.json
        }
    }
}

// MARK: - Reading

extension ChatEvent {
    /// Reads an event by its name and payload, as an envelope carries it; `nil` for a name that is not one, which is passed
    /// over. It throws when the payload lacks a required key, or has it with another type (§6.4).
    public init?(name: String, data: JSON) throws(ChatStreamViolation) {
        switch name {
        case "delta":
            guard let text = data.string else { throw .missing(key: "data", event: name) }
            self = .delta(text)
        case "session":
            self = .session(SessionReport(sessionID: try Self.string("session_id", data, name), json: data))
        case "tool_call":
            self = .toolCall(
                ToolCallReport(
                    id: try Self.string("id", data, name), name: try Self.string("name", data, name),
                    arguments: data["args"] ?? .null, output: try Self.string("output", data, name),
                    isError: try Self.bool("is_error", data, name), json: data))
        case "done":
            self = .done(
                TurnReport(
                    sessionID: try Self.string("session_id", data, name),
                    usage: data["usage"].flatMap { TokenUsage(received: $0) },
                    finishReason: data["finish_reason"]?.string, json: data))
        case "error":
            self = .error(
                ErrorReport(
                    message: try Self.string("message", data, name), code: data["code"]?.string, json: data))
        default: return nil
        }
    }

    private static func string(_ key: String, _ data: JSON, _ event: String) throws(ChatStreamViolation) -> String {
        guard let value = data[key]?.string else { throw .missing(key: key, event: event) }
        return value
    }

    private static func bool(_ key: String, _ data: JSON, _ event: String) throws(ChatStreamViolation) -> Bool {
        guard let value = data[key]?.bool else { throw .missing(key: key, event: event) }
        return value
    }
}

extension TokenUsage {
    init?(received json: JSON) {
        guard let prompt = json["prompt_tokens"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let completion = json["completion_tokens"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let total = json["total_tokens"]?.integer.flatMap({ UInt32(exactly: $0) })
        else { return nil }
        self.init(promptTokens: prompt, completionTokens: completion, totalTokens: total)
    }
}
