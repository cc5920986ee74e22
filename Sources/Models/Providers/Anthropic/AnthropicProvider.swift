import Bytes

/// Anthropic's Messages (chat-runtime §5.4, §5.6).
public struct AnthropicProvider: ModelProvider {
    public let apiKey: String
    private let baseURL: String

    public init(baseURL: String = "https://api.anthropic.com", apiKey: String) {
        self.baseURL = Self.trimmed(baseURL)
        self.apiKey = apiKey
    }

    public func request(_ request: ModelRequest) -> UpstreamRequest {
        var headers = [
            (name: "content-type", value: "application/json"), (name: "accept", value: "text/event-stream"),
            (name: "anthropic-version", value: "2023-06-01"),
        ]
        if !apiKey.isEmpty { headers.append((name: "x-api-key", value: apiKey)) }
        return UpstreamRequest(url: baseURL + "/v1/messages", headers: headers, body: Self.body(request).encoded())
    }

    public func makeDecoder(after messages: [ChatMessage]) -> any ModelStreamDecoder {
        AnswerDecoder(AnthropicAnswerReader(text: ProviderText(apiKey: apiKey)))
    }

    private static func body(_ request: ModelRequest) -> JSON {
        let conversation = Conversation(request, ids: .words)
        return .omittingNil([
            "model": .string(request.model),
            "max_tokens": .integer(Int(request.maxTokens)),
            "temperature": takesTemperature(request.model) ? .number(min(1, request.temperature)) : nil,
            "system": conversation.system.map { .string($0) },
            "messages": .array(conversation.sides.map(message)),
            "tools": request.tools.isEmpty ? nil : .array(request.tools.sorted { $0.name < $1.name }.map(tool)),
            "stream": true,
        ])
    }

    /// Whether the model takes a temperature: Opus since 4.7, and everything since 5, answers 400 to any but its own.
    ///
    /// Names are `claude-<family>-<major>[-<minor>][-<date>]`; before 4 the family stood behind the number.
    private static func takesTemperature(_ model: String) -> Bool {
        let words = model.lowercased().utf8.split(separator: UInt8(ascii: "-")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard words.count >= 3, words[0] == "claude", Int(words[1]) == nil, let major = Int(words[2]) else {
            return true
        }
        // A date has eight digits.
        let minor = words.count > 3 ? Int(words[3]).flatMap { $0 < 100 ? $0 : nil } ?? 0 : 0
        return major < 4 || major == 4 && (words[1] != "opus" || minor < 7)
    }

    private static func tool(_ tool: ToolDeclaration) -> JSON {
        [
            "name": .string(tool.name), "description": .string(tool.description), "input_schema": tool.parameters,
        ]
    }

    private static func message(_ side: Conversation.Side) -> JSON {
        ["role": side.isModel ? "assistant" : "user", "content": .array(side.messages.flatMap(blocks))]
    }

    private static func blocks(_ message: ChatMessage) -> [JSON] {
        if message.role == .tool { return [result(message)] }
        var blocks: [JSON] = []
        // A text of nothing but white space is refused.
        if !message.content.isBlank { blocks.append(["type": "text", "text": .string(message.content)]) }
        for call in message.toolCalls {
            blocks.append([
                "type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": call.argumentObject,
            ])
        }
        return blocks
    }

    private static func result(_ message: ChatMessage) -> JSON {
        // The result of a failed tool must not be empty.
        let content = message.isError && message.content.isBlank ? "The tool failed without a word." : message.content
        return .omittingNil([
            "type": "tool_result", "tool_use_id": .string(message.toolCallID ?? ""), "content": .string(content),
            "is_error": message.isError ? true : nil,
        ])
    }
}

extension ToolCall {
    /// The arguments for vendors who take nothing but an object.
    var argumentObject: JSON {
        if case .object = arguments { return arguments }
        return ["raw": .string(arguments.text)]
    }
}
