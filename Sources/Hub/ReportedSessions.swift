import Fleet
import Reactor

/// Makes ordinary sessions of those that are only reported: what was reported becomes the events that a runner would have
/// sent, so that lists, rooms, the stream of events and the journal know no difference.
@Loop
public final class ReportedSessions: @Loop ReportedSessionSink {
    /// What was told of a session last.
    private struct Known {
        var numbering: RunnerEventNumbering
        var state: SessionState
        var activity: AgentActivity?
        var process: Fleet.ProcessIdentity?
        var origin: SessionOrigin
        var startedAt: Timestamp
    }

    private unowned let hub: Hub
    private var known: [SessionID: Known] = [:]
    /// Sessions of ours whose agent reports, with the agent's own id of them: one agent at a time speaks for a session.
    private var speakers: [SessionID: SessionID] = [:]
    private var spokenFor: [SessionID: SessionID] = [:]
    /// What was told last of sessions of ours.
    private var activities: [SessionID: AgentActivity] = [:]

    init(hub: Hub) { self.hub = hub }

    /// Goes on with what the daemon before this one knew.
    func restore(_ view: SessionView) {
        if view.config.origin.isReported {
            known[view.id] = Known(
                numbering: RunnerEventNumbering(
                    sessionID: view.id, orgID: view.config.orgID, repoRef: view.config.repoRef,
                    lastSequence: view.lastSequence),
                state: view.state, activity: view.activity, process: view.process, origin: view.config.origin,
                startedAt: view.startedAt ?? view.createdAt)
        } else if let activity = view.activity {
            activities[view.id] = activity
            if let speaker = activity.agentSessionID { tie(speaker, to: view.id) }
        }
    }

    public var observed: [SessionID] {
        known.filter { $0.value.origin == .observed }.keys.sorted() + spokenFor.keys.sorted()
    }

    public func speaker(of session: SessionID) -> SessionID? { speakers[session] }

    // MARK: - News

    public func saw(_ session: ReportedSession) {
        // Ids of chats are chosen by their clients, and those of agents by agents: the first of a name has it.
        guard
            known[session.id].map({ $0.origin == session.origin })
                ?? (session.origin == .observed || !isOurs(session.id))
        else { return }
        if session.origin == .observed, let ours = host(of: session) {
            tie(session.id, to: ours)
            var activity = session.activity
            activity.agentSessionID = session.id
            tell(activity, of: ours)
            return
        }
        var now = known[session.id] ?? admit(session)
        if let process = session.process, process != now.process {
            now.process = process
            append(.processSpawned(process), of: session, at: session.activity.since)
        }
        if !session.activity.says(now.activity) {
            now.activity = session.activity
            append(.activity(session.activity), of: session, at: session.activity.since)
        }
        let state = session.activity.activity.sessionState
        if state != now.state {
            let change = StateChange(from: now.state, to: state, reason: session.activity.event)
            now.state = state
            publish(.sessionStateChanged(change), &now, at: session.activity.since)
        }
        known[session.id] = now
    }

    public func touched(_ path: String, _ reason: FileTouch.Reason, by session: SessionID, at time: Timestamp) {
        guard var now = known[session] else { return }
        publish(.fileTouched(FileTouch(path: path, reason: reason)), &now, at: time)
        known[session] = now
    }

    public func left(_ session: SessionID, at time: Timestamp) {
        if let ours = spokenFor.removeValue(forKey: session) {
            speakers[ours] = nil
            tell(AgentActivity(.idle, since: time, event: "session_end", agentSessionID: session), of: ours)
        }
        guard var now = known.removeValue(forKey: session) else { return }
        let usage = hub.fleet[session]?.usage ?? .zero
        publish(.sessionStateChanged(StateChange(from: now.state, to: .completed)), &now, at: time)
        publish(
            .sessionEnded(
                SessionEnd(
                    finalState: .completed, exitCode: nil, totalDurationMs: Double(max(0, time - now.startedAt)),
                    totalUsage: usage)), &now, at: time)
    }

    // MARK: - Sessions of ours

    /// The session of ours that an agent belongs to. Agents that it starts itself inherit its environment, and are
    /// sessions of their own.
    private func host(of session: ReportedSession) -> SessionID? {
        if let ours = spokenFor[session.id] { return isOurs(ours) ? ours : nil }
        guard known[session.id] == nil else { return nil }
        for candidate in [session.launchedAs, session.id].compactMap({ $0 }) where isOurs(candidate) {
            if let speaker = speakers[candidate], speaker != session.id { continue }
            return candidate
        }
        return nil
    }

    private func isOurs(_ session: SessionID) -> Bool {
        hub.fleet[session].map { $0.isLive && !$0.config.origin.isReported } ?? false
    }

    private func tie(_ agent: SessionID, to ours: SessionID) {
        spokenFor[agent] = ours
        speakers[ours] = agent
    }

    private func tell(_ activity: AgentActivity, of ours: SessionID) {
        guard isOurs(ours), !activity.says(activities[ours]) else { return }
        activities[ours] = activity
        hub.append(
            JournalEvent(
                id: Self.makeID(activity.since), at: activity.since, source: .hook, sessionID: ours,
                body: .activity(activity)))
    }

    /// One of ours has ended, and its agent with it.
    func ended(_ ours: SessionID) {
        activities[ours] = nil
        if let speaker = speakers.removeValue(forKey: ours) { spokenFor[speaker] = nil }
    }

    // MARK: - Events

    private func admit(_ session: ReportedSession) -> Known {
        let config = SessionConfig(
            sessionID: session.id, orgID: OrgID("local"), userID: UserID("local"),
            // The agent's own ids need not differ in their beginnings.
            agentID: AgentID("agent_" + session.id.rawValue), title: session.title, origin: session.origin,
            providerID: session.agent,
            repoRef: .local(path: session.projectPath, name: nil, defaultBranch: nil))
        let at = session.activity.since
        append(.sessionCreated(SessionCreated(config)), of: session, at: at)
        var now = Known(
            numbering: RunnerEventNumbering(of: config), state: SessionState.created, origin: session.origin,
            startedAt: at)
        publish(
            .sessionStarted(SessionStart(providerID: session.agent, workspacePath: session.projectPath)), &now, at: at)
        return now
    }

    private func append(_ body: JournalEvent.Body, of session: ReportedSession, at time: Timestamp) {
        hub.append(
            JournalEvent(
                id: Self.makeID(time), at: time, source: Self.source(session.origin), sessionID: session.id, body: body)
        )
    }

    private func publish(_ body: RunnerEvent.Body, _ known: inout Known, at time: Timestamp) {
        hub.publish(known.numbering.next(body, at: time), source: Self.source(known.origin))
    }

    private static func source(_ origin: SessionOrigin) -> EventSource { origin == .chat ? .chat : .hook }
    private static func makeID(_ time: Timestamp) -> EventID { EventID(at: time, randomBytes: randomID()) }
}
