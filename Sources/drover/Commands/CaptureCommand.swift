import Bytes
import Client

/// Shows what a session's screen shows.
struct CaptureCommand: Command {
    static let spec = CommandSpec(
        word: "capture",
        summary: "Show what a session's screen shows now",
        discussion: """
            Of a session in tmux it is the pane, of one in a terminal of the daemon's the end of what it wrote as plain
            text, and of one without a terminal the end of its log.
            """,
        positionals: [.session],
        options: [.value("lines", short: "n", "N", "The last so many lines, scrolled away or not")],
        examples: [
            .init("drover capture web", "one look"), .init("drover capture -n 200 web", "and further back"),
        ])

    private let id: String
    private let lines: Int?
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        lines = try arguments.integer("lines", in: 1...100_000)
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        let screen = try SessionScreen(session, lines: lines, client) { () throws(CommandFailure) in
            try context.makeRuntimeClient()
        }
        let console = context.console
        if asJSON {
            console.print([
                "id": .string(session.id), "source": .string(screen.source.rawValue),
                "lines": .strings(screen.plainLines),
            ])
        } else if console.hasColours, screen.source == .pane {
            for line in screen.lines { console.print(line + "\u{1B}[0m") }
        } else {
            for line in screen.plainLines { console.print(line) }
        }
        return .ok
    }
}
