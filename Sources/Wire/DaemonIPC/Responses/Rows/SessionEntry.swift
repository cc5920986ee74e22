import Bytes
import Fleet

/// A session that hooks told of: one row of `get_sessions` (daemon-ipc §2.7).
public struct SessionEntry: Hashable, Sendable {
    public var sessionID: SessionID
    /// The agent's process; written as 0 when it is unknown.
    public var pid: UInt32?
    /// As it is stored, without what reading at a time makes of it (§4.1).
    public var state: String
    public var cwd: String
    public var projectID: String
    public var workspaceID: String
    public var projectPath: String
    public var updatedAt: Timestamp
    public var stateChangedAt: Timestamp
    /// The type of the event that last changed it, or the name of the reconciliation (§4.8).
    public var lastEvent: String?
    public var lastActivityAt: Timestamp?
    public var toolsInFlight: UInt32
    /// Why a ready one is ready (§4.3).
    public var readyReason: String?
    /// Whether its process is there; `nil` when that is unknown (§8.3).
    public var isAlive: Bool?

    public init(
        sessionID: SessionID, pid: UInt32? = nil, state: String, cwd: String, projectID: String, workspaceID: String,
        projectPath: String, updatedAt: Timestamp, stateChangedAt: Timestamp, lastEvent: String? = nil,
        lastActivityAt: Timestamp? = nil, toolsInFlight: UInt32 = 0, readyReason: String? = nil, isAlive: Bool? = nil
    ) {
        self.sessionID = sessionID
        self.pid = pid == 0 ? nil : pid
        self.state = state
        self.cwd = cwd
        self.projectID = projectID
        self.workspaceID = workspaceID
        self.projectPath = projectPath
        self.updatedAt = updatedAt
        self.stateChangedAt = stateChangedAt
        self.lastEvent = lastEvent
        self.lastActivityAt = lastActivityAt
        self.toolsInFlight = toolsInFlight
        self.readyReason = readyReason
        self.isAlive = isAlive
    }
}

extension SessionEntry: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            sessionID: try fields.id("session_id"), pid: try fields.number("pid"), state: try fields.string("state"),
            cwd: try fields.string("cwd"), projectID: try fields.string("project_id"),
            workspaceID: try fields.string("workspace_id"), projectPath: try fields.string("project_path"),
            updatedAt: try fields.rfc3339("updated_at"), stateChangedAt: try fields.rfc3339("state_changed_at"),
            lastEvent: try fields.optionalString("last_event"),
            lastActivityAt: try fields.optionalRFC3339("last_activity_at"),
            toolsInFlight: try fields.number("tools_in_flight"),
            readyReason: try fields.optionalString("ready_reason"), isAlive: try fields.optionalBool("is_alive"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"session_id":"#, sessionID)
        output.append(#","pid":"#, pid ?? 0)
        output.append(#","state":"#, state)
        output.append(#","cwd":"#, cwd)
        output.append(#","project_id":"#, projectID)
        output.append(#","workspace_id":"#, workspaceID)
        output.append(#","project_path":"#, projectPath)
        output.append(#","updated_at":"#, updatedAt)
        output.append(#","state_changed_at":"#, stateChangedAt)
        output.append(ifAny: #","last_event":"#, lastEvent)
        output.append(ifAny: #","last_activity_at":"#, lastActivityAt)
        output.append(#","tools_in_flight":"#, toolsInFlight)
        output.append(ifAny: #","ready_reason":"#, readyReason)
        output.append(ifAny: #","is_alive":"#, isAlive)
        output.append(UInt8(ascii: "}"))
    }
}
