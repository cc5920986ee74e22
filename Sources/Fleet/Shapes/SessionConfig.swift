import Bytes

/// Where a session came from.
public enum SessionOrigin: String, CaseIterable, Sendable {
    case launched, observed, remote, chat

    /// Whether nobody here runs it: all that is known of it is what was reported.
    public var isReported: Bool {
        switch self {
        case .observed, .chat: return true
        case .launched, .remote: return false
        }
    }
}

/// A program to run in a PTY: `providerId: "command"` (docs/protocols/fleet-api.md).
public struct CommandSpec: Equatable, Sendable {
    /// What is asked for when a body does not say.
    public static let standardSize = TerminalSize(columns: 120, rows: 40)

    public var argv: [String]
    public var cwd: String
    public var size: TerminalSize

    public init(argv: [String], cwd: String, size: TerminalSize = CommandSpec.standardSize) {
        self.argv = argv
        self.cwd = cwd
        self.size = size
    }

    /// The command as a person would type it, on one line.
    public var line: String { ShellWords.join(argv) }
}

extension CommandSpec: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            argv: try fields.strings("argv"), cwd: try fields.string("cwd"),
            size: TerminalSize(
                columns: try fields.optionalInteger("cols") ?? Self.standardSize.columns,
                rows: try fields.optionalInteger("rows") ?? Self.standardSize.rows))
    }

    public var json: JSON {
        [
            "argv": .strings(argv), "cwd": .string(cwd), "cols": .integer(size.columns), "rows": .integer(size.rows),
        ]
    }
}

/// What the scripted provider plays (docs/protocols/fleet-api.md).
public struct MockSpec: Equatable, Sendable {
    public enum Script: String, CaseIterable, Sendable {
        /// All twelve runner events, then the end.
        case all
        /// Runs until stopped, echoing its input.
        case hold
        /// Output until stopped.
        case flood
    }

    public var script: Script
    /// Milliseconds between two steps.
    public var stepMs: Int

    public init(script: Script = .all, stepMs: Int = 20) {
        self.script = script
        self.stepMs = stepMs
    }
}

extension MockSpec: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            script: try fields.optionalChoice("script") ?? .all,
            stepMs: try fields.optionalInteger("stepMs", atLeast: 0) ?? 20)
    }

    public var json: JSON { ["script": .string(script.rawValue), "stepMs": .integer(stepMs)] }
}

/// Columns and rows of a terminal.
public struct TerminalSize: Equatable, Sendable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

extension TerminalSize: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(columns: try fields.integer("cols", atLeast: 1), rows: try fields.integer("rows", atLeast: 1))
    }

    public var json: JSON { ["cols": .integer(columns), "rows": .integer(rows)] }
}

/// Everything there is to know about a session before it starts (control-plane §2.5), with our own fields.
///
/// `environment` holds secrets. ``json`` contains it, for the runner that starts the session; what is journaled is
/// ``SessionCreated``, which has only its names.
public struct SessionConfig: Equatable, Sendable {
    public var sessionID: SessionID
    public var orgID: OrgID
    public var userID: UserID?
    public var villageID: VillageID
    public var agentID: AgentID
    public var agentName: String
    /// What a person calls it.
    public var name: String?
    /// One line: the task's title or the command line.
    public var title: String
    public var origin: SessionOrigin
    public var providerID: ProviderID
    public var repoRef: RepoRef
    public var checkout: CheckoutSpec
    public var roomPath: String?
    public var task: TaskSpec?
    public var policy: PolicySpec
    public var billing: BillingInfo?
    public var environment: [String: String]
    public var runnerID: RunnerID?
    public var command: CommandSpec?
    public var mock: MockSpec?
    /// Where its shim launches it, when it is to outlive the daemon; `nil` for a terminal of the daemon's own.
    public var target: RuntimeTarget?

