/// What a project shows of its sessions (daemon-ipc §5).
public struct ProjectState: Equatable, Sendable {
    public var projectID: String
    public var workspaceID: WorkspaceID
    public var projectPath: String
    /// The effective state of the representative.
    public var state: SensedState
    /// Of the representative.
    public var stateChangedAt: Timestamp
    /// Of the latest session.
    public var updatedAt: Timestamp
    /// The representative: the session that speaks for the project.
    public var sessionID: SessionID
    public var latestSessionID: SessionID
    public var sessionCount: Int
    public var activeCount: Int

    /// Whether there is more to see than sessions that are over.
    public var hasSession: Bool { state != .idle }

    /// Makes the state of one project; `nil` without sessions. `sessions` are those of one path, with their effective
    /// states.
    init?(_ path: String, _ sessions: [(session: SensedSession, state: SensedState)], at now: Timestamp) {
        func time(_ session: SensedSession) -> Timestamp { session.time ?? now }
        func id(_ session: SensedSession) -> String? { session.projectID.flatMap { $0.isEmpty ? nil : $0 } }
        let representative = sessions.max {
            ($0.state.priority, time($0.session), $0.session.sessionID)
                < ($1.state.priority, time($1.session), $1.session.sessionID)
        }
        let latest = sessions.max {
            (time($0.session), $0.session.sessionID) < (time($1.session), $1.session.sessionID)
        }
        guard let representative, let latest else { return nil }
        projectPath = path
        projectID =
            id(representative.session) ?? id(latest.session) ?? sessions.lazy.compactMap { id($0.session) }.first ?? ""
        workspaceID = WorkspaceID(projectID: projectID, projectPath: path)
        state = representative.state
        stateChangedAt = representative.session.stateChangedAt ?? time(representative.session)
        updatedAt = time(latest.session)
        sessionID = representative.session.sessionID
        latestSessionID = latest.session.sessionID
        sessionCount = sessions.count
        activeCount = sessions.count { $0.state.isActive }
    }
}

extension SensingState {
    /// The states of all projects in the order of their paths (§2.8). Reads never delete.
    public func projectStates(at now: Timestamp, _ processes: some ProcessView) -> [ProjectState] {
        var groups: [String: [(session: SensedSession, state: SensedState)]] = [:]
        for session in visibleSessions(at: now, processes) {
            guard let path = session.projectPath, !path.isBlank else { continue }
            let state = session.effectiveState(at: now, isAlive: isAlive(session.pid, processes), settings)
            groups[path, default: []].append((session, state))
        }
        return groups.compactMap { ProjectState($0.key, $0.value, at: now) }
            .sorted { ($0.projectPath, $0.sessionID) < ($1.projectPath, $1.sessionID) }
    }
}
