import Bytes
import Fleet

extension HookEvent {
    /// Reads an event envelope and holds it to daemon-ipc §3, in the order of §3.2: shape, `recorded_at`, `event_id`,
    /// then what its type needs, from left to right. The error has no id; that is the request's.
    ///
    /// Also reads ``json`` back, of which the milliseconds are kept elsewhere.
    public init(json: JSON) throws(IPCError) {
        let envelope: WrittenEvent
        do { envelope = try WrittenEvent(json) } catch { throw .params(error) }
        guard let recordedAt = Timestamp(rfc3339: envelope.recordedAt) else {
            throw IPCError(
                .invalidTimestamp, "recorded_at must be an RFC 3339 time with an offset, like 2026-01-30T12:00:00Z")
        }
        guard !envelope.eventID.isBlank else {
            throw IPCError(.invalidEventID, "event_id is blank; give each event an id of its own")
        }
        guard envelope.eventID.unicodeScalars.count <= IPCLimits.eventIDScalars else {
            throw IPCError(.invalidEventID, "event_id must have at most \(IPCLimits.eventIDScalars) characters")
        }
        try envelope.checkNeeds()
        self.init(
            eventID: EventID(envelope.eventID), recordedAt: recordedAt, type: envelope.type,
            sessionID: envelope.sessionID.map { SessionID($0) }, pid: envelope.pid, cwd: envelope.cwd,
            tool: envelope.tool, filePath: envelope.filePath, parentApp: envelope.parentApp, tty: envelope.tty,
            tmuxSession: envelope.tmuxSession, tmuxClientTTY: envelope.tmuxClientTTY,
            notificationType: envelope.notificationType, stopHookActive: envelope.stopHookActive,
            metadata: envelope.metadata)
    }
}

/// An envelope whose keys and types are right (§3.1), and nothing else looked at.
private struct WrittenEvent {
    var eventID: String
    var recordedAt: String
    var type: HookEventType
    var sessionID: String?
    var pid: UInt32?
    var cwd: String?
    var tool: String?
    var filePath: String?
    var parentApp: String?
    var tty: String?
    var tmuxSession: String?
    var tmuxClientTTY: String?
    var notificationType: String?
    var stopHookActive: Bool?
    var metadata: JSON?

    init(_ json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        try fields.allow(
            "event_id", "recorded_at", "event_type", "session_id", "pid", "cwd", "tool", "file_path", "parent_app",
            "tty", "tmux_session", "tmux_client_tty", "notification_type", "stop_hook_active", "metadata")
        eventID = try fields.string("event_id")
        recordedAt = try fields.string("recorded_at")
        type = try fields.choice("event_type")
        sessionID = try fields.optionalString("session_id")
        pid = try fields.optionalNumber("pid")
        cwd = try fields.optionalString("cwd")
        tool = try fields.optionalString("tool")
        filePath = try fields.optionalString("file_path")
        parentApp = try fields.optionalString("parent_app")
        tty = try fields.optionalString("tty")
        tmuxSession = try fields.optionalString("tmux_session")
        tmuxClientTTY = try fields.optionalString("tmux_client_tty")
        notificationType = try fields.optionalString("notification_type")
        stopHookActive = try fields.optionalBool("stop_hook_active")
        // Settled, so that an event and its stored payload are equal: 1.0 is written 1.
        metadata = fields.value("metadata").flatMap { JSONObject([.init(key: "", value: $0)]).settled[""] }
    }

    /// What each type cannot do without (§3.2).
    func checkNeeds() throws(IPCError) {
        switch type {
        case .shellCwd:
            guard let pid, pid != 0 else {
                throw IPCError(.invalidPID, "\(type.rawValue) needs pid, the process of the shell, which is not 0")
            }
            try need("cwd", cwd)
            try need("tty", tty)
        case .notification:
            try need("session_id", sessionID)
            try need("cwd", cwd)
            try need("notification_type", notificationType)
        case .stop:
            try need("session_id", sessionID)
            try need("cwd", cwd)
            guard stopHookActive != nil else { throw .missing("stop_hook_active", of: type.rawValue) }
        case .sessionEnd:
            // A session may end where there is no directory left (D-10).
            try need("session_id", sessionID)
        case .sessionStart, .userPromptSubmit, .preToolUse, .postToolUse, .postToolUseFailure, .permissionRequest,
            .preCompact, .subagentStart, .subagentStop, .teammateIdle, .taskCompleted, .worktreeCreate,
            .worktreeRemove, .configChange:
            try need("session_id", sessionID)
            try need("cwd", cwd)
        }
    }

    private func need(_ key: String, _ text: String?) throws(IPCError) {
        guard let text, !text.isBlank else { throw .missing(key, of: type.rawValue) }
    }
}
