import Bytes

/// Decides what a person is alerted to in one session (control-plane §7.8).
///
/// A plain value. Report what happens; an alert comes back when one is due. The same alert is raised again after 60 s
/// at the earliest and then says how often it would have been; more than 20 in a minute are counted, not raised.
/// Every report takes an id, which is used up only if an alert comes of it.
public struct AlertRules: Equatable, Sendable {
    /// Within which an alert of the same category and title is only counted.
    public static let repetition = Duration.seconds(60)
    /// How many are raised in a minute.
    public static let perMinute = 20
    /// Without output in RUNNING.
    public static let silence = Duration.seconds(10 * 60)
    /// Titles that are remembered for counting repetitions.
    static let remembered = 200

    private struct Raised: Equatable, Sendable {
        var at: MonotonicTime
        /// How often it came, raised or not, since it was raised before.
        var count: Int
    }

    private let agentID: AgentID
    private let repo: String
    private let limit: Duration?
    private let startedAt: MonotonicTime
    private var raised: [String: Raised] = [:]
    private var recent: [MonotonicTime] = []
    private var failedRuns = 0
    private var depsApproved = false
    private var isRunning = false
    private var lastOutputAt: MonotonicTime
    private var hasWarnedOfLimit = false
    /// Alerts that were counted instead of raised.
    public private(set) var suppressed = 0

    /// `limit` is how long the session may last.
    public init(agentID: AgentID, repo: String, limit: Duration? = nil, startedAt: MonotonicTime) {
        self.agentID = agentID
        self.repo = repo
        self.limit = limit
        self.startedAt = startedAt
        lastOutputAt = startedAt
    }

    // MARK: What happens

    /// A runner event of the session. The cause of an alert is its number.
    public mutating func observed(
        _ event: RunnerEvent, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        switch event.body {
        case .testRunFinished(let finish): return testsFinished(finish, event.sequence, id, now)
        case .approvalResolved(let resolution): return resolved(resolution, event.sequence, id, now)
        case .fileTouched(let touch) where touch.reason == .write:
            return written(touch.path, event.sequence, id, now)
        case .sessionStateChanged(let change):
            isRunning = change.newState == .running
            lastOutputAt = now
            return nil
        case .terminalChunk:
            lastOutputAt = now
            return nil
        case .sessionStarted, .sessionEnded, .fileTouched, .diffSummary, .testRunStarted, .approvalRequested,
            .alertRaised, .usageTick:
            return nil
        }
    }

    /// The approval of a new dependency was allowed: writing a manifest is what was asked for.
    public mutating func dependencyApproved() { depsApproved = true }

    /// A command ended that is no test run.
    public mutating func commandEnded(
        argv: [String], exitCode: Int, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        guard exitCode != 0, let command = BuildCommand.name(argv: argv) else { return nil }
        return raise(
            .error, .build, "\(command) failed", "The command exited with code \(exitCode).", sequence,
            ["command": .string(ShellWords.join(argv)), "exitCode": .integer(exitCode)], id, now)
    }

    /// The gate or the policy refused a command.
    public mutating func commandBlocked(
        _ command: String, reason: String, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        raise(
            .error, .policy, "Command blocked", "The policy blocked a command: \(reason).", sequence,
            ["command": .string(command)], id, now)
    }

    /// Secrets were starred out of the output.
    public mutating func secretsRedacted(
        _ count: Int, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        guard count > 0 else { return nil }
        return raise(
            .warn, .security, "Secret in the output", "What looks like a secret was starred out of the output.",
            sequence, ["secrets": .integer(count)], id, now)
    }

    /// Something reached for a path that the policy blocks.
    public mutating func blockedPath(
        _ path: String, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        raise(
            .critical, .security, "Access to a blocked path", "A path was reached for that the policy blocks.",
            sequence, ["path": .string(path)], id, now)
    }

    /// Something tried to get around the gate.
    public mutating func policyBypass(
        _ what: String, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        raise(.critical, .security, "Attempt to bypass the policy", what, sequence, [:], id, now)
    }

    /// Viewers missed output because it came too fast.
    public mutating func throttled(
        _ bytes: Int, sequence: Int?, id: @autoclosure () -> AlertID, at now: MonotonicTime
    ) -> Alert? {
        raise(
            .info, .performance, "Output throttled",
            "Output came faster than it is shown; the recording has all of it.", sequence,
            ["lostBytes": .integer(bytes)], id, now)
    }

    // MARK: Time

    /// When ``wake(id:at:)`` may have something to say.
    public var nextWake: MonotonicTime? {
        let silent = isRunning ? lastOutputAt + Self.silence : nil
        let late = hasWarnedOfLimit ? nil : limit.map { startedAt + $0 * 4 / 5 }
        return [silent, late].compactMap { $0 }.min()
    }

    /// Looks at what did not happen. Call again until it gives nothing.
    public mutating func wake(id: @autoclosure () -> AlertID, at now: MonotonicTime) -> Alert? {
        if isRunning, lastOutputAt + Self.silence <= now {
            // Said once for each silence.
            let since = lastOutputAt
            lastOutputAt = now
            return raise(
                .warn, .performance, "No output for 10 minutes", "The session runs, but has written nothing.", nil,
                ["silentMs": .integer(Int((now - since).components.seconds) * 1000)], id, now)
        }
        if let limit, !hasWarnedOfLimit, startedAt + limit * 4 / 5 <= now {
            hasWarnedOfLimit = true
            return raise(
                .info, .performance, "80 % of the time limit used", "The session will be stopped at its time limit.",
                nil, ["limitMs": .integer(Int(limit.components.seconds) * 1000)], id, now)
        }
        return nil
    }

