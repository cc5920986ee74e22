import Bytes

/// One call of a model: what it is told, and what it may use.
public struct ModelRequest: Equatable, Sendable {
    public var model: String
    public var temperature: Double
    /// Tokens that the answer may have.
    public var maxTokens: UInt32
    /// What the model is told before the conversation.
    public var system: String?
    public var messages: [ChatMessage]
    /// Sorted by name, so that the same tools are the same bytes.
    public var tools: [ToolDeclaration]

    public init(
        model: String, temperature: Double, maxTokens: UInt32, system: String? = nil, messages: [ChatMessage],
        tools: [ToolDeclaration] = []
    ) {
        self.model = model
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.system = system
        self.messages = messages
        self.tools = tools
    }
}

/// A tool as a model is told of it.
public struct ToolDeclaration: Equatable, Sendable {
    public let name: String
    public let description: String
    /// JSON Schema of an object.
    public let parameters: JSON
    /// Tokens that it is taken for (``TokenBudget``).
    public let tokens: Int

    public init(name: String, description: String, parameters: JSON) {
        self.name = name
        self.description = description
        self.parameters = parameters
        tokens = (name.utf8.count + description.utf8.count + parameters.encoded().count) / 4 + 8
    }
}

/// What a model answers, in order: deltas, then calls, then at most one usage and exactly one end.
public enum ModelEvent: Equatable, Sendable {
    /// Never empty.
    case delta(String)
    /// All calls of the answer, in the provider's order.
    case toolCalls([ToolCall])
    case usage(TokenUsage)
    case finished(FinishReason)
}

/// Why a model stopped (§5.2).
public enum FinishReason: String, Equatable, Sendable {
    case stop
    case toolCalls = "tool_calls"
    case length
    case contentFilter = "content_filter"
}

/// An HTTP request to a provider, as bytes to send.
public struct UpstreamRequest: Equatable, Sendable {
    public var method: String
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(method: String = "POST", url: String, headers: [(name: String, value: String)], body: [UInt8]) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    public static func == (left: UpstreamRequest, right: UpstreamRequest) -> Bool {
        left.method == right.method && left.url == right.url && left.body == right.body
            && left.headers.elementsEqual(right.headers, by: ==)
    }
}
