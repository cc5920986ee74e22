import Bytes
import Fleet

// The forms of chat-runtime §3.1: what is absent is omitted, and both forms are read.
extension ChatMessage: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            role: try fields.choice("role"), content: try fields.optionalString("content") ?? "",
            // The reference's clients have another name for it (§9, 11).
            name: try fields.optionalString(fields.has("name") ? "name" : "tool_name"),
            toolCallID: try fields.optionalString("tool_call_id"),
            toolCalls: try fields.has("tool_calls") ? fields.shapes("tool_calls") : [],
            isError: try fields.optionalBool("is_error") ?? false,
            isPartial: try fields.optionalBool("partial") ?? false,
            createdAt: try Self.time(fields.optionalString("created_at")))
    }

    public var json: JSON {
        .omittingNil([
            "role": .string(role.rawValue),
            "content": .string(content),
            "name": name.map { .string($0) },
            "tool_call_id": toolCallID.map { .string($0) },
            "tool_calls": toolCalls.isEmpty ? nil : .array(toolCalls.map(\.json)),
            "is_error": isError ? true : nil,
            "partial": isPartial ? true : nil,
            "created_at": createdAt.map { .string($0.rfc3339Microseconds()) },
        ])
    }

    private static func time(_ text: String?) throws(FieldError) -> PreciseTime? {
        guard let text else { return nil }
        guard let time = PreciseTime(rfc3339: text) else {
            throw FieldError(path: "created_at", message: "must be a time as RFC 3339 writes it")
        }
        return time
    }
}
