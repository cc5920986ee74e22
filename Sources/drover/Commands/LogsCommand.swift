import Bytes
import Client
import Glibc

/// Prints what a program wrote to its terminal.
struct LogsCommand: Command {
    static let spec = CommandSpec(
        word: "logs",
        summary: "Print what a session's program wrote",
        discussion: """
            The bytes are exactly the program's own, escape sequences included. --plain makes plain text of them, as one
            would read it off paper.
            """,
        positionals: [.session],
        options: [
            .flag("follow", short: "f", "Go on until the program ends"),
            .value("tail", short: "n", "BYTES", "Only the last so many bytes"),
            .flag("plain", short: "p", "Without colours and cursor movements"),
        ],
        examples: [
            .init("drover logs web", "all of it"), .init("drover logs -f web", "and what is to come"),
            .init("drover logs --plain web | grep error", "as text"),
        ],
        printsResult: false)

    private let id: String
    private let follows: Bool
    private let tail: Int?
    private let isPlain: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        follows = arguments.flag("follow")
        tail = try arguments.integer("tail", in: 0...Int.max)
        isPlain = arguments.flag("plain")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        if session.tmuxPane != nil, session.outputBytes == 0 {
            throw CommandFailure(
                "\(session.label) runs in tmux, which keeps what it writes to itself.",
                hints: ["See the last of it: drover capture -n 1000 \(session.label)"])
        }
        let printer = OutputPrinter(on: context.console, isPlain: isPlain)
        // A negative offset counts from the end, so that 0 would be all of it.
        let start = tail.map { $0 == 0 ? session.outputBytes : -$0 } ?? 0
        defer { printer.finish() }
        guard follows && session.isLive else {
            do {
                _ = try client.output(of: session.id, from: start) { printer.print($0) }
                return .ok
            } catch {
                throw CommandFailure(error)
            }
        }
        return try follow(session, from: start, client, printer, in: context)
    }

    /// Follows until the program ends. Live events say only that there is more: the bytes themselves are fetched, so
    /// that none is lost, doubled or changed.
    private func follow(
        _ session: Session, from start: Int, _ client: DaemonClient, _ printer: OutputPrinter, in context: Context
    ) throws(CommandFailure) -> ExitCode {
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP])
        do {
            var feed = try LiveFeed(session, client, token: context.token)
            var position = try fetch(session, from: start, client, printer)
            while true {
                let ready = Poll.readable([signals.descriptor, feed.descriptor], timeout: LiveFeed.heartbeat)
                if let signal = signals.take().first { return ExitCode(rawValue: 128 + signal) }
                var mayHaveEnded = !ready[1]
                do throws(ClientError) {
                    guard let news = try feed.available() else { throw .connectionLost }
                    mayHaveEnded = mayHaveEnded || news.contains { if case .changed = $0 { true } else { false } }
                } catch {
                    feed = try LiveFeed.again(session, client, token: context.token, after: error) {
                        Poll.readable([signals.descriptor], timeout: LiveFeed.retryPause)[0]
                    }
                }
                // Asked before the bytes are fetched: what an ended program wrote is complete.
                let hasEnded = mayHaveEnded ? try !client.session(session.id).isLive : false
                position = try fetch(session, from: position, client, printer)
                if hasEnded { return .ok }
            }
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Prints from that offset to the end of what there is, and returns the end.
    private func fetch(
        _ session: Session, from start: Int, _ client: DaemonClient, _ printer: OutputPrinter
    ) throws(ClientError) -> Int {
        var count = 0
        let output = try client.output(of: session.id, from: start) {
            count += $0.count
            printer.print($0)
        }
        return output.offset + count
    }
}

/// Writes a program's output to stdout: exactly, or as plain text, and on a terminal without what would be answered.
final class OutputPrinter {
    private let console: Console
    private var plain: PlainText?
    private var filter: ReplayFilter?
    private var modes = TerminalModes()

    init(on console: Console, isPlain: Bool) {
        self.console = console
        if isPlain { plain = PlainText() }
        if !isPlain && console.output.isTerminal { filter = ReplayFilter() }
    }

    func print(_ bytes: [UInt8]) {
        if plain != nil {
            console.write(plain?.feed(bytes) ?? [])
        } else if filter != nil {
            modes.feed(bytes)
            console.write(filter?.feed(bytes) ?? [])
        } else {
            console.write(bytes)
        }
    }

    func finish() {
        if plain != nil { console.write(plain?.finish() ?? []) }
        if filter != nil { console.write(modes.restoring) }
    }
}
