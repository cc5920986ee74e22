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

    /// What goes on behind a turn that has ended. Of each thing only what names it: its command and its prompt stay.
    public static let background = ["background_tasks", "session_crons"]
    private static let backgroundKeys = ["id", "type", "status"]
    private static let backgroundLimit = 32

    /// The allowed fields that fit. `error` is a category only where a turn failed; elsewhere it is a tool's output.
    static func of(_ input: HookInput, kind: EventKind, session: String?, agent: Agent) -> JSONObject {
        var names = allowed
        if kind.method == .extra {
            names += allowedExtras.filter { $0 != "error" || kind.name == "stop_failure" }
        }
        var metadata = JSONObject()
        if let session { metadata["drover_session_id"] = .string(session) }
        if agent != .claude { metadata["drover_agent"] = .string(agent.provider) }
        if kind.name == "stop" {
            for name in background { metadata[name] = list(name, in: input) }
        }
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

    /// The list with little of its elements; `nil` when it is empty or not there.
    private static func list(_ name: String, in input: HookInput) -> JSON? {
        guard input.present.contains(name) else { return nil }
        // One that was too long to keep is not empty.
        guard let value = input.fields[name] else { return [[:]] }
        guard let elements = value.array, !elements.isEmpty else { return nil }
        return .array(
            elements.prefix(backgroundLimit).map { element in
                var kept = JSONObject()
                for key in backgroundKeys {
                    if let text = element[key]?.string, text.utf8.count <= 128 { kept[key] = .string(text) }
                }
                return .object(kept)
            })
    }
}
