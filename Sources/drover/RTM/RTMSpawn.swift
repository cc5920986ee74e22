import Bytes
import Client
import Fleet
import Wire

/// Launches a runtime with the environment and the directory of whoever types (runtime-rpc §3).
struct RTMSpawn: RTMCommand {
    static let spec = CommandSpec.rtm(
        "spawn", "Launch a runtime",
        discussion: """
            The runtime gets this directory and this environment, without what belongs to the caller's own session (TMUX,
            CLAUDECODE and the like). A pane must exist: rtm makes none.
            """,
        options: [
            .value("runtime", "NAME", "The launcher: claude, codex or a configured one"),
            .value("session-id", "UUID", "A new id, best of version 7"),
            .value("target", "TARGET", "headless, or tmux:SESSION:WINDOW.PANE"),
            .value("cwd", "DIR", "Run there (default: here)", completion: .directories),
            .value(
                "env", "KEY[=VALUE]", "Set a variable, or pass this one on in any case (repeatable)", repeats: true),
            .value("arg", "ARG", "Append an argument to the launcher's own (repeatable)", repeats: true),
            .flag("force", "Replace a live session in the pane"),
        ],
        examples: [
            .init("rtm spawn --runtime claude --session-id UUID --target tmux:agents:2.1", "in a pane"),
            .init("rtm spawn --runtime codex --session-id UUID --target headless --arg exec", "without a terminal"),
        ])

    private let runtime: String
    private let session: SessionID
    private let target: String
    private let cwd: String?
    private let variables: [String]
    private let arguments: [String]
    private let force: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        runtime = try arguments.requiredOption("runtime")
        guard !runtime.isEmpty else { throw UsageError("--runtime is empty", verb: Self.spec.word) }
        session = try arguments.sessionID(try arguments.requiredOption("session-id"))
        target = try arguments.requiredOption("target")
        cwd = arguments.option("cwd")
        variables = arguments.options("env")
        if let wrong = variables.first(where: { $0.isEmpty || $0.hasPrefix("=") }) {
            throw UsageError("invalid value '\(wrong)' for '--env': it is KEY=VALUE or KEY", verb: Self.spec.word)
        }
        self.arguments = arguments.options("arg")
        force = arguments.flag("force")
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        guard case .target(let target) = RuntimeTargetParsing(self.target) else {
            throw RTMFailure(TargetOutcome.invalidMessage(self.target))
        }
        guard let directory = cwd.map({ absolutePath($0) }) ?? workingDirectory() else {
            throw RTMFailure("the current directory is gone; choose another with --cwd")
        }
        let request = SpawnRequest(
            sessionID: session, runtime: runtime, environment: environment(context.context.variables()),
            cwd: directory, target: target, arguments: arguments, force: force)
        let spawned = try context.ask { client throws(RuntimeRPCError) in try client.spawn(request) }
        context.print(JSON(written: RPCResponse.spawned(spawned).encoded()), human: RTMText.spawned(spawned))
        return .ok
    }

    private func environment(_ entries: [[UInt8]]) -> [EnvironmentVariable] {
        var environment = CapturedEnvironment.variables(of: entries)
        for text in variables {
            if let equals = text.firstIndex(of: "=") {
                environment.set(String(text[..<equals]), String(text[text.index(after: equals)...]))
            } else if let value = CapturedEnvironment.value(of: text, in: entries) {
                environment.set(text, value)
            }
        }
        return environment
    }
}

/// Asks whether a target could be spawned into.
struct RTMValidateTarget: RTMCommand {
    static let spec = CommandSpec.rtm(
        "validate-target", "Say whether a target could be spawned into",
        discussion: "Exits 1 when it could not.", positionals: [PositionalSpec("TARGET")],
        examples: [.init("rtm validate-target tmux:agents:2.1", "is there such a pane?")])

    private let target: String

    init(_ arguments: inout Arguments) throws(UsageError) {
        guard let target = arguments.optionalPositional() else {
            throw UsageError("the following required arguments were not provided: <TARGET>", verb: Self.spec.word)
        }
        self.target = target
        try arguments.finish()
    }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let outcome = try context.ask { client throws(RuntimeRPCError) in try client.validate(target) }
        let word = outcome == .valid ? "valid" : "invalid"
        context.print(
            RPCResponse.validateTarget(outcome).responseJSON,
            human: "\(target): \(word) (\(RTMText.outcome(outcome)))")
        return outcome == .valid ? .ok : .failure
    }
}
