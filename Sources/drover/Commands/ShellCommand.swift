import Bytes
import Integrations

/// Has shells tell at their prompt where they are, undoes it, and says whether they do.
struct ShellCommand: Command {
    static let spec = CommandSpec(
        word: "shell",
        summary: "Have shells tell where they are",
        discussion: """
            With it Drover knows in which terminal a project is open. install adds a few lines to what the shell reads \
            at its start, and shows them first. Without naming a shell it means yours.
            """,
        positionals: [
            PositionalSpec(
                "install|uninstall|status", completion: .words(HooksCommand.Action.allCases.map(\.rawValue))),
            PositionalSpec("SHELL", .optionalMany, completion: .words(ShellKind.allCases.map(\.rawValue))),
        ],
        options: [
            .flag("yes", short: "y", "Do not ask"),
            .flag("dry-run", short: "n", "Only show what would change"),
        ],
        examples: [
            .init("drover shell install", "for your shell"), .init("drover shell install bash zsh", "for two"),
            .init("drover shell status", "which have it?"),
        ],
        asksDaemon: false)

    private let action: HooksCommand.Action
    private let shells: [ShellKind]
    private let isDry: Bool
    private let asJSON: Bool
    private let consent: Consent

    init(_ arguments: inout Arguments) throws(UsageError) {
        let word = try arguments.positional("verb: install, uninstall or status")
        guard let action = HooksCommand.Action(rawValue: word) else {
            throw UsageError("It installs, uninstalls or tells the status, and cannot \"\(word)\".", verb: "shell")
        }
        self.action = action
        var shells: [ShellKind] = []
        for name in arguments.optionalRest() {
            guard let shell = ShellKind(rawValue: name) else {
                throw UsageError("It knows bash, zsh and fish, and not \"\(name)\".", verb: "shell")
            }
            if !shells.contains(shell) { shells.append(shell) }
        }
        self.shells = shells
        isDry = arguments.flag("dry-run")
        asJSON = arguments.flag("json")
        consent = Consent(isGiven: arguments.flag("yes"))
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let program =
            action == .install && !isDry
            ? try ReporterProgram.existingPath(in: context) : try ReporterProgram.path(in: context)
        if action == .status { return status(program, context) }
        let keeper = ChangeKeeper(droverHome: context.environment.droverHome)
        var plan = ChangePlan(direction: action == .install ? .install : .uninstall)
        for shell in try chosen(context) {
            let integration = integration(shell, context)
            do throws(IntegrationError) {
                let change =
                    action == .install
                    ? try integration.planInstall(program: program, keeper: keeper)
                    : try integration.planUninstall(keeper: keeper)
                plan.add(shell.rawValue, named: shell.rawValue, change)
            } catch {
                plan.fail(shell.rawValue, named: shell.rawValue, error)
            }
        }
        return try plan.carryOut(
            keeper, asking: consent, isDry: isDry, asJSON: asJSON,
            remark: action == .install ? "Shells that are opened from now on do it." : nil, in: context)
    }

    private func status(_ program: String, _ context: Context) -> ExitCode {
        var items: [JSON] = []
        var isWell = true
        for shell in shells.isEmpty ? ShellKind.allCases : shells {
            let integration = integration(shell, context)
            var state = "unreadable"
            do throws(IntegrationError) {
                state = try integration.state(of: try integration.read(), program: program).rawValue
            } catch {
                isWell = false
                context.console.remark(error.sentence)
            }
            if !shells.isEmpty, state != "installed" { isWell = false }
            items.append(["shell": .string(shell.rawValue), "path": .string(integration.path), "state": .string(state)])
            if !asJSON {
                context.console.print("\(shell.rawValue): \(state)  \(harmless(integration.path))")
            }
        }
        if asJSON { context.console.print(["ok": .bool(isWell), "shells": .array(items)]) }
        return isWell ? .ok : .failure
    }

    /// The shells named, else the person's own.
    private func chosen(_ context: Context) throws(CommandFailure) -> [ShellKind] {
        if !shells.isEmpty { return shells }
        let own = context.environment["SHELL"]?.split(separator: "/").last.flatMap { ShellKind(rawValue: String($0)) }
        guard let own else {
            throw CommandFailure("Which shell is yours is not to be seen.", hints: ["Name it: bash, zsh or fish."])
        }
        return [own]
    }

    private func integration(_ shell: ShellKind, _ context: Context) -> ShellIntegration {
        let environment = context.environment
        return ShellIntegration(shell, home: environment.userDirectory) { environment[$0] }
    }
}
