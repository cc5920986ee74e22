import Bytes

/// The agents that Drover can watch.
public enum WatchedAgent: String, CaseIterable, Sendable {
    case claude
    case codex
    case gemini
    case opencode

    /// As people call it.
    public var name: String {
        switch self {
        case .claude: return "Claude Code"
        case .codex: return "Codex"
        case .gemini: return "Gemini CLI"
        case .opencode: return "opencode"
        }
    }
}

/// Which events an agent's settings send to us, and how each entry looks.
struct HookRegistration {
    let agent: WatchedAgent
    let command: String

    init(agent: WatchedAgent, program: String) {
        self.agent = agent
        // Without a version or anything else that changes: Codex trusts a definition by its hash.
        command = HookCommand(program: program, agent: agent == .claude ? nil : agent.rawValue).text
    }

    /// In the order in which they are written.
    var events: [String] {
        switch agent {
        // daemon-ipc §9.2. Never WorktreeCreate: that hook takes the agent's own work over.
        case .claude:
            return [
                "SessionStart", "SessionEnd", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure",
                "PermissionRequest", "Stop", "PreCompact", "Notification", "SubagentStart", "SubagentStop",
                "TeammateIdle", "TaskCompleted",
            ]
        case .codex:
            return [
                "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest", "Stop",
                "PreCompact", "SubagentStart", "SubagentStop", "SessionEnd",
            ]
        case .gemini:
            return [
                "SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool", "PreCompress",
                "Notification",
            ]
        case .opencode: return []
        }
    }

    /// Which tools an event is wanted for. Without one it is for all; Codex and Gemini CLI would read `*` as a pattern.
    func matcher(of event: String) -> String? {
        let tools = ["PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest"]
        return agent == .claude && tools.contains(event) ? "*" : nil
    }

    /// The entry itself.
    func handler(of event: String) -> JSONObject {
        var handler: JSONObject = ["type": "command", "command": .string(command)]
        switch agent {
        case .claude where event != "SessionEnd":
            handler["async"] = true
            handler["timeout"] = 30
        // Seconds there, milliseconds here.
        case .codex: handler["timeout"] = 30
        case .gemini:
            handler["name"] = "drover"
            handler["timeout"] = 5000
        case .claude, .opencode: break
        }
        return handler
    }

    /// The entry with the group it stands in.
    func group(of event: String) -> JSON {
        var group = JSONObject()
        if let matcher = matcher(of: event) { group["matcher"] = .string(matcher) }
        group["hooks"] = .array([.object(handler(of: event))])
        return .object(group)
    }
}
