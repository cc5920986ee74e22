import Bytes

/// What an agent is asked to do (control-plane §2.5).
public struct TaskSpec: Equatable, Sendable {
    public var title: String
    public var goal: String
    public var constraints: [String]
    public var acceptance: [String]
    public var roomPath: String?
    public var branchName: String?

    public init(
        title: String, goal: String, constraints: [String] = [], acceptance: [String] = [], roomPath: String? = nil,
        branchName: String? = nil
    ) {
        self.title = title
        self.goal = goal
        self.constraints = constraints
        self.acceptance = acceptance
        self.roomPath = roomPath
        self.branchName = branchName
    }
}

extension TaskSpec: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            title: try fields.string("title"), goal: try fields.string("goal"),
            constraints: try fields.optionalStrings("constraints") ?? [],
            acceptance: try fields.optionalStrings("acceptance") ?? [],
            roomPath: try fields.optionalString("roomPath"), branchName: try fields.optionalString("branchName"))
    }

    public var json: JSON {
        .omittingNil([
            "title": .string(title), "goal": .string(goal), "constraints": .strings(constraints),
            "acceptance": .strings(acceptance), "roomPath": .optional(roomPath), "branchName": .optional(branchName),
        ])
    }
}

/// What an agent may do, and what it must ask for (control-plane §2.5, §7.5).
public struct PolicySpec: Equatable, Sendable {
    public enum Sensitive: String, CaseIterable, Sendable {
        case merge
        case depsAdd = "deps_add"
        case secrets, deploy
    }

    public enum NetworkMode: String, CaseIterable, Sendable {
        case restricted, open
    }

    /// What a refused approval does to its session (§10 #19).
    public enum OnDeny: String, CaseIterable, Sendable {
        case stop
        /// For hooks that can refuse a single action: the session goes on.
        case `continue`
    }

    public var shellAllowlist: [String]
    public var shellDenylist: [String]
    public var requiresApprovalFor: [Sensitive]
    public var networkMode: NetworkMode
    public var onDeny: OnDeny

    public init(
        shellAllowlist: [String] = ["*"], shellDenylist: [String] = [],
        requiresApprovalFor: [Sensitive] = Sensitive.allCases, networkMode: NetworkMode = .open,
        onDeny: OnDeny = .stop
    ) {
        self.shellAllowlist = shellAllowlist
        self.shellDenylist = shellDenylist
        self.requiresApprovalFor = requiresApprovalFor
        self.networkMode = networkMode
        self.onDeny = onDeny
    }
}

extension PolicySpec: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        var sensitive = Sensitive.allCases
        if let names = try fields.optionalStrings("requiresApprovalFor") {
            sensitive = []
            for (index, name) in names.enumerated() {
                guard let kind = Sensitive(rawValue: name) else {
                    throw FieldError(path: "requiresApprovalFor[\(index)]", message: Fields.oneOf(Sensitive.self))
                }
                sensitive.append(kind)
            }
        }
        self.init(
            shellAllowlist: try fields.optionalStrings("shellAllowlist") ?? ["*"],
            shellDenylist: try fields.optionalStrings("shellDenylist") ?? [], requiresApprovalFor: sensitive,
            networkMode: try fields.optionalChoice("networkMode") ?? .open,
            onDeny: try fields.optionalChoice("onDeny") ?? .stop)
    }

    public var json: JSON {
        .omittingNil([
            "shellAllowlist": .strings(shellAllowlist), "shellDenylist": .strings(shellDenylist),
            "requiresApprovalFor": .strings(requiresApprovalFor.map(\.rawValue)),
            "networkMode": .string(networkMode.rawValue),
            "onDeny": onDeny == .stop ? nil : .string(onDeny.rawValue),
        ])
    }
}

/// Who pays, and how much may run at once (control-plane §2.5).
public struct BillingInfo: Equatable, Sendable {
    public enum Plan: String, CaseIterable, Sendable {
        case free, team, enterprise
    }

    public var plan: Plan
    public var orgID: OrgID
    public var maxConcurrency: Int
    public var maxSessionDurationMs: Int?
    public var maxDailyMinutes: Int?

    public init(
        plan: Plan, orgID: OrgID, maxConcurrency: Int, maxSessionDurationMs: Int? = nil, maxDailyMinutes: Int? = nil
    ) {
        self.plan = plan
        self.orgID = orgID
        self.maxConcurrency = maxConcurrency
        self.maxSessionDurationMs = maxSessionDurationMs
        self.maxDailyMinutes = maxDailyMinutes
    }
}

extension BillingInfo: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let limits: Fields
        do { limits = try Fields(try fields.require("limits")) } catch {
            throw error.path.isEmpty ? error.inside("limits") : error
        }
        self.init(
            plan: try fields.choice("plan"), orgID: try fields.id("orgId"),
            maxConcurrency: try limits.integer("maxConcurrency", atLeast: 1),
            maxSessionDurationMs: try limits.optionalInteger("maxSessionDurationMs", atLeast: 0),
            maxDailyMinutes: try limits.optionalInteger("maxDailyMinutes", atLeast: 0))
    }

    public var json: JSON {
        [
            "plan": .string(plan.rawValue), "orgId": .string(orgID.rawValue),
            "limits": .omittingNil([
                "maxConcurrency": .integer(maxConcurrency), "maxSessionDurationMs": .optional(maxSessionDurationMs),
                "maxDailyMinutes": .optional(maxDailyMinutes),
            ]),
        ]
    }
}
