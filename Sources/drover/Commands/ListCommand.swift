import Bytes
import Client
import Glibc

/// Lists sessions, those that need a person first.
struct ListCommand: Command {
    static let spec = CommandSpec(
        word: "ls",
        summary: "List the sessions, those that need you first",
        discussion: """
            Shows all that live and the \(recentCount) that ended last; --all shows every one. With --watch the list
            keeps itself up to date until you press q.
            """,
        options: [
            .flag("all", short: "a", "Also all that have ended"),
            .flag("watch", short: "w", "Keep the list up to date"),
            .flag("ids", "Print ids only, a line each"),
            .value("state", "STATE", "Only those: live, ended, or a state", completion: .words(stateWords)),
            .value("agent", "AGENT", "Only those of this agent"),
        ],
        examples: [
            .init("drover ls", "what is going on"),
            .init("drover ls --watch", "and what will be"),
            .init("drover stop $(drover ls --ids --state live)", "stop everything"),
        ])

    static let recentCount = 10
    private static let stateWords = ["live", "ended", "running", "waiting", "paused", "stopping", "done", "failed"]

    private let showsAll: Bool
    private let watches: Bool
    private let idsOnly: Bool
    private let state: String?
    private let agent: String?
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        showsAll = arguments.flag("all")
        watches = arguments.flag("watch")
        idsOnly = arguments.flag("ids")
        state = try arguments.option("state").map(Self.wireState)
        agent = arguments.option("agent").map { AgentNames.provider(for: $0) }
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    /// The words of this program and those of the wire are both understood.
    private static func wireState(_ word: String) throws(UsageError) -> String {
        let states = [
            "live": "live", "ended": "ended", "created": "CREATED", "preparing": "PREPARING_WORKSPACE",
            "starting": "STARTING_PROVIDER", "running": "RUNNING", "waiting": "WAITING_FOR_APPROVAL",
            "paused": "PAUSED_BY_HUMAN", "stopping": "STOPPING", "done": "COMPLETED", "completed": "COMPLETED",
            "failed": "FAILED",
        ]
        if let state = states[word.lowercased()] { return state }
        if states.values.contains(word) { return word }
        let hint = closest(to: word, among: stateWords).map { "; did you mean \($0)?" } ?? "."
        throw UsageError("There is no state \"\(word)\"\(hint)", verb: "ls")
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        if watches { return try ListWatch(self, in: context, client: client).run() }
        let fleet = try context.ask(client) { client throws(ClientError) in try fetch(client) }
        if asJSON {
            context.console.print(fleet.json)
        } else if idsOnly {
            for session in fleet.sessions { context.console.print(session.id) }
        } else {
            context.console.print(lines(fleet, in: context).joined(separator: "\n"))
        }
        return .ok
    }

    /// What is to be listed, as the daemon has it now.
    func fetch(_ client: DaemonClient) throws(ClientError) -> DaemonClient.Fleet {
        try client.fleet(state: state, agent: agent)
    }

    var printsJSON: Bool { asJSON }

    /// The list as people read it.
    func lines(_ fleet: DaemonClient.Fleet, in context: Context) -> [String] {
        let console = context.console
        let all = fleet.sessions.ordered(now: context.now())
        guard !all.isEmpty else {
            return [
                "No sessions\(state == nil && agent == nil ? " yet" : " of that kind"). Start one: drover run -- bash"
            ]
        }
        let hidesMany = !showsAll && state == nil
        var endedShown = 0
        let shown = all.filter { session in
            guard hidesMany, !session.isLive else { return true }
            endedShown += 1
            return endedShown <= Self.recentCount
        }
        var lines = SessionTable.lines(shown, in: context)
        let hidden = fleet.total - shown.count
        if hidden > 0 {
            lines.append(console.styled("and \(hidden) more that ended: drover ls --all", .dim))
        }
        let waiting = shown.filter { $0.urgency(now: context.now()) == 0 }
        if !waiting.isEmpty {
            let who = waiting.count == 1 ? "One waits" : "\(waiting.count) wait"
            // What an agent asks in its own terminal is answered there.
            let isAsked = waiting.contains { !$0.pendingApprovals.isEmpty || !$0.isReported }
            let how = isAsked ? "drover approvals" : "drover why \(waiting[0].label)"
            lines += ["", console.styled("\(who) for your decision: \(how)", .attention)]
        }
        return lines
    }
}

/// Sessions as a table.
enum SessionTable {
    static func lines(_ sessions: [Session], in context: Context) -> [String] {
        let console = context.console
        let now = context.now()
        let idLength = sessions.distinguishingLength
        var table = Table([
            .init(""), .init("ID"), .init("NAME", shrinksTo: 8), .init("AGENT", shrinksTo: 6), .init("STATE"),
            .init("AGE", .right), .init("ACTIVE", .right), .init("EXIT"), .init("WHAT", shrinksTo: 10),
        ])
        for session in sessions {
            let style = console.style(session.standing)
            let sinceActive = RelativeTime.short(milliseconds: now - session.lastActivityAt)
            table.rows.append([
                .init(console.sign(session.standing), style),
                .init(String(session.id.prefix(idLength)), session.isLive ? .plain : .dim),
                .init(harmless(session.name ?? ""), .strong),
                .init(harmless(session.agentWord)),
                .init(session.standing.word, style),
                .init(RelativeTime.short(milliseconds: now - session.createdAt)),
                .init(sinceActive),
                .init(session.exitWord, session.exitCode == 0 ? .dim : .bad),
                .init(harmless(what(session)), .dim),
            ])
        }
        return table.lines(on: console)
    }

    /// The title, or the reason of a failure, which matters more.
    private static func what(_ session: Session) -> String {
        if session.state == .failed, session.exitCode == nil, let message = session.complaint {
            return message.hasPrefix(session.title) ? message : "\(session.title): \(message)"
        }
        return session.title
    }
}
