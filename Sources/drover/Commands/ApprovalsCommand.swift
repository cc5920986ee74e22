import Bytes
import Client

/// Lists what waits for a decision.
struct ApprovalsCommand: Command {
    static let spec = CommandSpec(
        word: "approvals",
        summary: "List what waits for your decision",
        examples: [.init("drover approvals", "then: drover approve ID, or drover deny ID")])

    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let pending = try context.ask { client throws(ClientError) in try PendingApproval.all(client) }
        let console = context.console
        if asJSON {
            console.print(["items": .array(pending.map(\.approval.json))])
            return .ok
        }
        guard !pending.isEmpty else {
            console.print("Nothing waits for your decision.")
            return .ok
        }
        for (index, one) in pending.enumerated() {
            if index > 0 { console.print("") }
            for line in Self.lines(one, in: context) { console.print(line) }
        }
        console.print("")
        let isOnlyOne = pending.filter { $0.session.id == pending[0].session.id }.count == 1
        let example = isOnlyOne ? pending[0].session.label : pending[0].approval.shortID
        console.print(
            console.styled("Decide: drover approve \(example)   or   drover deny \(example) --note WHY", .dim))
        return .ok
    }

    private static func lines(_ one: PendingApproval, in context: Context) -> [String] {
        let console = context.console
        let approval = one.approval
        let risk: (String, Style) =
            switch approval.risk {
            case "high": ("high risk", .bad)
            case "med", "medium": ("some risk", .attention)
            default: ("\(approval.risk) risk", .good)
            }
        var lines = [
            "\(console.symbol(.waitingForApproval)) \(console.styled(approval.shortID, .strong))  "
                + "\(console.styled(risk.0, risk.1))  \(harmless(approval.category))  "
                + "\(harmless(one.session.label))  "
                + console.styled(RelativeTime.ago(milliseconds: context.now() - approval.requestedAt), .dim),
            "  \(harmless(approval.summary))",
        ]
        if let timeout = approval.timeoutAt {
            let left = timeout - context.now()
            lines.append("  " + console.styled("refused by itself in \(RelativeTime.length(milliseconds: left))", .dim))
        }
        for member in approval.json["context"]?.object?.members ?? [] {
            lines.append(
                "  " + console.styled("\(member.key): \(harmless(member.value.string ?? member.value.text))", .dim))
        }
        return lines
    }
}

/// An approval and the session that waits for it.
struct PendingApproval: Equatable {
    var approval: Approval
    var session: Session

    /// All there are, oldest first.
    static func all(_ client: DaemonClient) throws(ClientError) -> [PendingApproval] {
        var all: [PendingApproval] = []
        for session in try client.fleet(state: "live").sessions where !session.pendingApprovals.isEmpty {
            all += try of(session, client)
        }
        return all.sorted { $0.approval.requestedAt < $1.approval.requestedAt }
    }

    static func of(_ session: Session, _ client: DaemonClient) throws(ClientError) -> [PendingApproval] {
        try client.approvals(of: session.id).filter { $0.decision == nil }
            .map { PendingApproval(approval: $0, session: session) }
    }
}
