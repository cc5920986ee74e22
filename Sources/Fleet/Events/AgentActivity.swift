import Bytes

/// `AGENT_ACTIVITY`: what the agent of a session is doing by its own reports, whoever started it (daemon-ipc §4).
///
/// Beside the session's state, which says whether it runs: an agent that runs may work, wait for a person, or be done.
public struct AgentActivity: Equatable, Sendable {
    public var activity: SensedState
    public var since: Timestamp
    /// What was reported: the type of a hook's event, or of Drover's own finding.
    public var event: String
    /// The agent's own id of the session, where that is another than ours.
    public var agentSessionID: SessionID?

    public init(_ activity: SensedState, since: Timestamp, event: String, agentSessionID: SessionID? = nil) {
        self.activity = activity
        self.since = since
        self.event = event
        self.agentSessionID = agentSessionID
    }

    /// Whether it is no more than `other` said: the same doing, begun at the same time. Every tool that an agent uses says
    /// again that it works.
    public func says(_ other: AgentActivity?) -> Bool {
        activity == other?.activity && since == other?.since && agentSessionID == other?.agentSessionID
    }
}

extension AgentActivity: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            try fields.choice("activity"), since: try fields.timestamp("since"), event: try fields.string("event"),
            agentSessionID: try fields.optionalID("agentSessionId"))
    }

    public var json: JSON {
        .omittingNil([
            "activity": .string(activity.rawValue), "since": .time(since), "event": .string(event),
            "agentSessionId": .id(agentSessionID),
        ])
    }
}

extension SensedState {
    /// The state of a session of which nothing but the agent's reports is known (control-plane §2.3).
    public var sessionState: SessionState { self == .waiting ? .waitingForApproval : .running }
}
