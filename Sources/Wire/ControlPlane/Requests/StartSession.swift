import Bytes
import Fleet

/// The body of `POST /api/runner/sessions` (control-plane §3.2 and docs/protocols/fleet-api.md).
public struct StartSession: Equatable, Sendable {
    /// What the server allows.
    public struct Rules: Equatable, Sendable {
        /// Directories that local repositories and working directories must lie in; `nil` allows all of them.
        public var localRoots: [String]?

        public init(localRoots: [String]? = nil) { self.localRoots = localRoots }

        func allows(_ path: String) -> Bool {
            guard let localRoots else { return true }
            return localRoots.contains { root in
                let root = root.hasSuffix("/") ? String(root.dropLast()) : root
                return path == root || path.hasPrefix(root + "/")
            }
        }
    }

    /// `command`, whose directory is the daemon's home when it is left out.
    public struct Command: Equatable, Sendable {
        public var argv: [String]
        public var cwd: String?
        public var size: TerminalSize
    }

    public var villageID: VillageID
    public var agentName: String?
    public var providerID: ProviderID
    /// Left out only with `command` and `mock`.
    public var repoRef: RepoRef?
    public var checkout: CheckoutSpec
    public var roomPath: String?
    /// Left out only with `command` and `mock`.
    public var task: TaskSpec?
    public var policy: PolicySpec
    public var environment: [String: String]
    public var runnerID: RunnerID?
    public var name: String?
    public var command: Command?
    public var mock: MockSpec?
    /// Where it runs when it is to outlive the daemon: `headless` or `tmux:<session>:<window>.<pane>`.
    public var target: RuntimeTarget?

    /// Reads and checks a body; unknown keys are passed over. Everything that is wrong is told at once.
    public init(body: JSON, rules: Rules = Rules()) throws(InvalidBody) {
        let fields: Fields
        do { fields = try Fields(body) } catch { throw InvalidBody([error]) }
        var faults = FaultCollector()
        villageID = VillageID(faults.text(fields, "villageId", 1...100) ?? "demo")
        agentName = faults.text(fields, "agentName", 0...200).flatMap { $0.isEmpty ? nil : $0 }
        providerID = faults.provider(fields)
        let isFree = providerID == .command || providerID == .mock
        repoRef = faults.repoRef(fields, isRequired: !isFree, rules)
        checkout = faults.checkout(fields)
        roomPath = faults.roomPath(fields)
        task = faults.task(fields, isRequired: !isFree)
        policy =
            faults.collect { () throws(FieldError) in try fields.optionalShape("policy") ?? PolicySpec() }
            ?? PolicySpec()
        environment = faults.environment(fields)
        runnerID = faults.text(fields, "runnerId", 1...100).map { RunnerID($0) }
        name = faults.name(fields)
        command = faults.command(fields, isRequired: providerID == .command, rules)
        mock = faults.collect { () throws(FieldError) in try fields.optionalShape("mock") } ?? nil
        target = faults.collect { () throws(FieldError) in try fields.optionalShape("target") } ?? nil
        faults.check(target == nil || providerID != .mock, "target", "is not for the scripted provider")
        try faults.finish()
        if providerID == .mock, mock == nil { mock = MockSpec() }
    }

    /// The session to start. `home` is the directory of commands that name none.
    public func config(
        sessionID: SessionID, orgID: OrgID, userID: UserID?, home: String, origin: SessionOrigin = .launched
    ) -> SessionConfig {
        let directory = command?.cwd ?? home
        return SessionConfig(
            sessionID: sessionID, orgID: orgID, userID: userID, villageID: villageID, agentName: agentName, name: name,
            origin: origin, providerID: providerID,
            repoRef: repoRef ?? .local(path: directory, name: nil, defaultBranch: nil), checkout: checkout,
            roomPath: roomPath, task: task, policy: policy, environment: environment, runnerID: runnerID,
            command: command.map { CommandSpec(argv: $0.argv, cwd: directory, size: $0.size) }, mock: mock,
            target: target)
    }

