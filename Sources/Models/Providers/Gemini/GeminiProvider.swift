import Bytes

/// Google's `streamGenerateContent` (chat-runtime §5.4, §5.6).
public struct GeminiProvider: ModelProvider {
    public let apiKey: String
    private let baseURL: String

    public init(baseURL: String = "https://generativelanguage.googleapis.com", apiKey: String) {
        self.baseURL = Self.trimmed(baseURL)
        self.apiKey = apiKey
    }

    public func request(_ request: ModelRequest) -> UpstreamRequest {
        var headers = [
            (name: "content-type", value: "application/json"), (name: "accept", value: "text/event-stream"),
        ]
        if !apiKey.isEmpty { headers.append((name: "x-goog-api-key", value: apiKey)) }
        // Google itself writes the names of its models with the folder in front.
        let folder = request.model.hasPrefix("models/") ? "" : "models/"
        let path = "/v1beta/\(folder)\(Self.escaped(request.model)):streamGenerateContent?alt=sse"
        return UpstreamRequest(url: baseURL + path, headers: headers, body: Self.body(request).encoded())
    }

    public func makeDecoder(after messages: [ChatMessage]) -> any ModelStreamDecoder {
        let turn = messages.lastIndex { $0.role == .user }.map { messages[$0...] } ?? []
        let earlier = turn.reduce(0) { $0 + $1.toolCalls.count }
        return AnswerDecoder(GeminiAnswerReader(text: ProviderText(apiKey: apiKey), firstCall: earlier + 1))
    }

    private static func body(_ request: ModelRequest) -> JSON {
        let conversation = Conversation(request)
        let wantsSignatures = wantsSignatures(request.model)
        return .omittingNil([
            "contents": .array(conversation.sides.map { content($0, wantsSignatures: wantsSignatures) }),
            "systemInstruction": conversation.system.map { ["parts": [["text": .string($0)]]] },
            "tools": request.tools.isEmpty
                ? nil : [["functionDeclarations": .array(request.tools.sorted { $0.name < $1.name }.map(tool))]],
            "generationConfig": [
                "temperature": .number(request.temperature), "maxOutputTokens": .integer(Int(request.maxTokens)),
            ],
        ])
    }

    private static func tool(_ tool: ToolDeclaration) -> JSON {
        .omittingNil([
            "name": .string(tool.name), "description": .string(tool.description),
            "parameters": GeminiSchema.parameters(tool.parameters),
        ])
    }

    private static func content(_ side: Conversation.Side, wantsSignatures: Bool) -> JSON {
        [
            "role": side.isModel ? "model" : "user",
            "parts": .array(side.messages.flatMap { parts($0, wantsSignatures: wantsSignatures) }),
        ]
    }

    private static func parts(_ message: ChatMessage, wantsSignatures: Bool) -> [JSON] {
        if message.role == .tool {
            let response: JSON = [
                "name": .string(message.name ?? "unknown"), "response": ["output": .string(message.content)],
            ]
            return [["functionResponse": response]]
        }
        var parts: [JSON] = []
        if !message.content.isBlank { parts.append(["text": .string(message.content)]) }
        let isSigned = message.toolCalls.contains { $0.signature != nil }
        for (index, call) in message.toolCalls.enumerated() {
            // The first of several calls bears the signature for all. Calls of another model have none, and then this word
            // is the vendor's own for leaving it at that.
            let substitute = wantsSignatures && !isSigned && index == 0 ? "skip_thought_signature_validator" : nil
            parts.append(
                .omittingNil([
                    "functionCall": ["name": .string(call.name), "args": call.argumentObject],
                    "thoughtSignature": (call.signature ?? substitute).map { .string($0) },
                ]))
        }
        return parts
    }

    /// Whether the model refuses calls of its own that come back without their signature: `gemini-3` and later.
    private static func wantsSignatures(_ model: String) -> Bool {
        let words = model.lowercased().utf8.split {
            $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
        }
        guard let name = words.firstIndex(where: { $0.elementsEqual("gemini".utf8) }), name + 1 < words.endIndex,
            let major = Int(String(decoding: words[name + 1], as: UTF8.self))
        else { return false }
        return major >= 3
    }

    /// Everything that may not stand in a path is escaped; slashes may.
    private static func escaped(_ model: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in model.utf8 {
            if byte.isWordByte || "./~@".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
