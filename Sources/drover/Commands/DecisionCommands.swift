import Bytes
import Client

/// Says yes to something that waits.
struct ApproveCommand: Command {
    static let spec = CommandSpec(
        word: "approve",
        summary: "Say yes to what waits",
        discussion: "ID is that of an approval, or a session of which only one thing waits.",
        positionals: [PositionalSpec("ID", completion: .approvals)],
        options: [.value("note", "TEXT", "Say why")],
        examples: [.init("drover approve 8c1f", "one approval"), .init("drover approve web", "the one of a session")])

    private let decision: Decision

    init(_ arguments: inout Arguments) throws(UsageError) {
        decision = try Decision("allow", &arguments)
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode { try decision.run(in: context) }
}

/// Says no.
struct DenyCommand: Command {
    static let spec = CommandSpec(
        word: "deny",
        summary: "Say no to what waits",
        discussion: "ID is that of an approval, or a session of which only one thing waits. The session is stopped.",
        positionals: [PositionalSpec("ID", completion: .approvals)],
        options: [.value("note", "TEXT", "Say why")],
        examples: [.init("drover deny 8c1f --note \"not on Friday\"", "with a reason")])

    private let decision: Decision

    init(_ arguments: inout Arguments) throws(UsageError) {
        decision = try Decision("deny", &arguments)
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode { try decision.run(in: context) }
}

/// What approving and denying have in common.
private struct Decision {
    private let verdict: String
    private let id: String
    private let note: String?
    private let asJSON: Bool

    init(_ verdict: String, _ arguments: inout Arguments) throws(UsageError) {
        self.verdict = verdict
        id = try arguments.positional("ID")
        note = arguments.option("note")
        if let note, note.count > 2000 {
            throw UsageError("A note has at most 2000 characters.", verb: arguments.spec.word)
        }
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let pending = try context.ask(client) { client throws(ClientError) in try PendingApproval.all(client) }
        let one = try chosen(among: pending, client, in: context)
        try context.ask(client) { client throws(ClientError) in
            try client.decide(verdict, approval: one.approval.id, session: one.session.id, note: note)
        }
        if asJSON {
            context.console.print([
                "approvalId": .string(one.approval.id), "sessionId": .string(one.session.id),
                "decision": .string(verdict),
            ])
        } else {
            let word = verdict == "allow" ? "Approved" : "Denied"
            context.console.print("\(word): \(harmless(one.approval.summary)) (\(one.session.label))")
        }
        return .ok
    }

    /// An approval by its id or the beginning of one; else the only one of a session.
    private func chosen(
        among pending: [PendingApproval], _ client: DaemonClient, in context: Context
    ) throws(CommandFailure) -> PendingApproval {
        if let exact = pending.first(where: { $0.approval.id == id }) { return exact }
        let matches = id.count >= 4 ? pending.filter { $0.approval.id.hasPrefix(id) } : []
        if matches.count == 1 { return matches[0] }
        if matches.count > 1 { throw several("Several approvals begin with \(id).", matches) }
        do {
            let session = try client.session(id)
            let own = pending.filter { $0.session.id == session.id }
            if own.count == 1 { return own[0] }
            if own.count > 1 { throw several("\(session.label) waits for several decisions.", own) }
            throw CommandFailure("\(session.label) waits for no decision.", hints: ["See what does: drover approvals"])
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as ClientError {
            if case .refused(let refusal) = error, refusal.status == 404 {
                throw CommandFailure(
                    "Nothing that waits, and no session, is called \(id).",
                    hints: ["See what waits: drover approvals"])
            }
            throw CommandFailure(error)
        } catch {
            preconditionFailure("the daemon client throws its own errors, and this is another: \(error)")
        }
    }

    private func several(_ sentence: String, _ pending: [PendingApproval]) -> CommandFailure {
        CommandFailure(
            sentence,
            hints: ["Choose one:"] + pending.map { "  \($0.approval.id)  \(harmless($0.approval.summary))" })
    }
}
