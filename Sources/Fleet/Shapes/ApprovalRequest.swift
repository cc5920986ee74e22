import Bytes

/// Yes or no.
public enum Decision: String, CaseIterable, Sendable {
    case allow, deny
}

/// What an agent wants to do and may not do unasked (control-plane §2.5).
public struct ApprovalRequest: Equatable, Sendable {
    public enum Category: String, CaseIterable, Sendable {
        case merge
        case depsAdd = "deps_add"
        case secrets, deploy, shell, network
    }

    public enum Risk: String, CaseIterable, Sendable {
        case low
        case medium = "med"
        case high
    }

    /// How a request ended: only in records that are returned afterwards, never in the event.
    public struct Resolution: Equatable, Sendable {
        public var at: Timestamp
        public var decision: Decision
        public var by: String?
        public var note: String?

        public init(at: Timestamp, decision: Decision, by: String? = nil, note: String? = nil) {
            self.at = at
            self.decision = decision
            self.by = by
            self.note = note
        }
    }

    public var approvalID: ApprovalID
    public var sessionID: SessionID
    public var category: Category
    /// A sentence for a person.
    public var summary: String
    public var risk: Risk
    public var context: JSONObject?
    public var requestedAt: Timestamp
    /// When it is refused by itself, if nobody has answered.
    public var timeoutAt: Timestamp?
    public var resolution: Resolution?

    public init(
        approvalID: ApprovalID, sessionID: SessionID, category: Category, summary: String, risk: Risk,
        context: JSONObject? = nil, requestedAt: Timestamp, timeoutAt: Timestamp? = nil, resolution: Resolution? = nil
    ) {
        self.approvalID = approvalID
        self.sessionID = sessionID
        self.category = category
        self.summary = summary
        self.risk = risk
        self.context = context
        self.requestedAt = requestedAt
        self.timeoutAt = timeoutAt
        self.resolution = resolution
    }
}

extension ApprovalRequest: JSONShape {
    /// `risk` may also say `medium` (§10 #15).
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        var resolution: Resolution?
        if let at = try fields.optionalTimestamp("resolvedAt"),
            let decision: Decision = try fields.optionalChoice("decision")
        {
            resolution = Resolution(
                at: at, decision: decision, by: try fields.optionalString("resolvedBy"),
                note: try fields.optionalString("note"))
        }
        self.init(
            approvalID: try fields.id("approvalId"), sessionID: try fields.id("sessionId"),
            category: try fields.choice("category"), summary: try fields.string("summary"),
            risk: try fields.string("risk") == "medium" ? .medium : try fields.choice("risk"),
            context: try fields.optionalObject("context"), requestedAt: try fields.timestamp("requestedAt"),
            timeoutAt: try fields.optionalTimestamp("timeoutAt"), resolution: resolution)
    }

    public var json: JSON {
        .omittingNil([
            "approvalId": .id(approvalID), "sessionId": .id(sessionID), "category": .string(category.rawValue),
            "summary": .string(summary), "risk": .string(risk.rawValue), "context": context.map { .object($0) },
            "requestedAt": .time(requestedAt), "timeoutAt": .time(timeoutAt),
            "resolvedAt": .time(resolution?.at), "decision": resolution.map { .string($0.decision.rawValue) },
            "resolvedBy": .optional(resolution?.by), "note": .optional(resolution?.note),
        ])
    }
}
