import Bytes
import Fleet

/// What the sessions of a project come to: one row of `get_project_states` (daemon-ipc §2.8, §5).
public struct ProjectStateEntry: Hashable, Sendable {
    public var projectID: String
    public var workspaceID: String
    public var projectPath: String
    /// As it is at the time of reading (§4.6).
    public var state: String
    /// Of the session that represents the project.
    public var stateChangedAt: Timestamp
    /// Of the session that was heard of last.
    public var updatedAt: Timestamp
    /// The session that represents the project and owns its state.
    public var sessionID: SessionID?
    /// The session that was heard of last.
    public var latestSessionID: SessionID?
    public var sessionCount: UInt64
    /// Sessions that work, wait or compact.
    public var activeCount: UInt64
    /// Whether any is not idle.
    public var hasSession: Bool

    public init(
        projectID: String, workspaceID: String, projectPath: String, state: String, stateChangedAt: Timestamp,
        updatedAt: Timestamp, sessionID: SessionID?, latestSessionID: SessionID?, sessionCount: UInt64,
        activeCount: UInt64, hasSession: Bool
    ) {
        self.projectID = projectID
        self.workspaceID = workspaceID
        self.projectPath = projectPath
        self.state = state
        self.stateChangedAt = stateChangedAt
        self.updatedAt = updatedAt
        self.sessionID = sessionID
        self.latestSessionID = latestSessionID
        self.sessionCount = sessionCount
        self.activeCount = activeCount
        self.hasSession = hasSession
    }
}

extension ProjectStateEntry: IPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            projectID: try fields.string("project_id"), workspaceID: try fields.string("workspace_id"),
            projectPath: try fields.string("project_path"), state: try fields.string("state"),
            stateChangedAt: try fields.rfc3339("state_changed_at"), updatedAt: try fields.rfc3339("updated_at"),
            sessionID: try fields.optionalID("session_id"), latestSessionID: try fields.optionalID("latest_session_id"),
            sessionCount: try fields.number("session_count"), activeCount: try fields.number("active_count"),
            hasSession: try fields.bool("has_session"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"project_id":"#, projectID)
        output.append(#","workspace_id":"#, workspaceID)
        output.append(#","project_path":"#, projectPath)
        output.append(#","state":"#, state)
        output.append(#","state_changed_at":"#, stateChangedAt)
        output.append(#","updated_at":"#, updatedAt)
        output.append(#","session_id":"#, sessionID?.rawValue)
        output.append(#","latest_session_id":"#, latestSessionID?.rawValue)
        output.append(#","session_count":"#, sessionCount)
        output.append(#","active_count":"#, activeCount)
        output.append(#","has_session":"#, hasSession)
        output.append(UInt8(ascii: "}"))
    }
}
