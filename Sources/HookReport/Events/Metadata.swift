import Bytes

/// What of a hook's input is passed on beside the envelope's own fields.
///
/// Prompts, tool inputs and answers stay with the agent: the log keeps what it gets (daemon-ipc §9.1, D-23).
public enum Metadata {
    /// Most bytes of metadata as JSON.
    public static let limit = 16_384

    /// Those of the contract. First the ones that decide something, in case not all fit.
    public static let allowed = [
        "agent_id", "teammate_name", "source", "trigger", "team_name", "agent_type", "tool_use_id", "task_id", "reason",
        "permission_mode", "model", "is_interrupt", "transcript_path", "capabilities",
    ]

    /// Further ones of events that are not the contract's: names and categories, nothing that a person wrote.
    public static let allowedExtras = [
        "error", "old_cwd", "new_cwd", "directory", "memory_type", "load_reason", "command_name", "expansion_type",
        "mcp_server_name", "action", "mode", "event", "turn_id",
    ]

    /// The allowed fields that fit. `error` is a category only where a turn failed; elsewhere it is a tool's output.
    static func of(_ input: HookInput, kind: EventKind, session: String?) -> JSONObject {
        var names = allowed
        if kind.method == .extra {
            names += allowedExtras.filter { $0 != "error" || kind.name == "stop_failure" }
        }
        var metadata = JSONObject()
        if let session { metadata["drover_session_id"] = .string(session) }
        var size = metadata.isEmpty ? 2 : JSON.object(metadata).encoded().count
        for name in names {
            guard let value = input[name] else { continue }
            let length = name.utf8.count + value.encoded().count + 4
            guard size + length <= limit else { continue }
            size += length
            metadata.members.append(JSONObject.Member(key: name, value: value))
        }
        return metadata
    }
}