    /// The credentials its provider needs and nobody brought (§3.2); `serverHas` tells of the server's environment.
    public func missingCredentials(serverHas: (String) -> Bool) -> [String] {
        let needed: [String]
        switch providerID {
        case .codex: needed = ["OPENAI_API_KEY"]
        case .claudeCode: needed = ["ANTHROPIC_API_KEY"]
        default: needed = []
        }
        return needed.filter { (environment[$0] ?? "").isEmpty && !serverHas($0) }
    }

    /// The error for ``missingCredentials(serverHas:)``.
    public func authMissing(_ names: [String]) -> ErrorEnvelope {
        ErrorEnvelope(
            .providerAuthMissing, "\(providerID) needs \(names.joined(separator: ", ")), in env or at the server",
            details: ["providerId": .string(providerID.rawValue), "missing": .strings(names)])
    }
}

// MARK: - Fields

extension FaultCollector {
    static let providers: [ProviderID] = [.codex, .claudeCode, .geminiCLI, .omnara, .command, .mock]

    mutating func text(_ fields: Fields, _ key: String, _ length: ClosedRange<Int>) -> String? {
        guard let text = collect({ () throws(FieldError) in try fields.optionalString(key) }) ?? nil else { return nil }
        check(length.contains(text.length), key, "must have \(length.lowerBound) to \(length.upperBound) characters")
        return text
    }

    fileprivate mutating func provider(_ fields: Fields) -> ProviderID {
        guard let text = collect({ () throws(FieldError) in try fields.string("providerId") }) else { return .codex }
        let provider = ProviderID(text)
        check(
            Self.providers.contains(provider), "providerId",
            "must be one of " + Self.providers.map(\.rawValue).joined(separator: ", "))
        return provider
    }

    fileprivate mutating func repoRef(
        _ fields: Fields, isRequired: Bool, _ rules: StartSession.Rules
    ) -> RepoRef? {
        if isRequired, !fields.has("repoRef") {
            note("repoRef", "is required")
            return nil
        }
        let repo = collect { () throws(FieldError) in try fields.optionalShape("repoRef", as: RepoRef.self) } ?? nil
        switch repo {
        case .local(let path, _, let branch):
            self.path(path, "repoRef.path", rules)
            ref(branch, "repoRef.defaultBranch")
        case .hosted(_, let owner, let name, let branch):
            check(Self.isPlainName(owner), "repoRef.owner", "must be a plain name")
            check(Self.isPlainName(name), "repoRef.name", "must be a plain name")
            ref(branch, "repoRef.defaultBranch")
        case nil: break
        }
        return repo
    }