    // MARK: Rules

    private mutating func testsFinished(
        _ finish: TestRunFinish, _ sequence: Int, _ id: () -> AlertID, _ now: MonotonicTime
    ) -> Alert? {
        guard finish.isFailure else {
            failedRuns = 0
            return nil
        }
        failedRuns += 1
        let context: JSONObject = [
            "failed": .integer(finish.failed), "passed": .integer(finish.passed), "exitCode": .integer(finish.exitCode),
        ]
        if failedRuns >= 3 {
            return raise(
                .critical, .test, "Tests keep failing", "\(failedRuns) test runs in a row have failed.", sequence,
                context, id, now)
        }
        let what =
            finish.failed > 0
            ? "\(finish.failed) of \(finish.failed + finish.passed) tests failed."
            : "The tests exited with code \(finish.exitCode)."
        return raise(.error, .test, "Tests failed", what, sequence, context, id, now)
    }

    private mutating func resolved(
        _ resolution: ApprovalResolution, _ sequence: Int, _ id: () -> AlertID, _ now: MonotonicTime
    ) -> Alert? {
        guard resolution.decision == .deny else { return nil }
        let isExpired = resolution.resolvedBy == ApprovalResolution.timeout
        return raise(
            .warn, .policy, isExpired ? "Approval expired" : "Approval denied",
            isExpired ? "Nobody answered in time." : "What the agent asked for was refused.", sequence,
            ["approvalId": .string(resolution.approvalID.rawValue)], id, now)
    }

    private static let manifests: Set<String> = [
        "package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lockb", "bun.lock", "Package.swift",
        "Package.resolved", "Cargo.toml", "Cargo.lock", "pyproject.toml", "poetry.lock", "uv.lock", "requirements.txt",
        "setup.py", "Pipfile", "Pipfile.lock", "go.mod", "go.sum", "Gemfile", "Gemfile.lock", "composer.json",
        "composer.lock", "pom.xml", "build.gradle", "build.gradle.kts",
    ]

    private mutating func written(
        _ path: String, _ sequence: Int, _ id: () -> AlertID, _ now: MonotonicTime
    ) -> Alert? {
        let name = ShellWords.baseName(path)
        guard !depsApproved, Self.manifests.contains(name) else { return nil }
        return raise(
            .warn, .dependency, "\(name) changed", "Dependencies may have changed without an approval.", sequence,
            ["path": .string(path)], id, now)
    }

    // MARK: Raising

    private mutating func raise(
        _ severity: Alert.Severity, _ category: Alert.Category, _ title: String, _ description: String,
        _ sequence: Int?, _ context: JSONObject, _ id: () -> AlertID, _ now: MonotonicTime
    ) -> Alert? {
        let key = "\(category.rawValue)/\(title)"
        let before = raised[key]
        if let before, now < before.at + Self.repetition {
            raised[key]?.count += 1
            suppressed += 1
            return nil
        }
        recent.removeAll { $0 + .seconds(60) <= now }
        guard recent.count < Self.perMinute else {
            suppressed += 1
            return nil
        }
        recent.append(now)
        if raised.count >= Self.remembered { raised = raised.filter { now < $0.value.at + Self.repetition } }
        raised[key] = Raised(at: now, count: 0)
        var whole: JSONObject = ["agentId": .string(agentID.rawValue), "repo": .string(repo)]
        if let sequence { whole["seq"] = .integer(sequence) }
        whole["count"] = .integer((before?.count ?? 0) + 1)
        whole.members += context.members
        return Alert(
            alertID: id(), severity: severity, category: category, title: title, description: description,
            context: whole)
    }
}

/// Commands that build, compile or lint.
enum BuildCommand {
    /// What to call it in a title, if it is one.
    static func name(argv: [String]) -> String? {
        for words in ShellWords.simpleCommands(of: argv) {
            var command: BareCommand? = BareCommand(words)
            while let bare = command {
                if let name = name(bare) { return name }
                command = bare.unwrapped
            }
        }
        return nil
    }

    private static func name(_ command: BareCommand) -> String? {
        let program = command.program
        let first = command.operands.first ?? ""
        switch program {
        case "make", "gmake", "ninja", "cmake", "bazel", "xcodebuild":
            return command.operands.contains { $0 == "test" || $0 == "check" } ? nil : program
        case "tsc", "eslint", "webpack", "rollup", "esbuild", "ruff", "flake8", "mypy", "pylint", "swiftlint",
            "gcc", "g++", "clang", "clang++", "rustc", "swiftc", "javac", "golangci-lint", "prettier", "biome":
            return program
        case "vite", "next", "nuxt": return first == "build" ? "\(program) build" : nil
        case "npm", "pnpm", "yarn", "bun":
            let script = first == "run" ? command.operands.dropFirst().first ?? "" : first
            return isBuildScript(script) ? "\(program) \(script)" : nil
        case "cargo": return ["build", "check", "clippy", "fmt"].contains(first) ? "cargo \(first)" : nil
        case "swift": return ["build", "format"].contains(first) ? "swift \(first)" : nil
        case "go": return ["build", "vet", "install"].contains(first) ? "go \(first)" : nil
        case "dotnet": return first == "build" ? "dotnet build" : nil
        case "mvn", "mvnw": return ["compile", "package", "install"].contains(first) ? "\(program) \(first)" : nil
        case "gradle", "gradlew": return ["build", "assemble"].contains(first) ? "\(program) \(first)" : nil
        default: return nil
        }
    }

    private static func isBuildScript(_ script: String) -> Bool {
        ["build", "compile", "lint", "typecheck", "type-check"].contains { script == $0 || script.hasPrefix($0 + ":") }
    }
}
