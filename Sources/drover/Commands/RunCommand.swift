import Bytes
import Client

/// Launches a program or an agent.
struct RunCommand: Command {
    static let spec = CommandSpec(
        word: "run",
        summary: "Launch a program or an agent",
        discussion: """
            The program gets a terminal of its own, which goes on without you: attach to it, or watch it on the web page.
            Without --agent, what follows is the command to run; with one, it is the task to give it.
            """,
        positionals: [PositionalSpec("COMMAND", .many, completion: .commands)],
        options: [
            .value(
                "agent", short: "a", "AGENT", "Launch this agent: claude, codex, gemini, mock",
                completion: .words(["claude", "codex", "gemini", "mock"])),
            .value("name", short: "n", "NAME", "Call the session so"),
            .value("cwd", short: "C", "DIR", "Run there (default: here)", completion: .directories),
            .value("env", short: "e", "NAME=VALUE", "Set a variable of its environment (repeatable)", repeats: true),
            .flag("attach", "Attach to it at once"),
        ],
        examples: [
            .init("drover run -- npm test", "in this directory"),
            .init("drover run --name web --attach -- bash", "a shell, and go there"),
            .init("drover run --agent claude -- \"Fix the login\"", "an agent with a task"),
        ],
        endsOptionsAtPositional: true)

    private let agent: String
    private let words: [String]
    private let name: String?
    private let directory: String?
    private let variables: [(name: String, value: String)]
    private let attaches: Bool
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        agent = arguments.option("agent").map { AgentNames.provider(for: $0.lowercased()) } ?? "command"
        name = arguments.option("name")
        if let name, !Self.isName(name) {
            throw UsageError("A name has 1 to 64 letters, digits, dots, dashes and underscores.", verb: "run")
        }
        directory = arguments.option("cwd")
        var variables: [(name: String, value: String)] = []
        for text in arguments.options("env") {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw UsageError("--env takes NAME=VALUE, and not \"\(text)\".", verb: "run")
            }
            variables.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
        self.variables = variables
        attaches = arguments.flag("attach")
        asJSON = arguments.flag("json")
        words = agent == "mock" ? arguments.optionalRest() : try arguments.rest("COMMAND")
        guard words.first != "" else { throw UsageError("The COMMAND is empty.", verb: "run") }
        if agent == "mock", let script = words.first, !Self.mockScripts.contains(script) {
            throw UsageError("The mock agent plays all, hold or flood, and not \"\(script)\".", verb: "run")
        }
        if attaches && asJSON { throw UsageError("--attach and --json exclude each other.", verb: "run") }
        try arguments.finish()
    }

    private static let mockScripts = ["all", "hold", "flood"]

    private static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    return true
                default: return false
                }
            }
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let directory = try resolvedDirectory()
        let client = try context.makeClient()
        let body = request(directory: directory, size: TerminalSize.current)
        let started = try context.ask(client, "launching") { client throws(ClientError) in
            try client.post("/api/runner/sessions", body)
        }
        guard let id = started["sessionId"]?.string else {
            throw CommandFailure(ClientError.notDrover(detail: "it starts a session without an id"))
        }
        let session = try context.ask(client, "waiting until it runs") { client throws(ClientError) in
            try Self.settled(id, client, now: context.now)
        }
        if session.state == .failed && session.startedAt == nil && session.exitCode == nil {
            if asJSON { context.console.print(session.json) }
            throw CommandFailure(
                Self.complaint(words.first ?? agent, session.errorMessage ?? "the daemon gives no reason"),
                hints: ["See what is known: drover show \(session.shortID)"])
        }
        if attaches { return try Attachment(session, isFresh: true, in: context, client: client).run() }
        if asJSON {
            context.console.print(session.json)
        } else {
            tell(session, client.address, on: context.console)
        }
        return .ok
    }

    /// Waits, for a few seconds at most, until the session has got beyond its start.
    private static func settled(
        _ id: String, _ client: DaemonClient, now: () -> Int
    ) throws(ClientError) -> Session {
        let deadline = ContinuousClock.now + .seconds(5)
        var pause = Duration.milliseconds(5)
        while true {
            let session = try client.session(id)
            guard session.state.isStarting, ContinuousClock.now < deadline else { return session }
            WallClock.sleep(pause)
            client.http.onWait?()
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// A message that names the program already is not preceded by its name once more.
    private static func complaint(_ program: String, _ message: String) -> String {
        let text = message.hasPrefix(program + ": ") ? String(message.dropFirst(program.count + 2)) : message
        return "\(program) could not be started: \(text)" + (text.hasSuffix(".") ? "" : ".")
    }

    private func resolvedDirectory() throws(CommandFailure) -> String {
        guard let directory else {
            guard let here = workingDirectory() else {
                throw CommandFailure("This directory is gone.", hints: ["Choose another with --cwd DIR."])
            }
            return here
        }
        // The daemon may run on another machine, so only what is wrong here for certain is refused here.
        let path = absolutePath(directory)
        if PathKind(path) == .file { throw CommandFailure("\(path) is not a directory.") }
        return path
    }

    private func request(directory: String, size: TerminalSize?) -> JSON {
        var body: JSONObject = ["providerId": .string(agent)]
        body["name"] = name.map { .string($0) }
        if !variables.isEmpty {
            body["env"] = .object(JSONObject(variables.map { .init(key: $0.name, value: .string($0.value)) }))
        }
        switch agent {
        case "command":
            body["command"] = .omittingNil([
                "argv": .strings(words), "cwd": .string(directory), "cols": size.map { .integer($0.columns) },
                "rows": size.map { .integer($0.rows) },
            ])
        case "mock":
            body["mock"] = words.first.map { ["script": .string($0)] }
        default:
            let goal = words.joined(separator: " ")
            body["repoRef"] = ["provider": "local", "path": .string(directory)]
            body["task"] = [
                "title": .string(String(goal.prefix(200))), "goal": .string(String(goal.prefix(4000))),
                "constraints": [], "acceptance": [],
            ]
        }
        return .object(body)
    }

    private func tell(_ session: Session, _ address: DaemonAddress, on console: Console) {
        let name = session.name.map { " (\($0))" } ?? ""
        console.print("\(console.symbol(session.state)) \(console.styled(session.id, .strong))\(name)")
        console.print("  page    \(address.url)/#/session/\(session.id)")
        if session.isLive {
            console.print("  attach  drover attach \(session.label)")
        } else {
            console.print("  output  drover logs \(session.label)")
            console.print("  It \(session.ending), already.")
        }
    }
}
