import Bytes

/// What an agent told its hook, as far as it is of use (agent-adapters §1.2, §1.3, §3.3, §4).
public struct HookInput: Equatable, Sendable {
    /// Wanted fields by name, those of an inner object as `tool_input.file_path`.
    public internal(set) var fields: [String: JSON] = [:]
    /// Wanted fields that were there at all, also those too long to keep.
    public internal(set) var present: Set<String> = []

    public init(_ fields: [String: JSON] = [:]) {
        self.fields = fields
        present = Set(fields.keys)
    }

    /// The value; `nil` also for null.
    public subscript(name: String) -> JSON? {
        guard let value = fields[name], !value.isNull else { return nil }
        return value
    }

    /// A text that is not blank, as it was written.
    public func text(_ name: String) -> String? {
        guard let text = fields[name]?.string, !text.isBlank else { return nil }
        return text
    }

    // MARK: - What is wanted

    static func isWanted(_ path: String) -> Bool { wanted.contains(path) }
    static func nests(_ name: String) -> Bool { name == "tool_input" || name == "tool_response" }

    private static let wanted: Set<String> = Set(
        ["hook_event_name", "session_id", "cwd", "tool_name", "notification_type", "stop_hook_active"]
            + ["tool_input.file_path", "tool_input.path", "tool_response.filePath", "tool_response.error"]
            // Codex's older notification (agent-adapters §3.4).
            + ["type", "thread-id"]
            + Metadata.allowed + Metadata.allowedExtras + Metadata.background)
}

extension String {
    /// Whether nothing but white space is in it.
    var isBlank: Bool { utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D) ~= $0 } }
}