    /// A name that is one component of a path and not an option.
    private static func isPlainName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.hasPrefix("-")
            && !name.utf8.contains { $0 < 0x21 || $0 == UInt8(ascii: "/") }
    }

    private mutating func path(_ path: String, _ key: String, _ rules: StartSession.Rules) {
        check(path.hasPrefix("/"), key, "must be absolute")
        check(!path.utf8.contains(0), key, "must not contain NUL")
        let climbs = path.split(separator: "/").contains("..")
        check(rules.localRoots == nil || !climbs, key, "must not contain ..")
        if !climbs { check(rules.allows(path), key, "must lie in one of the allowed directories") }
    }

    private mutating func ref(_ ref: String?, _ key: String) {
        guard let ref else { return }
        check(!ref.isEmpty, key, "must not be empty")
        check(!ref.hasPrefix("-"), key, "must not begin with -")
        check(
            !ref.utf8.contains { $0 <= 0x20 || $0 == 0x7F }, key, "must not contain white space or control characters")
    }

    fileprivate mutating func checkout(_ fields: Fields) -> CheckoutSpec {
        let checkout =
            collect { () throws(FieldError) in try fields.optionalShape("checkout") ?? .standard }
            ?? CheckoutSpec.standard
        switch checkout {
        case .branch(let text): ref(text, "checkout.ref")
        case .commit(let text): ref(text, "checkout.sha")
        case .tag(let text): ref(text, "checkout.tag")
        }
        return checkout
    }

    fileprivate mutating func roomPath(_ fields: Fields, inside parent: String? = nil) -> String? {
        let key = parent.map { "\($0).roomPath" } ?? "roomPath"
        guard
            let path = collect(
                inside: parent, { () throws(FieldError) in try fields.optionalString("roomPath") }) ?? nil
        else { return nil }
        check(path.length <= 500, key, "must have at most 500 characters")
        check(!path.hasPrefix("/"), key, "must be relative")
        check(!path.split(separator: "/").contains(".."), key, "must not contain ..")
        check(!path.utf8.contains(0), key, "must not contain NUL")
        return path
    }

    fileprivate mutating func task(_ fields: Fields, isRequired: Bool) -> TaskSpec? {
        if isRequired, !fields.has("task") {
            note("task", "is required")
            return nil
        }
        guard let json = fields.value("task") else { return nil }
        guard let inner = collect(inside: "task", { () throws(FieldError) in try Fields(json) }) else { return nil }
        let before = faults.count
        for (key, limit) in [("title", 200), ("goal", 4000)] {
            let text = collect(inside: "task") { () throws(FieldError) in try inner.string(key) }
            if let text {
                check((1...limit).contains(text.length), "task.\(key)", "must have 1 to \(limit) characters")
            }
        }
        _ = roomPath(inner, inside: "task")
        if let branch = inner.value("branchName")?.string { ref(branch, "task.branchName") }
        guard faults.count == before else { return nil }
        return collect(inside: "task") { () throws(FieldError) in try TaskSpec(json: json) }
    }

    fileprivate mutating func environment(_ fields: Fields) -> [String: String] {
        guard let json = fields.value("env") else { return [:] }
        guard case .object(let object) = json else {
            note("env", "must be an object of strings")
            return [:]
        }
        check(json.encoded().count <= EventLimits.contextBytes, "env", "must have at most 16 KiB")
        var environment: [String: String] = [:]
        for member in object.members {
            let key = "env.\(member.key)"
            guard case .string(let value) = member.value else {
                note(key, "must be a string")
                continue
            }
            check(Self.isVariableName(member.key), key, "must be named by letters, digits and _")
            check(!Self.isDangerous(member.key), key, "may not be set")
            check(!value.utf8.contains(0), key, "must not contain NUL")
            environment[member.key] = value
        }
        return environment
    }

    private static func isVariableName(_ name: String) -> Bool {
        var isFirst = true
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9"): if isFirst { return false }
            default: return false
            }
            isFirst = false
        }
        return !isFirst
    }

    /// Variables that decide what code a process runs.
    private static func isDangerous(_ name: String) -> Bool {
        name == "PATH" || name.hasPrefix("LD_") || name.hasPrefix("DYLD_")
    }

    fileprivate mutating func name(_ fields: Fields) -> String? {
        guard let name = text(fields, "name", 1...64) else { return nil }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                return true
            default: return false
            }
        }
        check(isPlain, "name", "must be made of letters, digits, ., _ and -")
        return name
    }

    fileprivate mutating func command(
        _ fields: Fields, isRequired: Bool, _ rules: StartSession.Rules
    ) -> StartSession.Command? {
        if isRequired, !fields.has("command") {
            note("command", "is required")
            return nil
        }
        guard let json = fields.value("command") else { return nil }
        guard let inner = try? Fields(json) else {
            note("command", "must be an object")
            return nil
        }
        let argv = collect(inside: "command") { () throws(FieldError) in try inner.strings("argv") }
        if let argv {
            check(!(argv.first ?? "").isEmpty, "command.argv", "must begin with a program")
            check(!argv.contains { $0.utf8.contains(0) }, "command.argv", "must not contain NUL")
        }
        let cwd = collect(inside: "command") { () throws(FieldError) in try inner.optionalString("cwd") } ?? nil
        if let cwd { path(cwd, "command.cwd", rules) }
        let size = TerminalSize(
            columns: dimension(inner, "cols", ResizeBody.columns, inside: "command")
                ?? CommandSpec.standardSize.columns,
            rows: dimension(inner, "rows", ResizeBody.rows, inside: "command") ?? CommandSpec.standardSize.rows)
        return StartSession.Command(argv: argv ?? [], cwd: cwd, size: size)
    }

    mutating func dimension(
        _ fields: Fields, _ key: String, _ range: ClosedRange<Int>, inside parent: String? = nil
    ) -> Int? {
        let value = collect(inside: parent) { () throws(FieldError) in try fields.optionalInteger(key) } ?? nil
        if let value {
            check(
                range.contains(value), parent.map { "\($0).\(key)" } ?? key,
                "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
