import Bytes

/// What an agent tells beyond the types of daemon-ipc §3.2: kept in the journal under its own name, and understood where
/// it says something about the session's state (docs/protocols/hook-reports.md).
public struct ExtraEvent: Equatable, Sendable {
    public var eventID: EventID
    public var recordedAt: Timestamp
    /// In snake_case: `stop_failure`.
    public var type: String
    public var sessionID: SessionID
    public var pid: UInt32?
    public var cwd: String?
    public var metadata: JSON?

    public init(
        eventID: EventID, recordedAt: Timestamp, type: String, sessionID: SessionID, pid: UInt32? = nil,
        cwd: String? = nil, metadata: JSON? = nil
    ) {
        self.eventID = eventID
        self.recordedAt = recordedAt
        self.type = type
        self.sessionID = sessionID
        self.pid = pid == 0 ? nil : pid
        self.cwd = cwd
        self.metadata = metadata == .null ? nil : metadata
    }

    /// A lower-case letter, then letters, digits and underscores; at most 64 in all.
    public static func isType(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    public var json: JSON {
        .omittingNil([
            "event_id": .string(eventID.rawValue), "recorded_at": .string(recordedAt.rfc3339),
            "event_type": .string(type), "session_id": .string(sessionID.rawValue),
            "pid": pid.map { .integer(Int64($0)) }, "cwd": cwd.map { .string($0) }, "metadata": metadata,
        ])
    }
}
