import Bytes
import Fleet

/// The envelope of one event, on its way to the daemon (daemon-ipc §3.1).
public struct Report: Equatable, Sendable {
    /// `evt-<milliseconds>-<pid or 0>-<random>`; stays the same however often it is sent.
    public var eventID: String
    public var recordedAt: Timestamp
    public var kind: EventKind
    public var sessionID: String?
    public var pid: UInt32?
    public var cwd: String?
    public var tool: String?
    public var filePath: String?
    public var parentApp: String?
    public var tty: String?
    public var tmuxSession: String?
    public var tmuxClientTTY: String?
    public var notificationType: String?
    public var stopHookActive: Bool?
    public var metadata = JSONObject()

    public init(_ kind: EventKind, at now: Timestamp, pid: UInt32?, random: UInt64) {
        self.kind = kind
        self.pid = pid
        recordedAt = now
        eventID = "evt-\(now.milliseconds)-\(pid ?? 0)-\(String(random, radix: 16))"
    }

    /// The whole request, one line: what goes through the socket, and what the spool keeps (daemon-ipc §1.4).
    public func requestLine() -> [UInt8] {
        let params = JSON.omittingNil([
            "event_id": .string(eventID), "recorded_at": .string(recordedAt.iso8601), "event_type": .string(kind.name),
            "session_id": sessionID.map { .string($0) }, "pid": pid.map { .integer(Int($0)) },
            "cwd": cwd.map { .string($0) }, "tool": tool.map { .string($0) }, "file_path": filePath.map { .string($0) },
            "parent_app": parentApp.map { .string($0) }, "tty": tty.map { .string($0) },
            "tmux_session": tmuxSession.map { .string($0) }, "tmux_client_tty": tmuxClientTTY.map { .string($0) },
            "notification_type": notificationType.map { .string($0) },
            "stop_hook_active": stopHookActive.map { .bool($0) }, "metadata": .object(metadata),
        ])
        let request: JSON = [
            "protocol_version": 1, "method": .string(kind.method.rawValue), "id": .string(eventID), "params": params,
        ]
        var line = request.encoded()
        line.append(0x0A)
        return line
    }
}
