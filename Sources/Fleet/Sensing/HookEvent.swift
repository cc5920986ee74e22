import Bytes

/// One event envelope of daemon-ipc (§3): what a hook or a shell reported, as it was accepted.
///
/// Texts are as they were sent, blanks included (§3.2). What an accepted event of a type has is said there; the
/// initialiser does not check it, the decoder in `Wire` does.
public struct HookEvent: Equatable, Sendable {
    /// Chosen by the sender: not blank, at most 128 Unicode scalars (D-28). An event that comes twice has the same.
    public var eventID: EventID
    /// When it happened by the sender's clock, to the millisecond (D-14). Written down in whole seconds.
    public var recordedAt: Timestamp
    public var type: HookEventType
    public var sessionID: SessionID?
    /// The agent's process, or with ``HookEventType/shellCwd`` the shell's. Never 0, which means unknown (§3.1).
    public var pid: UInt32?
    public var cwd: String?
    /// The name of the tool.
    public var tool: String?
    /// Absolute, or relative to ``cwd``.
    public var filePath: String?
    /// The terminal or editor, as free text (§9.3).
    public var parentApp: String?
    /// The path of the shell's device.
    public var tty: String?
    public var tmuxSession: String?
    public var tmuxClientTTY: String?
    public var notificationType: String?
    public var stopHookActive: Bool?
    /// Anything; the keys with a meaning are those of §3.4. `null` counts as absent.
    public var metadata: JSON?

    public init(
        eventID: EventID, recordedAt: Timestamp, type: HookEventType, sessionID: SessionID? = nil, pid: UInt32? = nil,
        cwd: String? = nil, tool: String? = nil, filePath: String? = nil, parentApp: String? = nil,
        tty: String? = nil, tmuxSession: String? = nil, tmuxClientTTY: String? = nil, notificationType: String? = nil,
        stopHookActive: Bool? = nil, metadata: JSON? = nil
    ) {
        self.eventID = eventID
        self.recordedAt = recordedAt
        self.type = type
        self.sessionID = sessionID
        self.pid = pid == 0 ? nil : pid
        self.cwd = cwd
        self.tool = tool
        self.filePath = filePath
        self.parentApp = parentApp
        self.tty = tty
        self.tmuxSession = tmuxSession
        self.tmuxClientTTY = tmuxClientTTY
        self.notificationType = notificationType
        self.stopHookActive = stopHookActive
        self.metadata = metadata == .null ? nil : metadata
    }
}

// MARK: - JSON

extension HookEvent {
    /// The normalised envelope, as the journal keeps it (§7.2): absent keys left out, `recorded_at` in UTC and whole
    /// seconds (§3.3).
    ///
    /// The milliseconds are not in it. Whoever stores the event keeps them beside it.
    public var json: JSON {
        .omittingNil([
            "event_id": .string(eventID.rawValue),
            "recorded_at": .string(recordedAt.rfc3339),
            "event_type": .string(type.rawValue),
            "session_id": .id(sessionID),
            "pid": pid.map { .integer(Int64($0)) },
            "cwd": .optional(cwd),
            "tool": .optional(tool),
            "file_path": .optional(filePath),
            "parent_app": .optional(parentApp),
            "tty": .optional(tty),
            "tmux_session": .optional(tmuxSession),
            "tmux_client_tty": .optional(tmuxClientTTY),
            "notification_type": .optional(notificationType),
            "stop_hook_active": stopHookActive.map { .bool($0) },
            "metadata": metadata,
        ])
    }
}
