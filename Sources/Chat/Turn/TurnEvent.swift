import Bytes
import Models
import Toolbox

/// What the stream of a turn tells its reader (chat-runtime §2.3).
public enum TurnEvent: Equatable, Sendable {
    /// Once, first.
    case session(id: String)
    /// Never empty.
    case delta(String)
    /// After the tool has run.
    case toolCall(ToolCall, ToolOutcome)
    /// Terminal.
    case done(sessionID: String, TurnFinish)
    /// Terminal.
    case error(TurnError)

    public var isTerminal: Bool {
        switch self {
        case .done, .error: return true
        case .session, .delta, .toolCall: return false
        }
    }
}

/// How a turn came to a good end.
public struct TurnFinish: Equatable, Sendable {
    public var reason: FinishReason
    /// The answer to "why", where `reason` alone would not say it: `max_iterations`, `length`, `content_filter` (§5.2).
    public var detail: String?
    /// Of the last call of the model; `nil` when the provider did not say.
    public var usage: TokenUsage?
    /// The sum over all calls.
    public var total: TokenUsage
    /// Calls of the model that came to an end.
    public var iterations: Int

    public init(
        reason: FinishReason, detail: String? = nil, usage: TokenUsage?, total: TokenUsage, iterations: Int
    ) {
        self.reason = reason
        self.detail = detail
        self.usage = usage
        self.total = total
        self.iterations = iterations
    }
}

/// Why a turn failed: `code` for programs (§1.3), `message` for people.
public struct TurnError: Error, Equatable, Sendable {
    public var code: ChatErrorCode
    public var message: String

    public init(_ code: ChatErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    static let cancelled = TurnError(.cancelled, "the turn was cancelled")
    static let deleted = TurnError(.notFound, "the session was deleted during the turn")
    static let shuttingDown = TurnError(.shuttingDown, "the daemon is shutting down; try again in a moment")
}

/// How a turn ended, whichever way.
public enum TurnOutcome: Equatable, Sendable {
    case finished(TurnFinish)
    /// With what the calls before had used.
    case failed(TurnError, total: TokenUsage, iterations: Int)
}

// MARK: - JSON

extension TurnEvent {
    /// The name that stands behind `event:`.
    public var name: StaticString {
        switch self {
        case .session: return "session"
        case .delta: return "delta"
        case .toolCall: return "tool_call"
        case .done: return "done"
        case .error: return "error"
        }
    }

    /// The payload of every event but `delta`, whose payload is its text.
    var json: JSON {
        switch self {
        case .session(let id): return ["session_id": .string(id)]
        case .delta(let text): return .string(text)
        case .toolCall(let call, let outcome):
            return [
                "id": .string(call.id), "name": .string(call.name), "args": call.arguments,
                "output": .string(outcome.output), "is_error": .bool(outcome.isError),
            ]
        case .done(let id, let finish):
            return .omittingNil([
                "session_id": .string(id), "usage": finish.usageJSON, "finish_reason": .string(finish.reason.rawValue),
                "stop_detail": finish.detail.map { .string($0) },
            ])
        case .error(let error):
            return ["code": .string(error.code.rawValue), "message": .string(error.message)]
        }
    }
}

extension TurnFinish {
    /// The three keys of the last call, and beside them the sum of all calls (§2.3).
    var usageJSON: JSON {
        guard let usage, case .object(var object) = usage.json else { return .null }
        object.members.append(.init(key: "total", value: total.json))
        object.members.append(.init(key: "iterations", value: .integer(iterations)))
        return .object(object)
    }
}

extension TokenUsage {
    static let zero = TokenUsage(promptTokens: 0, completionTokens: 0, totalTokens: 0)
}
