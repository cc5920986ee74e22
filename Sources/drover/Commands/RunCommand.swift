import Bytes
import Client
import Fleet

/// Launches a program or an agent.
struct RunCommand: Command {
    static let spec = CommandSpec(
        word: "run",
        summary: "Launch a program or an agent",
        discussion: """
            The program gets a terminal of its own, which goes on without you: attach to it, or watch it on the web page.
            With --tmux it runs in a pane of tmux instead, and with --headless without a terminal, its output in log
            files; there it outlives the daemon, too.

            With --agent, what follows are the agent's own arguments. An agent gets this environment and this directory,
            and a window in tmux unless you say where.
            """,
        positionals: [PositionalSpec("COMMAND", .optionalMany, completion: .commands)],
        options: [
            .value(
                "agent", short: "a", "AGENT", "Launch this agent: claude, codex, one of your configuration, or mock",
                completion: .words(["claude", "codex", "mock"])),
            .flag("tmux", or: "ADDRESS", "Run in tmux: in that pane (SESSION:WINDOW.PANE), or in a new window") {
                PaneAddress($0) != nil
            },
            .flag("headless", "Run without a terminal"),
            .value("name", short: "n", "NAME", "Call the session so"),
            .value("cwd", short: "C", "DIR", "Run there (default: here)", completion: .directories),
            .value("env", short: "e", "NAME=VALUE", "Set a variable of its environment (repeatable)", repeats: true),
            .flag("attach", "Attach to it at once"),
        ],
        examples: [
            .init("drover run -- npm test", "in this directory"),
            .init("drover run --name web --attach -- bash", "a shell, and go there"),
            .init("drover run --agent claude", "an agent in a window of tmux"),
            .init("drover run --agent codex --tmux agents:2.1", "in a pane that is there"),
            .init("drover run --headless --agent claude -- -p \"Fix the login\"", "an agent that only prints"),
        ],
        endsOptionsAtPositional: true)

    private let agent: String?
    private let place: LaunchPlace
    private let words: [String]
    private let name: String?
    private let directory: String?
    private let variables: [(name: String, value: String)]
    private let attaches: Bool
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        agent = arguments.option("agent")
        place = try LaunchPlace(arguments)
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
        words = agent == nil ? try arguments.rest("COMMAND") : arguments.optionalRest()
        try arguments.finish()
        try check()
    }

    /// What does not go together.
    private func check() throws(UsageError) {
        func refuse(_ message: String) throws(UsageError) { throw UsageError(message, verb: "run") }
        if agent == nil, words.first == "" { try refuse("The COMMAND is empty.") }
        if agent == "" { try refuse("The AGENT is empty.") }
        if attaches && asJSON { try refuse("--attach and --json exclude each other.") }
        if agent == "mock" {
            if let script = words.first, !Self.mockScripts.contains(script) {
                try refuse("The mock agent plays all, hold or flood, and not \"\(script)\".")
            }
            if place != .terminal { try refuse("The mock agent plays in a terminal of the daemon's alone.") }
        } else if agent != nil || place != .terminal, attaches {
            try refuse("--attach is for a terminal of the daemon's own; drover show tells how to get to another.")
        }
        if let agent, agent != "mock", name != nil {
            try refuse("An agent is found by its id; --name is for a COMMAND, such as: drover run --name x -- \(agent)")
        }
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
        let id: String
        var window: TmuxWindow?
        if let agent, agent != "mock" {
            let launch = AgentLaunch(
                agent: agent, arguments: words, variables: variables, directory: directory,
                place: place == .terminal ? .newWindow : place)
            id = try launch.start(in: context)
        } else {
            (id, window) = try start(directory, client, in: context)
        }
        let session: Session
        do throws(CommandFailure) {
            session = try context.ask(client, "waiting until it runs") { client throws(ClientError) in
                try Self.settled(id, client, now: context.now)
            }
        } catch {
            // It is there, whatever cannot be found out about it.
            var failure = error
            failure.hints.insert("It was launched, as \(id).", at: 0)
            throw failure
        }
        if session.state == .failed && session.startedAt == nil && session.exitCode == nil {
            window?.remove()
            if asJSON { context.console.print(session.json) }
            throw CommandFailure(
                Self.complaint(agent ?? words.first ?? "it", session.errorMessage ?? "the daemon gives no reason"),
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

    /// Asks for the session over HTTP, and takes the window away again when there is to be none.
    private func start(
        _ directory: String, _ client: DaemonClient, in context: Context
    ) throws(CommandFailure) -> (id: String, window: TmuxWindow?) {
        let size = TerminalSize.current
        let title = name ?? words.first?.split(separator: "/").last.map(String.init) ?? "mock"
        let (target, window) = try place.target(name: title, directory: directory, size: size, in: context)
        let body = request(directory: directory, size: size, target: target)
        do throws(CommandFailure) {
            let started = try context.ask(client, "launching") { client throws(ClientError) in
                try client.post("/api/runner/sessions", body)
            }
            guard let id = started["sessionId"]?.string else {
                throw CommandFailure(ClientError.notDrover(detail: "it starts a session without an id"))
            }
            return (id, window)
        } catch {
            window?.remove()
            throw error
        }
    }

    /// Waits, for a few seconds at most, until the session has got beyond its start.
    static func settled(
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

    private func request(directory: String, size: TerminalSize?, target: RuntimeTarget?) -> JSON {
        var body: JSONObject = ["providerId": .string(agent ?? "command")]
        body["name"] = name.map { .string($0) }
        body["target"] = target.map { .string($0.description) }
        if !variables.isEmpty {
            body["env"] = .object(JSONObject(variables.map { .init(key: $0.name, value: .string($0.value)) }))
        }
        if agent == "mock" {
            body["mock"] = words.first.map { ["script": .string($0)] }
        } else {
            body["command"] = .omittingNil([
                "argv": .strings(words), "cwd": .string(directory), "cols": size.map { .integer($0.columns) },
                "rows": size.map { .integer($0.rows) },
            ])
        }
        return .object(body)
    }

    private func tell(_ session: Session, _ address: DaemonAddress, on console: Console) {
        let name = session.name.map { " (\($0))" } ?? ""
        console.print("\(console.symbol(session.state)) \(console.styled(session.id, .strong))\(name)")
        console.print("  page    \(address.url)/#/session/\(session.id)")
        guard session.isLive else {
            console.print("  output  drover logs \(session.label)")
            console.print("  It \(session.ending), already.")
            return
        }
        if let pane = session.tmuxPane.flatMap({ PaneAddress($0) }) {
            console.print("  tmux    \(pane)  (\(pane.visit))")
            console.print("  look    drover capture \(session.label)")
        } else if session.isHeadless {
            console.print("  output  drover logs -f \(session.label)")
        } else {
            console.print("  attach  drover attach \(session.label)")
        }
    }
}
