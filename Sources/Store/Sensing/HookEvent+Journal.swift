import Bytes
import Fleet

extension JournalRecord {
    /// The row of an event (daemon-ipc §7.2): the normalised envelope, with the milliseconds beside it (D-14).
    public init(_ event: HookEvent) {
        // The column is as wide as the kernel's pids; the envelope has what was sent.
        self.init(
            id: event.eventID.rawValue, atMs: event.recordedAt.milliseconds, recordedAt: event.recordedAt.rfc3339,
            type: event.type.rawValue, sessionId: event.sessionID?.rawValue,
            pid: event.pid.flatMap { Int32(exactly: $0) }, source: HookEvent.source, payload: event.json.encoded())
    }
}

extension HookEvent {
    /// What the column `source` of the journal says.
    static let source = "hook"

    /// Reads a row of the journal, which may be another program's (§7.4): what its payload lacks the columns may have.
    ///
    /// Optional fields that make no sense count as absent. The id is the column's, by which the journal knows the event.
    public init(_ entry: JournalEntry) throws(FieldError) {
        guard let payload = try? JSON(parsing: entry.payload), case .object(let fields) = payload else {
            throw FieldError(path: "payload", message: "must be a JSON object")
        }
        let typeName = fields["event_type"]?.string ?? entry.type
        guard let type = HookEventType(rawValue: typeName) else {
            throw FieldError(path: "event_type", message: "must be one of the types of events")
        }
        let time = fields["recorded_at"]?.string ?? entry.recordedAt
        guard let recordedAt = Timestamp(stored: time, milliseconds: entry.atMs) else {
            throw FieldError(path: "recorded_at", message: "must be an RFC 3339 time with an offset")
        }
        let session = fields.text("session_id") ?? entry.sessionId.flatMap { $0.isEmpty ? nil : $0 }
        let pid = fields["pid"]?.integer.flatMap { UInt32(exactly: $0) } ?? entry.pid.flatMap { UInt32(exactly: $0) }
        self.init(
            eventID: EventID(entry.id), recordedAt: recordedAt, type: type, sessionID: session.map { SessionID($0) },
            pid: pid, cwd: fields["cwd"]?.string, tool: fields["tool"]?.string, filePath: fields["file_path"]?.string,
            parentApp: fields["parent_app"]?.string, tty: fields["tty"]?.string,
            tmuxSession: fields["tmux_session"]?.string, tmuxClientTTY: fields["tmux_client_tty"]?.string,
            notificationType: fields["notification_type"]?.string,
            stopHookActive: fields["stop_hook_active"]?.bool, metadata: fields["metadata"])
    }
}

extension JSONObject {
    fileprivate func text(_ key: String) -> String? { self[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
}
