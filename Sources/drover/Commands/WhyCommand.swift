import Bytes
import Client

/// Says what a session's state rests on.
struct WhyCommand: Command {
    static let spec = CommandSpec(
        word: "why",
        summary: "Say which evidence a session's state rests on",
        discussion: "Every state comes from an event in the journal: which one, who reported it, and how old it is.",
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
        let session = try context.ask { client throws(ClientError) in try client.session(id) }
        let console = context.console
        let evidence = session.json["evidence"]
        if asJSON {
            console.print(
                .omittingNil([
                    "id": .string(session.id), "name": session.name.map { .string($0) },
                    "state": session.json["state"], "evidence": evidence, "timeline": session.json["timeline"],
                ]))
            return .ok
        }
        let state = console.styled(session.state.word, console.style(session.state))
        guard let evidence, let event = evidence["event"]?.string else {
            console.print("\(session.label) is \(state). The daemon keeps no evidence for that.")
            return .ok
        }
        let at = evidence["at"]?.integer ?? session.lastActivityAt
        console.print(
            "\(console.symbol(session.state)) \(console.styled(session.label, .strong)) is \(state) because of")
        console.print("  event    \(event)" + (evidence["rowid"]?.integer.map { "  (row \($0) of the journal)" } ?? ""))
        console.print("  from     \(evidence["source"]?.string ?? "unknown")")
        console.print("  at       \(RelativeTime.date(at)), \(RelativeTime.ago(milliseconds: context.now() - at))")
        if let reason = evidence["reason"]?.string {
            console.print("  reason   \(harmless(reason))")
            if let meaning = RuntimeEvidence.sentence(reason) { console.print("           \(meaning)") }
        }
        let steps = session.json["timeline"]?.array ?? []
        if steps.count > 1 {
            let path = steps.suffix(8).map { SessionState($0["state"]?.string ?? "?").word }
            console.print("  path     \(path.joined(separator: " \(console.isUTF8 ? "→" : ">") "))")
        }
        return .ok
    }
}
