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
    /// What its model has used since this was told last.
    public var tokens: TokenTotals

    public init(
        _ activity: SensedState, since: Timestamp, event: String, agentSessionID: SessionID? = nil,
        tokens: TokenTotals = .zero
    ) {
        self.activity = activity
        self.since = since
        self.event = event
        self.agentSessionID = agentSessionID
        self.tokens = tokens
    }

    /// Whether it is no more than `other` said: the same doing, begun at the same time. Every tool that an agent uses says
    /// again that it works.
    public func says(_ other: AgentActivity?) -> Bool {
        activity == other?.activity && since == other?.since && agentSessionID == other?.agentSessionID
            && tokens == .zero
    }
}

extension AgentActivity: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            try fields.choice("activity"), since: try fields.timestamp("since"), event: try fields.string("event"),
            agentSessionID: try fields.optionalID("agentSessionId"), tokens: try fields.optionalShape("tokens") ?? .zero
        )
    }

    public var json: JSON {
        .omittingNil([
            "activity": .string(activity.rawValue), "since": .time(since), "event": .string(event),
            "agentSessionId": .id(agentSessionID), "tokens": tokens == .zero ? JSON?.none : tokens.json,
        ])
    }
}

extension SensedState {
    /// The state of a session of which nothing but the agent's reports is known (control-plane §2.3).
    public var sessionState: SessionState { self == .waiting ? .waitingForApproval : .running }
}
