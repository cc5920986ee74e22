"""What agents write to their hooks, built from the documented fields."""

from typing import Any

COMMON = {
    "session_id": "5f1c",
    "transcript_path": "/home/ada/.claude/projects/-src-demo/5f1c.jsonl",
    "cwd": "/src/demo/",
    "permission_mode": "default",
}
EDIT = {
    "tool_name": "Edit",
    "tool_input": {
        "file_path": "/src/demo/a.py",
        "old_string": "x",
        "new_string": "secret words",
        "replace_all": False,
    },
    "tool_use_id": "toolu_01",
}
BASH = {"tool_name": "Bash", "tool_input": {"command": "make secret", "description": "d"}, "tool_use_id": "toolu_02"}
PAUSED = {"background_tasks": [{"id": "b1", "type": "shell", "status": "running"}], "session_crons": []}

#: Every event of Claude Code with the fields it has.
CLAUDE: dict[str, dict[str, Any]] = {
    "SessionStart": {"source": "startup", "model": "claude-sonnet"},
    "Setup": {"trigger": "init"},
    "UserPromptSubmit": {"prompt": "secret words"},
    "UserPromptExpansion": {
        "expansion_type": "slash_command",
        "command_name": "review",
        "command_args": "secret",
        "command_source": "user",
        "prompt": "secret",
    },
    "PreToolUse": EDIT,
    "PermissionRequest": {**BASH, "permission_suggestions": [{"type": "addRules", "rules": []}]},
    "PermissionDenied": {**BASH, "reason": "auto"},
    "PostToolUse": {**EDIT, "tool_response": {"filePath": "/src/demo/a.py", "success": True}, "duration_ms": 12},
    "PostToolUseFailure": {**BASH, "error": "Exit code 1\nsecret", "is_interrupt": False},
    "PostToolBatch": {"tool_calls": [{**BASH, "tool_response": "secret"}]},
    "Notification": {"message": "secret", "title": "t", "notification_type": "permission_prompt"},
    "MessageDisplay": {"turn_id": "t1", "message_id": "m1", "index": 0, "final": True, "delta": "secret"},
    "SubagentStart": {"agent_id": "a1", "agent_type": "Explore"},
    "SubagentStop": {
        "stop_hook_active": False,
        "agent_id": "a1",
        "agent_type": "Explore",
        "agent_transcript_path": "/x",
        "last_assistant_message": "secret",
        **PAUSED,
    },
    "TaskCreated": {"task_id": "1", "task_subject": "secret", "teammate_name": "bob"},
    "TaskCompleted": {"task_id": "1", "task_subject": "secret", "teammate_name": "bob", "team_name": "t"},
    "Stop": {"stop_hook_active": False, "last_assistant_message": "secret", **PAUSED},
    "StopFailure": {"error": "rate_limit", "error_details": "secret"},
    "TeammateIdle": {"teammate_name": "bob", "team_name": "t"},
    "InstructionsLoaded": {"file_path": "/src/demo/CLAUDE.md", "memory_type": "Project", "load_reason": "start"},
    "ConfigChange": {"source": "user_settings", "file_path": "/home/ada/.claude/settings.json"},
    "CwdChanged": {"old_cwd": "/src/demo", "new_cwd": "/src/other"},
    "DirectoryAdded": {"directory": "/src/other", "source": "slash_command"},
    "FileChanged": {"file_path": "/src/demo/.env", "event": "change"},
    "WorktreeCreate": {"name": "feature"},
    "WorktreeRemove": {"worktree_path": "/src/demo-feature"},
    "PreCompact": {"trigger": "auto", "custom_instructions": "secret"},
    "PostCompact": {"trigger": "auto", "compact_summary": "secret"},
    "Elicitation": {"mcp_server_name": "srv", "message": "secret", "mode": "form"},
    "ElicitationResult": {"mcp_server_name": "srv", "action": "accept", "content": {"x": "secret"}},
    "SessionEnd": {"reason": "clear"},
}

#: Those that the contract does not know.
EXTRAS = {
    "Setup",
    "UserPromptExpansion",
    "PermissionDenied",
    "PostToolBatch",
    "MessageDisplay",
    "TaskCreated",
    "StopFailure",
    "InstructionsLoaded",
    "CwdChanged",
    "DirectoryAdded",
    "FileChanged",
    "PostCompact",
    "Elicitation",
    "ElicitationResult",
}


def claude(event: str, **more: Any) -> dict[str, Any]:
    return {**COMMON, "hook_event_name": event, **CLAUDE[event], **more}
