import Bytes

/// The provider that needs no network: the oracle of the conformance vectors (chat-runtime §5.7, §10).
public enum MockModel {
    /// What it answers to the last user message: an echo in pieces of ten scalars, or a call where the message begins with
    /// `use_tool:`.
    public static func answer(_ request: ModelRequest) -> [ModelEvent] {
        let message = request.messages.last { $0.role == .user }?.content ?? ""
        guard message.hasPrefix("use_tool:") else {
            return pieces("Mock response to: " + message).map { .delta($0) } + [
                .usage(TokenUsage(promptTokens: 10, completionTokens: 20, totalTokens: 30)), .finished(.stop),
            ]
        }
        let words = message.unicodeScalars.dropFirst("use_tool:".unicodeScalars.count)
            .split { $0.properties.isWhitespace }
        let name = words.first.map { String($0) } ?? "read"
        return [
            .toolCalls([ToolCall(id: "mock_tc_1", name: name, arguments: [:])]),
            .usage(TokenUsage(promptTokens: 10, completionTokens: 5, totalTokens: 15)), .finished(.toolCalls),
        ]
    }

    private static func pieces(_ text: String) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(10)))
            rest = rest.dropFirst(10)
        }
        return pieces
    }
}
