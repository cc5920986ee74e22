import Bytes
import Fleet
import Models

/// A `Session` of the contract (§3.1): a conversation and when it changed.
public struct ChatSession: Equatable, Sendable {
    public var id: String
    public var createdAt: PreciseTime
    /// Moves with every message.
    public var updatedAt: PreciseTime
    public var messages: [ChatMessage]
    /// Everything the server said.
    public var json: JSON

    /// `nil` for anything else. Keys that are null count as absent.
    public init?(_ json: JSON) {
        guard let id = json["id"]?.string, let list = json["messages"]?.array,
            let createdAt = json["created_at"]?.string.flatMap({ PreciseTime(rfc3339: $0) }),
            let updatedAt = json["updated_at"]?.string.flatMap({ PreciseTime(rfc3339: $0) })
        else { return nil }
        let messages = list.compactMap { ChatMessage(received: $0) }
        guard messages.count == list.count else { return nil }
        self.id = id
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.messages = messages
        self.json = json
    }
}

extension ChatMessage {
    /// Reads a message as servers write it: absent and null are one, and the tool's name has two names (§9 row 11).
    init?(received json: JSON) {
        guard let role = json["role"]?.string.flatMap({ Role(rawValue: $0) }), let content = json["content"]?.string
        else { return nil }
        let calls = json["tool_calls"]?.array ?? []
        self.init(
            role: role, content: content, name: json["name"]?.string ?? json["tool_name"]?.string,
            toolCallID: json["tool_call_id"]?.string, toolCalls: calls.compactMap { ToolCall(received: $0) },
            isError: json["is_error"]?.bool ?? false, isPartial: json["partial"]?.bool ?? false,
            createdAt: json["created_at"]?.string.flatMap { PreciseTime(rfc3339: $0) })
        guard toolCalls.count == calls.count else { return nil }
    }
}

extension ToolCall {
    init?(received json: JSON) {
        guard let id = json["id"]?.string, let name = json["name"]?.string else { return nil }
        self.init(id: id, name: name, arguments: json["arguments"] ?? .null)
    }
}
