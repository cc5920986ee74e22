import Bytes
import Client
import Glibc

/// Prints the journal.
struct EventsCommand: Command {
    static let spec = CommandSpec(
        word: "events",
        summary: "Print what happened, from the journal",
        discussion: """
            Shows the last \(recentCount) events; with --session or --type all that match; with --since all after that
            row. --json prints a line of JSON for each.
            """,
        options: [
            .value("since", short: "s", "ROW", "Those after this row of the journal"),
            .flag("follow", short: "f", "Go on with what is to come"),
            .value("type", short: "t", "TYPE", "Only this type (repeatable, or TYPE,TYPE)", repeats: true),
            .value("session", "SESSION", "Only those of this session", completion: .sessions),
        ],
        examples: [
            .init("drover events -f", "as it happens"),
            .init("drover events --session web", "all that happened to one session"),
            .init("drover events --since 1200 --json", "for programs that keep a cursor"),
        ])

    static let recentCount = 50

    private let since: Int?
    private let follows: Bool
    private let types: [String]
    private let session: String?
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        since = try arguments.integer("since", in: 0...Int.max)
        follows = arguments.flag("follow")
        types = arguments.options("type").flatMap { $0.split(separator: ",").map(String.init) }
        session = arguments.option("session")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        var filter: String?
        if let session {
            filter = try context.ask(client) { client throws(ClientError) in try client.session(session).id }
        }
        var cursor = try context.ask(client) { client throws(ClientError) in try start(client) }
        while true {
            let page = try context.ask(client) { client throws(ClientError) in
                try client.events(since: cursor, session: filter, types: types)
            }
            for event in page.events { show(event, in: context) }
            let hasMoved = page.cursor > cursor
            cursor = max(cursor, page.cursor)
            if !page.hasMore || !hasMoved { break }
        }
        return follows ? try follow(client, since: cursor, session: filter, in: context) : .ok
    }

    /// After which row to begin.
    private func start(_ client: DaemonClient) throws(ClientError) -> Int {
        if let since { return since }
        if session != nil || !types.isEmpty { return 0 }
        return max(0, try client.fleet(limit: 1).cursor - Self.recentCount)
    }

    private func follow(
        _ client: DaemonClient, since start: Int, session: String?, in context: Context
    ) throws(CommandFailure) -> ExitCode {
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP])
        var cursor = start
        var patience = ContinuousClock.now + .seconds(30)
        while true {
            do throws(ClientError) {
                let stream = try client.followEvents(since: cursor, session: session, types: types)
                patience = .now + .seconds(30)
                while true {
                    _ = Poll.readable([signals.descriptor, stream.descriptor], timeout: nil)
                    if let signal = signals.take().first {
                        return signal == SIGINT ? .ok : ExitCode(rawValue: 128 + signal)
                    }
                    guard let news = try stream.available() else { throw .connectionLost }
                    for piece in news {
                        switch piece {
                        case .event(let event):
                            cursor = event.rowid
                            show(event, in: context)
                        case .reset(let oldest):
                            let from = oldest.map { " It goes on from row \($0)." } ?? ""
                            context.console.remark("Older events are no longer in the journal.\(from)")
                        }
                    }
                }
            } catch {
                // The daemon may be restarting; the cursor makes that invisible.
                if case .refused = error { throw CommandFailure(error) }
                guard ContinuousClock.now < patience else { throw CommandFailure(error) }
                let ready = Poll.readable([signals.descriptor], timeout: .milliseconds(300))
                if ready[0], let signal = signals.take().first { return ExitCode(rawValue: 128 + signal) }
            }
        }
    }

    private func show(_ event: JournalEvent, in context: Context) {
        let console = context.console
        if asJSON { return console.printLine(event.json) }
        let session = event.sessionID.map { Session.shortID(of: $0) } ?? ""
        let row = "#\(event.rowid)"
        let head = "\(RelativeTime.clock(event.at))  \(String(repeating: " ", count: max(0, 6 - row.count)))\(row)"
        let padding = String(repeating: " ", count: max(0, 24 - event.type.count))
        var line = "\(console.styled(head, .dim))  \(event.type)\(padding)  "
        line += console.styled(session.isEmpty ? "        " : session, .accent)
        var summary = harmless(Self.summary(event.payload))
        if let width = console.width() {
            let used = displayWidth(head) + 2 + max(24, event.type.count) + 2 + max(8, session.count) + 2
            summary = fitted(summary, to: max(16, width - used))
        }
        console.print(line + (summary.isEmpty ? "" : "  " + summary))
    }

    /// Long texts are cut and what has parts is only hinted at: --json has it all.
    private static func brief(_ value: JSON) -> String {
        switch value {
        case .string(let text): return fitted(text, to: 120)
        case .object(let object): return object.isEmpty ? "{}" : "{…}"
        case .array(let elements): return elements.isEmpty ? "[]" : "[…]"
        default: return value.text
        }
    }

    /// `newState=RUNNING reason=…`: what a person wants of a payload, without the quotes.
    static func summary(_ payload: JSON) -> String {
        guard let object = payload.object else { return payload.isNull ? "" : payload.text }
        let repeated = ["type", "sessionId", "orgId", "repoRef", "ts", "seq"]
        return object.members.filter { !repeated.contains($0.key) }
            .map { "\($0.key)=\(brief($0.value))" }.joined(separator: " ")
    }
}
