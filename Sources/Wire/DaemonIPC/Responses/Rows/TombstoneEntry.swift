import Bytes
import Fleet

/// A session that has ended and is not listened to for a while: one row of `get_tombstones` (daemon-ipc §2.10).
public struct TombstoneEntry: Hashable, Sendable {
    public var sessionID: SessionID
    public var createdAt: Timestamp
    /// When late events of it are heard again.
    public var expiresAt: Timestamp

    public init(sessionID: SessionID, createdAt: Timestamp, expiresAt: Timestamp) {
        self.sessionID = sessionID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

extension TombstoneEntry: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.id("session_id"), createdAt: try fields.rfc3339("created_at"),
            expiresAt: try fields.rfc3339("expires_at"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","created_at":"#, createdAt)
        output.append(#","expires_at":"#, expiresAt)
        output.append(UInt8(ascii: "}"))
    }
}
