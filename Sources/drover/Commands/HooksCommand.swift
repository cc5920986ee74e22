import Bytes
import Integrations

/// Sets agents up to report to Drover, undoes it, and finds out why they are silent.
struct HooksCommand: Command {
    static let spec = CommandSpec(
        word: "hooks",
        summary: "Have agents report what they do",
        discussion: """
            Agents that were started without Drover are seen too, when their hooks report to it. install shows what it \
            would change in the agents' settings and asks; everything else in them keeps its place. uninstall puts the \
            settings back as they were. status tells why hooks are silent.
            """,
        positionals: [PositionalSpec("install|uninstall|status", completion: .words(Action.allCases.map(\.rawValue)))],
        options: [
            .value(
                "agent", short: "a", "AGENT", "claude, codex, gemini or opencode; without it, those that are here",
                completion: .words(WatchedAgent.allCases.map(\.rawValue)), repeats: true),
            .value("project", short: "p", "PATH", "For this project alone", completion: .directories),
            .flag("yes", short: "y", "Do not ask"),
            .flag("dry-run", short: "n", "Only show what would change"),
        ],
        examples: [
            .init("drover hooks install", "set up the agents that are here"),
            .init("drover hooks status", "why is nothing shown?"),
            .init("drover hooks uninstall --agent claude", "take it away again"),
        ],
        asksDaemon: false)

    enum Action: String, CaseIterable {
        case install
        case uninstall
        case status
    }

    private let action: Action
    private let agents: [WatchedAgent]
    private let project: String?
    private let isDry: Bool
    private let asJSON: Bool
    private let consent: Consent

    init(_ arguments: inout Arguments) throws(UsageError) {
        let word = try arguments.positional("verb: install, uninstall or status")
        guard let action = Action(rawValue: word) else {
            throw UsageError("It installs, uninstalls or tells the status, and cannot \"\(word)\".", verb: "hooks")
        }
        self.action = action
        var agents: [WatchedAgent] = []
        for name in arguments.options("agent") {
            guard let agent = WatchedAgent(rawValue: name) else {
                let known = WatchedAgent.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError("There is no agent \"\(name)\"; there are \(known).", verb: "hooks")
            }
            if !agents.contains(agent) { agents.append(agent) }
        }
        self.agents = agents
        project = arguments.option("project").map { absolutePath($0) }
        isDry = arguments.flag("dry-run")
        asJSON = arguments.flag("json")
        consent = Consent(isGiven: arguments.flag("yes"))
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        if let project, PathKind(project) != .directory {
            throw CommandFailure("\(project) is no folder.", hints: ["Give the folder of a project with --project."])
        }
        let reporter =
            action == .install && !isDry
            ? try ReporterProgram.existingPath(in: context) : try ReporterProgram.path(in: context)
        let environment = context.environment
        let files = AgentFiles(home: environment.userDirectory) { environment[$0] }
        if action == .status { return status(HookSurvey(files, reporter, project, context), on: context.console) }

        let keeper = ChangeKeeper(droverHome: environment.droverHome)
        let installer = HookInstaller(files: files, keeper: keeper, program: reporter)
        let chosen = try chosen(files, context)
        var plan = ChangePlan(direction: action == .install ? .install : .uninstall)
        for agent in chosen {
            do throws(IntegrationError) {
                let change =
                    action == .install
                    ? try installer.planInstall(agent, project: project)
                    : try installer.planUninstall(agent, project: project)
                plan.add(agent.rawValue, named: agent.name, change)
            } catch {
                plan.fail(agent.rawValue, named: agent.name, error)
            }
        }
        let remark =
            action == .install && chosen.contains(.codex) ? "Codex asks to review new hooks: type /hooks in it." : nil
        return try plan.carryOut(
            keeper, asking: consent, isDry: isDry, asJSON: asJSON, remark: remark, in: context)
    }

    /// The agents named, else those of which there is a trace on this machine.
    private func chosen(_ files: AgentFiles, _ context: Context) throws(CommandFailure) -> [WatchedAgent] {
        if !agents.isEmpty { return agents }
        let here = WatchedAgent.allCases.filter {
            PathKind(files.folder(of: $0)) == .directory || programPath($0.rawValue, in: context.environment) != nil
        }
        guard !here.isEmpty else {
            throw CommandFailure(
                "There is no trace of Claude Code, Codex, Gemini CLI or opencode here.",
                hints: ["Name one all the same with --agent."])
        }
        return here
    }

    // MARK: - Status

    private func status(_ survey: HookSurvey, on console: Console) -> ExitCode {
        let statuses = (agents.isEmpty ? WatchedAgent.allCases : agents).map { survey.inspection.status(of: $0) }
        let common = survey.common
        let isWell =
            statuses.contains(where: \.isInstalled) && !common.contains { $0.weight == .broken }
            && statuses.allSatisfy { !$0.isInstalled || $0.isWell }
        if asJSON {
            console.print([
                "ok": .bool(isWell), "reporter": .string(survey.reporter),
                "agents": .array(statuses.map(\.json)), "findings": .array(common.map(\.json)),
            ])
            return isWell ? .ok : .failure
        }
        for status in statuses {
            let state = status.isInstalled ? "installed" : "not installed"
            console.print("\(status.agent.name): \(state)  \(console.styled(harmless(status.path), .dim))")
            tell(status.findings, on: console)
        }
        console.print("")
        tell(common, on: console)
        if !statuses.contains(where: \.isInstalled) { console.remark("Set it up with: drover hooks install") }
        return isWell ? .ok : .failure
    }

    private func tell(_ findings: [HookStatus.Finding], on console: Console) {
        for finding in findings {
            let sign: String
            switch finding.weight {
            case .fine: sign = console.styled(console.isUTF8 ? "✓" : "+", .good)
            case .notice: sign = console.styled(console.isUTF8 ? "–" : "-", .attention)
            case .broken: sign = console.styled(console.isUTF8 ? "✗" : "x", .bad)
            }
            console.print("  \(sign) \(harmless(finding.sentence))")
            if let fix = finding.fix { console.print("    " + console.styled(harmless(fix), .accent)) }
        }
    }
}

/// Everything that `drover hooks status` looks at.
struct HookSurvey {
    let inspection: HookInspection
    let reporter: String
    private let now: Int

    init(_ files: AgentFiles, _ reporter: String, _ project: String?, _ context: Context) {
        self.reporter = reporter
        now = context.now()
        inspection = HookInspection(
            files: files, program: reporter, project: project ?? workingDirectory(),
            isProjectScoped: project != nil, home: context.environment.userDirectory)
    }

    /// What holds for all agents alike.
    var common: [HookStatus.Finding] {
        [inspection.daemon(), inspection.heartbeat(now: now)] + (inspection.spool().map { [$0] } ?? [])
    }
}

extension HookStatus {
    var json: JSON {
        [
            "agent": .string(agent.rawValue), "path": .string(path), "installed": .bool(isInstalled),
            "ok": .bool(isWell), "findings": .array(findings.map(\.json)),
        ]
    }
}

extension HookStatus.Finding {
    var json: JSON {
        .omittingNil([
            "weight": .string(weight.rawValue), "code": .string(code), "detail": .string(sentence),
            "fix": fix.map { .string($0) },
        ])
    }
}
