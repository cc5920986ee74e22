import Bytes

/// Chat Completions as OpenAI and those who speak like it serve them (chat-runtime §5.3, §5.4).
public struct OpenAIProvider: ModelProvider {
    public let apiKey: String
    private let baseURL: String

    public init(baseURL: String = "https://api.openai.com/v1", apiKey: String) {
        self.baseURL = Self.trimmed(baseURL)
        self.apiKey = apiKey
    }

    public func request(_ request: ModelRequest) -> UpstreamRequest {
        var headers = [
            (name: "content-type", value: "application/json"), (name: "accept", value: "text/event-stream"),
        ]
        if !apiKey.isEmpty { headers.append((name: "authorization", value: "Bearer \(apiKey)")) }
        return UpstreamRequest(
            url: baseURL + "/chat/completions", headers: headers, body: Self.body(request).encoded())
    }

    public func makeDecoder(after messages: [ChatMessage]) -> any ModelStreamDecoder {
        AnswerDecoder(OpenAIAnswerReader(text: ProviderText(apiKey: apiKey)))
    }

    private static func body(_ request: ModelRequest) -> JSON {
        let conversation = Conversation(request)
        let reasons = isReasoning(request.model)
        return .omittingNil([
            "model": .string(request.model),
            "messages": .array(messages(conversation)),
            "temperature": reasons ? nil : .number(request.temperature),
            reasons ? "max_completion_tokens" : "max_tokens": .integer(Int(request.maxTokens)),
            "stream": true,
            "stream_options": ["include_usage": true],
            "tools": request.tools.isEmpty ? nil : .array(request.tools.sorted { $0.name < $1.name }.map(tool)),
            "tool_choice": request.tools.isEmpty ? nil : "auto",
        ])
    }

    /// Whether the model is of a family that has its own name for the limit, and takes no temperature but its own:
    /// `gpt-5…` and `o1`, `o3` and so on.
    private static func isReasoning(_ model: String) -> Bool {
        let model = Array(model.lowercased().utf8)
        if model.starts(with: "gpt-5".utf8) { return true }
        return model.count >= 2 && model[0] == UInt8(ascii: "o") && (0x30...0x39).contains(model[1])
    }

    private static func tool(_ tool: ToolDeclaration) -> JSON {
        [
            "type": "function",
            "function": [
                "name": .string(tool.name), "description": .string(tool.description), "parameters": tool.parameters,
            ],
        ]
    }

    private static func messages(_ conversation: Conversation) -> [JSON] {
        var messages: [JSON] = []
        if let system = conversation.system { messages.append(["role": "system", "content": .string(system)]) }
        for message in conversation.messages {
            messages.append(
                .omittingNil([
                    "role": .string(message.role.rawValue),
                    "content": .string(message.content),
                    "tool_calls": message.toolCalls.isEmpty ? nil : .array(message.toolCalls.map(call)),
                    "tool_call_id": message.toolCallID.map { .string($0) },
                ]))
        }
        return messages
    }

    private static func call(_ call: ToolCall) -> JSON {
        [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments.text)],
        ]
    }
}
