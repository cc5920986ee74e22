/// What an agent's hook or a shell reports (daemon-ipc §3.2).
public enum HookEventType: String, CaseIterable, Hashable, Sendable {
    case sessionStart = "session_start"
    case userPromptSubmit = "user_prompt_submit"
    case preToolUse = "pre_tool_use"
    case postToolUse = "post_tool_use"
    case postToolUseFailure = "post_tool_use_failure"
    case permissionRequest = "permission_request"
    case preCompact = "pre_compact"
    case notification
    case subagentStart = "subagent_start"
    case subagentStop = "subagent_stop"
    case stop
    case teammateIdle = "teammate_idle"
    case taskCompleted = "task_completed"
    case sessionEnd = "session_end"
    /// A shell is in a directory; the only type that is not about a session.
    case shellCwd = "shell_cwd"
    /// Informational like the two below it: stored, and of no effect (D-09).
    case worktreeCreate = "worktree_create"
    case worktreeRemove = "worktree_remove"
    case configChange = "config_change"
}
