import Bytes
import Client
import Glibc

/// Says what a session's state rests on.
struct WhyCommand: Command {
    static let spec = CommandSpec(
        word: "why",
        summary: "Say which evidence a session's state rests on",
        discussion: """
            Every state comes from an event: which one, who reported it, and how old it is. Where an agent reports by itself,
            what else was reported lately is shown too, and why it did not count.
            """,
        positionals: [.session],
        examples: [.init("drover why web", "why it is in the state it is in")])

    private let id: String
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        let why = try context.ask(client) { client throws(ClientError) in
            try client.why(session.id)
        }
        if asJSON {
            context.console.print(why)
        } else {
            for line in SessionReasons(session, why, in: context).lines { context.console.print(line) }
        }
        return .ok
    }
}

/// The reasons for a session's state as people read them.
struct SessionReasons {
    private let session: Session
    private let why: JSON
    private let console: Console
    private let now: Int

    private static let claimLength = 6

    init(_ session: Session, _ why: JSON, in context: Context) {
        self.session = session
        self.why = why
        console = context.console
        now = context.now()
    }

    var lines: [String] {
        let state = console.styled(session.standing.word, console.style(session.standing))
        guard let evidence = why["evidence"], let event = evidence["event"]?.string else {
            return ["\(session.label) is \(state). The daemon keeps no evidence for that."]
        }
        var lines = [
            "\(console.symbol(session.standing)) \(console.styled(session.label, .strong)) is \(state) because of"
        ]
        if let claim = why["reported"]?["restsOn"], session.activity != nil {
            lines += report(claim)
            if !session.isReported {
                lines.append("")
                lines.append("Its process is \(session.state.word) because of")
                lines += recorded(evidence, event)
            }
        } else {
            lines += recorded(evidence, event)
        }
        let steps = why["timeline"]?.array ?? []
        if steps.count > 1, !session.isReported {
            let path = steps.suffix(8).map { SessionState($0["state"]?.string ?? "?").word }
            lines.append("  path     \(path.joined(separator: " \(console.isUTF8 ? "→" : ">") "))")
        }
        return lines + competing
    }

    /// A fact of the journal.
    private func recorded(_ evidence: JSON, _ event: String) -> [String] {
        let at = evidence["at"]?.integer ?? session.lastActivityAt
        var lines = [
            "  event    \(harmless(event))"
                + (evidence["rowid"]?.integer.map { "  (row \($0) of the journal)" } ?? ""),
            "  from     \(evidence["source"]?.string ?? "unknown")", "  at       \(moment(at))",
        ]
        if let reason = evidence["reason"]?.string {
            lines.append("  reason   \(harmless(reason))")
            if let meaning = RuntimeEvidence.sentence(reason) { lines.append("           \(meaning)") }
        }
        return lines
    }

    /// What an agent said of itself.
    private func report(_ claim: JSON) -> [String] {
        let event = claim["event"]?.string ?? "unknown"
        var lines = ["  event    \(harmless(event))", "  from     \(Self.source(claim["source"]?.string))"]
        if let at = claim["at"]?.integer { lines.append("  at       \(moment(at))") }
        if let said = session.json["activityEvent"]?.string, said != event, let meaning = Self.meaning(said) {
            lines.append("  reason   \(meaning)")
        } else if let meaning = Self.meaning(event) {
            lines.append("  reason   \(meaning)")
        }
        return lines
    }

    private var competing: [String] {
        let claims = why["reported"]?["competing"]?.array ?? []
        guard !claims.isEmpty else { return [] }
        var lines = ["", console.styled("What else was reported lately", .strong)]
        for claim in claims.prefix(Self.claimLength) {
            let age = claim["at"]?.integer.map { RelativeTime.ago(milliseconds: now - $0) } ?? "at some time"
            let state = claim["state"]?.string.map { " said \($0)" } ?? ""
            let why = claim["why"]?.string ?? (claim["verdict"]?.string == "overruled" ? "something newer came" : "")
            lines.append(
                "  \(harmless(claim["event"]?.string ?? "?"))\(state), \(age)"
                    + (why.isEmpty ? "" : console.styled("  (\(why))", .dim)))
        }
        if claims.count > Self.claimLength { lines.append("  … \(claims.count - Self.claimLength) earlier") }
        return lines
    }

    // MARK: - Words

    private func moment(_ milliseconds: Int) -> String {
        "\(RelativeTime.date(milliseconds)), \(RelativeTime.ago(milliseconds: now - milliseconds))"
    }

    private static func source(_ word: String?) -> String {
        switch word {
        case "hook": return "a hook of its agent"
        case "agent": return "its agent"
        case "process": return "Drover's own look at its process"
        case "stored": return "before the daemon was started; what came with it is not known any more"
        default: return word ?? "unknown"
        }
    }

    /// What an event means for the state, where its name does not say it.
    private static func meaning(_ event: String) -> String? {
        switch event {
        case "process_gone", "dead_pid_reconcile_startup", "dead_pid_reconcile_periodic":
            return "its process is gone, and it had not said that it ends"
        case "quiet": return "nothing has been heard for so long that its turn must be over"
        case "child_started": return "it started a program, so it was answered in its own terminal"
        case "permission_request": return "it asks for permission"
        case "stop": return "its turn is over"
        case "stop_failure", "session_error": return "its turn ended with an error"
        default: return nil
        }
    }
}
