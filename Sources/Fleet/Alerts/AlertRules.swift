import Bytes

/// Decides what of a session a person should know (control-plane §7.8).
///
/// Most of it follows from the session's events; what does not is reported by its own method. An alert is raised once
/// a minute by its category and title, and a session raises at most 20 a minute; `count` and `suppressed` in `context`
/// say how much was held back. `context` always has `agentId`, `repo` and the `seq` that caused it.
///
/// A plain value: the caller reports in order, calls ``wake(at:)`` at ``deadline``, and makes events of what it gets.
public struct AlertRules: Sendable {
    /// How long a running session may be silent.
    public static let silence = Duration.seconds(600)

    private let agentID: AgentID
    private let repo: String
    /// When 80 % of the session's time will be over.
    private var longAt: MonotonicTime?
    private let timeLimit: Duration?
    private var gate = AlertGate()
    private var lastSeq = 0
    /// Since when it runs without output; `nil` when it does not run, or its silence was told.
    private var silentSince: MonotonicTime?
    private var isRunning = false
    private var testCommand: String?
    private var failedRuns = 0
    /// Approvals that were asked for and not yet resolved.
    private var approvals: [ApprovalID: ApprovalRequest] = [:]
    private var mayAddDependencies = false

    /// - Parameters:
    ///   - start: when the time limit began to count.
    ///   - timeLimit: how long the session may take; `nil` for no limit.
    public init(agentID: AgentID, repoRef: RepoRef, start: MonotonicTime, timeLimit: Duration?) {
        self.agentID = agentID
        repo = repoRef.repoPath
        self.timeLimit = timeLimit
        longAt = timeLimit.map { start + $0 * 0.8 }
    }

    public init(of config: SessionConfig, start: MonotonicTime, timeLimit: Duration?) {
        self.init(agentID: config.agentID, repoRef: config.repoRef, start: start, timeLimit: timeLimit)
    }

    /// When ``wake(at:)`` is due; `nil` when nothing depends on time.
    public var deadline: MonotonicTime? {
        let silentAt = silentSince.map { $0 + Self.silence }
        guard let silentAt, let longAt else { return silentAt ?? longAt }
        return min(silentAt, longAt)
    }

    // MARK: - Events

    /// Reports an event of the session.
    public mutating func observe(_ event: RunnerEvent, at now: MonotonicTime) -> [AlertNotice] {
        lastSeq = event.sequence
        switch event.body {
        case .sessionStateChanged(let change):
            isRunning = change.newState == .running
            silentSince = isRunning ? now : nil
            if change.newState.isTerminal { longAt = nil }
            return []
        case .sessionEnded:
            silentSince = nil
            longAt = nil
            return []
        case .terminalChunk(let chunk):
            if isRunning { silentSince = now }
            return chunk.lost.map { throttled($0, at: now) } ?? []
        case .fileTouched(let file): return touched(file, at: now)
        case .testRunStarted(let start):
            testCommand = start.command
            return []
        case .testRunFinished(let finish): return tested(finish, at: now)
        case .approvalRequested(let approval):
            if approvals.count < 100 { approvals[approval.approvalID] = approval }
            return []
        case .approvalResolved(let resolution): return resolved(resolution, at: now)
        case .sessionStarted, .diffSummary, .alertRaised, .usageTick: return []
        }
    }

    private mutating func tested(_ finish: TestRunFinish, at now: MonotonicTime) -> [AlertNotice] {
        let command = testCommand.map { ": \($0)" } ?? ""
        testCommand = nil
        guard finish.isFailure else {
            failedRuns = 0
            return []
        }
        failedRuns += 1
        let what =
            finish.failed > 0
            ? "\(finish.failed) of \(finish.passed + finish.failed) tests failed, exit code \(finish.exitCode)"
            : finish.exitCode == -1 ? "The run was cut short" : "Exit code \(finish.exitCode)"
        return raise(
            failedRuns < 3 ? .error : .critical, .test, failedRuns < 3 ? "Tests failed" : "Tests keep failing",
            what + command,
            [
                "exitCode": .integer(finish.exitCode), "failed": .integer(finish.failed),
                "consecutive": .integer(failedRuns),
            ], at: now)
    }

    private mutating func resolved(_ resolution: ApprovalResolution, at now: MonotonicTime) -> [AlertNotice] {
        let approval = approvals.removeValue(forKey: resolution.approvalID)
        guard resolution.decision == .deny else {
            if approval?.category == .depsAdd { mayAddDependencies = true }
            return []
        }
        let what = approval?.summary ?? resolution.approvalID.rawValue
        var context: JSONObject = ["approvalId": .string(resolution.approvalID.rawValue)]
        context["category"] = approval.map { .string($0.category.rawValue) }
        if resolution.resolvedBy == ApprovalResolution.timeout {
            return raise(.warn, .policy, "Approval expired: \(what)", "Nobody answered in time.", context, at: now)
        }
        context["resolvedBy"] = resolution.resolvedBy.map { .string($0) }
        return raise(
            .warn, .policy, "Approval denied: \(what)", resolution.note ?? "The request was refused.", context, at: now)
    }

