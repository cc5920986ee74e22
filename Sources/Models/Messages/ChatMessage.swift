import Bytes
import Fleet

/// One message of a chat session (chat-runtime §3.1).
public struct ChatMessage: Equatable, Sendable {
    public enum Role: String, Sendable, CaseIterable {
        /// Made anew for every turn, and never stored.
        case system
        case user
        case assistant
        case tool
    }

    public var role: Role
    /// May be empty.
    public var content: String
    /// The tool, where the role is `tool`.
    public var name: String?
    /// The call that a message of role `tool` answers.
    public var toolCallID: String?
    /// What an assistant called in this message. Providers refuse the answers of calls that they are not sent back.
    public var toolCalls: [ToolCall]
    /// Whether a tool failed.
    public var isError: Bool
    /// Whether the turn ended in the middle of this message.
    public var isPartial: Bool
    public var createdAt: PreciseTime?

    public init(
        role: Role, content: String, name: String? = nil, toolCallID: String? = nil, toolCalls: [ToolCall] = [],
        isError: Bool = false, isPartial: Bool = false, createdAt: PreciseTime? = nil
    ) {
        self.role = role
        self.content = content
        self.name = name
        self.toolCallID = toolCallID
        self.toolCalls = toolCalls
        self.isError = isError
        self.isPartial = isPartial
        self.createdAt = createdAt
    }
}

/// What a model asks for: a tool, and what it is given.
public struct ToolCall: Equatable, Sendable {
    /// The provider's own words (§0.4).
    public var id: String
    public var name: String
    /// Whatever the model wrote; `{"raw": text}` where that was no JSON (§5.3).
    public var arguments: JSON
    /// What the provider wants back with this call, word for word: Gemini's `thoughtSignature`.
    public var signature: String?

    public init(id: String, name: String, arguments: JSON, signature: String? = nil) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.signature = signature
    }
}

/// Tokens as a provider counts them.
public struct TokenUsage: Equatable, Sendable {
    public var promptTokens: UInt32
    public var completionTokens: UInt32
    public var totalTokens: UInt32

    public init(promptTokens: UInt32, completionTokens: UInt32, totalTokens: UInt32) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens
    }
}
