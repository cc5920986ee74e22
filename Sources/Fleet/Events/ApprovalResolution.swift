import Bytes

/// `APPROVAL_RESOLVED`.
public struct ApprovalResolution: Equatable, Sendable {
    /// Who resolves what nobody answered in time (control-plane §2.5).
    public static let timeout = "system:timeout"

    public var approvalID: ApprovalID
    public var decision: Decision
    public var resolvedBy: String?
    public var note: String?

    public init(approvalID: ApprovalID, decision: Decision, resolvedBy: String? = nil, note: String? = nil) {
        self.approvalID = approvalID
        self.decision = decision
        self.resolvedBy = resolvedBy
        self.note = note
    }
}

extension ApprovalResolution: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            approvalID: try fields.id("approvalId"), decision: try fields.choice("decision"),
            resolvedBy: try fields.optionalString("resolvedBy"), note: try fields.optionalString("note"))
    }

    public var json: JSON {
        .omittingNil([
            "approvalId": .id(approvalID), "decision": .string(decision.rawValue),
            "resolvedBy": .optional(resolvedBy), "note": .optional(note),
        ])
    }
}

/// `ALERT_RAISED`: something a person should know of.
public struct Alert: Equatable, Sendable {
    public enum Severity: String, CaseIterable, Sendable {
        case info, warn, error, critical
    }

    public enum Category: String, CaseIterable, Sendable {
        case security, performance, build, test, dependency, policy
    }

    public var alertID: AlertID
    public var severity: Severity
    public var category: Category
    public var title: String
    public var description: String
    public var context: JSONObject?

    public init(
        alertID: AlertID, severity: Severity, category: Category, title: String, description: String,
        context: JSONObject? = nil
    ) {
        self.alertID = alertID
        self.severity = severity
        self.category = category
        self.title = title
        self.description = description
        self.context = context
    }
}

extension Alert: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            alertID: try fields.id("alertId"), severity: try fields.choice("severity"),
            category: try fields.choice("category"), title: try fields.string("title"),
            description: try fields.string("description"), context: try fields.optionalObject("context"))
    }

    public var json: JSON {
        .omittingNil([
            "alertId": .id(alertID), "severity": .string(severity.rawValue), "category": .string(category.rawValue),
            "title": .string(title), "description": .string(description), "context": context.map { .object($0) },
        ])
    }
}