    private mutating func touched(_ file: FileTouch, at now: MonotonicTime) -> [AlertNotice] {
        switch file.reason {
        case .read, .diff: return []
        case .write, .delete: break
        }
        guard !mayAddDependencies, Dependencies.isManifest(file.path) else { return [] }
        return raise(
            .warn, .dependency, "Dependencies changed: \(file.path)",
            "\(file.path) was \(file.reason == .write ? "written" : "deleted") without an approval for dependencies.",
            ["path": .string(file.path)], at: now)
    }

    private mutating func throttled(_ bytes: Int, at now: MonotonicTime) -> [AlertNotice] {
        raise(
            .info, .performance, "Terminal output throttled",
            "\(bytes) bytes were not shown live; the recording has them.", ["lost": .integer(bytes)], at: now)
    }

    // MARK: - What is no event

    /// Reports the end of a command. Test commands have their own events.
    public mutating func commandFinished(
        shell text: String, exitCode: Int, at now: MonotonicTime
    ) -> [AlertNotice] {
        commandFinished(SimpleCommand.all(inShell: text), text: text, exitCode: exitCode, at: now)
    }

    /// The same for a command known by its words, as the session's own program.
    public mutating func commandFinished(argv: [String], exitCode: Int, at now: MonotonicTime) -> [AlertNotice] {
        commandFinished(SimpleCommand.all(inArgv: argv), text: ShellWords.join(argv), exitCode: exitCode, at: now)
    }

    private mutating func commandFinished(
        _ commands: [SimpleCommand], text: String, exitCode: Int, at now: MonotonicTime
    ) -> [AlertNotice] {
        guard exitCode != 0, let kind = commands.lazy.compactMap({ BuildCommand($0) }).first else { return [] }
        // A list that also tests is told by its test run.
        guard !commands.contains(where: { TestCommand($0) != nil }) else { return [] }
        return raise(
            .error, .build, kind == .build ? "Build failed" : "Lint failed", "Exit code \(exitCode): \(text)",
            ["command": .string(text.truncated(to: EventLimits.description)), "exitCode": .integer(exitCode)], at: now)
    }

    /// Reports secrets that were starred in the output.
    public mutating func secretsRedacted(_ count: Int, at now: MonotonicTime) -> [AlertNotice] {
        guard count > 0 else { return [] }
        return raise(
            .warn, .security, "Secret in the output", "A secret was printed. Viewers see stars in its place.",
            ["secrets": .integer(count)], at: now)
    }

    /// Reports a command that the policy did not allow.
    public mutating func commandBlocked(_ text: String, because rule: String, at now: MonotonicTime) -> [AlertNotice] {
        raise(
            .error, .policy, "Command blocked: \(text)", rule,
            ["command": .string(text.truncated(to: EventLimits.description))], at: now)
    }

    /// Reports access to a path that is blocked.
    public mutating func pathBlocked(_ path: String, at now: MonotonicTime) -> [AlertNotice] {
        raise(
            .critical, .security, "Blocked path: \(path)", "The session tried to use a path that is not allowed.",
            ["path": .string(path)], at: now)
    }

    /// Reports an attempt to get around the policy.
    public mutating func bypassAttempted(_ description: String, at now: MonotonicTime) -> [AlertNotice] {
        raise(.critical, .security, "Policy bypass attempt", description, [:], at: now)
    }

    // MARK: - Time

    /// Reacts to the passing of time.
    public mutating func wake(at now: MonotonicTime) -> [AlertNotice] {
        var notices: [AlertNotice] = []
        if let since = silentSince, now >= since + Self.silence {
            // Told once; the next output starts it again.
            silentSince = nil
            notices += raise(
                .warn, .performance, "No output for 10 minutes", "The session runs, but its terminal is silent.", [:],
                at: now)
        }
        if let longAt, let timeLimit, now >= longAt {
            self.longAt = nil
            notices += raise(
                .info, .performance, "Most of the time is used",
                "80 % of the session's \(timeLimit.components.seconds / 60) minutes are over.",
                ["timeLimitMs": .integer(timeLimit.components.seconds * 1000)], at: now)
        }
        return notices
    }

    private mutating func raise(
        _ severity: Alert.Severity, _ category: Alert.Category, _ title: String, _ description: String,
        _ details: JSONObject, at now: MonotonicTime
    ) -> [AlertNotice] {
        var context: JSONObject = [
            "agentId": .string(agentID.rawValue), "repo": .string(repo), "seq": .integer(lastSeq),
        ]
        context.members += details.members
        let notice = AlertNotice(
            severity: severity, category: category, title: title.truncated(to: EventLimits.title),
            description: description.truncated(to: EventLimits.description), context: context)
        return gate.admit(notice, at: now).map { [$0] } ?? []
    }
}
