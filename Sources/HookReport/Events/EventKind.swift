/// What is reported, and by which method of the daemon IPC.
public struct EventKind: Equatable, Sendable {
    public enum Method: String, Sendable {
        /// One of the contract's types (daemon-ipc §3.2).
        case event
        /// Anything else that an agent tells: Drover's daemon journals it, another answers `unknown_method`.
        case extra = "x_event"
    }

    /// In snake_case: `pre_tool_use`.
    public var name: String
    public var method: Method

    public init(_ name: String) {
        self.name = name
        method = Self.contract.contains(name) ? .event : .extra
    }

    /// The types of daemon-ipc §3.2, the three informational ones included.
    static let contract: Set<String> = [
        "session_start", "user_prompt_submit", "pre_tool_use", "post_tool_use", "post_tool_use_failure",
        "permission_request", "pre_compact", "notification", "subagent_start", "subagent_stop", "stop", "teammate_idle",
        "task_completed", "session_end", "shell_cwd", "worktree_create", "worktree_remove", "config_change",
    ]
}

// MARK: - What agents call it

extension EventKind {
    /// The events of Claude Code (agent-adapters §1.3).
    public static let claudeEvents = [
        "SessionStart", "Setup", "UserPromptSubmit", "UserPromptExpansion", "PreToolUse", "PermissionRequest",
        "PermissionDenied", "PostToolUse", "PostToolUseFailure", "PostToolBatch", "Notification", "MessageDisplay",
        "SubagentStart", "SubagentStop", "TaskCreated", "TaskCompleted", "Stop", "StopFailure", "TeammateIdle",
        "InstructionsLoaded", "ConfigChange", "CwdChanged", "DirectoryAdded", "FileChanged", "WorktreeCreate",
        "WorktreeRemove", "PreCompact", "PostCompact", "Elicitation", "ElicitationResult", "SessionEnd",
    ]

    /// Those of Codex (agent-adapters §3.3), named as Claude Code names them.
    public static let codexEvents = [
        "SessionStart", "SessionEnd", "SubagentStart", "SubagentStop", "PreToolUse", "PermissionRequest", "PostToolUse",
        "PreCompact", "PostCompact", "UserPromptSubmit", "Stop", "Interrupt",
    ]

    /// Those of Gemini CLI, and what they mean here (agent-adapters §4).
    public static let geminiEvents = [
        "SessionStart": "session_start", "SessionEnd": "session_end", "BeforeAgent": "user_prompt_submit",
        "AfterAgent": "stop", "BeforeTool": "pre_tool_use", "AfterTool": "post_tool_use", "PreCompress": "pre_compact",
        "Notification": "notification", "BeforeModel": "before_model", "AfterModel": "after_model",
        "BeforeToolSelection": "before_tool_selection",
    ]

    /// What Drover's plugin for opencode passes on (agent-adapters §5).
    public static let opencodeEvents = [
        "session.created": "session_start", "session.deleted": "session_end", "session.busy": "user_prompt_submit",
        "session.idle": "stop", "session.error": "session_error", "session.compacted": "post_compact",
        "session.compacting": "pre_compact", "permission.asked": "permission_request",
        "permission.updated": "permission_request", "permission.replied": "permission_replied",
        "question.asked": "notification", "question.replied": "question_replied",
        "question.rejected": "question_rejected", "tool.execute.before": "pre_tool_use",
        "tool.execute.after": "post_tool_use", "file.edited": "file_edited",
    ]

    /// The kind of an agent's event; `nil` for one that is not known.
    public init?(_ name: String, of agent: Agent) {
        switch agent {
        case .claude:
            guard Self.claudeEvents.contains(name) else { return nil }
            self.init(Self.snakeCase(name))
        case .codex:
            if name == "agent-turn-complete" {
                self.init("stop")
            } else {
                guard Self.codexEvents.contains(name) else { return nil }
                self.init(Self.snakeCase(name))
            }
        case .gemini:
            guard let kind = Self.geminiEvents[name] else { return nil }
            self.init(kind)
        case .opencode:
            guard let kind = Self.opencodeEvents[name] else { return nil }
            self.init(kind)
        }
    }

    /// `PreToolUse` to `pre_tool_use`.
    static func snakeCase(_ name: String) -> String {
        var result: [UInt8] = []
        for byte in name.utf8 {
            if (0x41...0x5A) ~= byte {
                if !result.isEmpty { result.append(UInt8(ascii: "_")) }
                result.append(byte + 32)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