    /// Agent id and name follow from the session's id when they are not given, the title from task or command.
    public init(
        sessionID: SessionID, orgID: OrgID, userID: UserID? = nil, villageID: VillageID = .demo,
        agentID: AgentID? = nil, agentName: String? = nil, name: String? = nil, title: String? = nil,
        origin: SessionOrigin = .launched, providerID: ProviderID, repoRef: RepoRef,
        checkout: CheckoutSpec = .standard, roomPath: String? = nil, task: TaskSpec? = nil,
        policy: PolicySpec = PolicySpec(), billing: BillingInfo? = nil, environment: [String: String] = [:],
        runnerID: RunnerID? = nil, command: CommandSpec? = nil, mock: MockSpec? = nil, target: RuntimeTarget? = nil
    ) {
        self.sessionID = sessionID
        self.orgID = orgID
        self.userID = userID
        self.villageID = villageID
        self.agentID = agentID ?? AgentID(of: sessionID)
        self.agentName = agentName ?? self.agentID.rawValue
        self.name = name
        self.title = title ?? task?.title ?? command?.line ?? providerID.rawValue
        self.origin = origin
        self.providerID = providerID
        self.repoRef = repoRef
        self.checkout = checkout
        self.roomPath = roomPath
        self.task = task
        self.policy = policy
        self.billing = billing
        self.environment = environment
        self.runnerID = runnerID
        self.command = command
        self.mock = mock
        self.target = target
    }

    /// The size its terminal starts with.
    public var terminalSize: TerminalSize { command?.size ?? CommandSpec.standardSize }
}

extension SessionConfig: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let sessionID = try fields.id("sessionId", as: SessionID.self)
        let metadata = JSON.object(try fields.optionalObject("metadata") ?? JSONObject())
        let environmentObject = try fields.optionalObject("env") ?? JSONObject()
        var environment: [String: String] = [:]
        for member in environmentObject.members {
            guard case .string(let value) = member.value else {
                throw FieldError(path: "env.\(member.key)", message: "must be a string")
            }
            environment[member.key] = value
        }
        self.init(
            sessionID: sessionID, orgID: try fields.id("orgId"), userID: try fields.optionalID("userId"),
            villageID: metadata["villageId"]?.string.map { VillageID($0) } ?? .demo,
            agentID: metadata["agentId"]?.string.map { AgentID($0) }, agentName: metadata["agentName"]?.string,
            name: try fields.optionalString("name"), title: try fields.optionalString("title"),
            origin: try fields.optionalChoice("origin") ?? .launched, providerID: try fields.id("providerId"),
            repoRef: try fields.shape("repoRef"), checkout: try fields.optionalShape("checkout") ?? .standard,
            roomPath: try fields.optionalString("roomPath"), task: try fields.optionalShape("task"),
            policy: try fields.optionalShape("policy") ?? PolicySpec(), billing: try fields.optionalShape("billing"),
            environment: environment, runnerID: try fields.optionalID("runnerId"),
            command: try fields.optionalShape("command"), mock: try fields.optionalShape("mock"),
            target: try fields.optionalShape("target"))
    }

    /// The whole configuration, values of `env` included: for the runner alone.
    public var json: JSON {
        let names = environment.keys.sorted()
        let values = JSONObject(names.map { .init(key: $0, value: .string(environment[$0] ?? "")) })
        return json(environment: ("env", environment.isEmpty ? nil : .object(values)))
    }

    /// The configuration with `env` replaced by what may be written down about it.
    func json(environment: (key: String, value: JSON?)) -> JSON {
        .omittingNil([
            "sessionId": .id(sessionID), "orgId": .id(orgID), "userId": .id(userID), "providerId": .id(providerID),
            "repoRef": repoRef.json, "checkout": checkout.json, "roomPath": .optional(roomPath), "task": task?.json,
            "policy": policy.json, "billing": billing?.json, environment.key: environment.value,
            "metadata": .omittingNil([
                "villageId": .id(villageID), "agentId": .id(agentID), "agentName": .string(agentName),
            ]),
            "name": .optional(name), "title": .string(title), "origin": .string(origin.rawValue),
            "runnerId": .id(runnerID), "command": command?.json, "mock": mock?.json,
            "target": target?.json,
        ])
    }
}
