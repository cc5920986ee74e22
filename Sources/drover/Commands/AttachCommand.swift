import Client
import struct Fleet.PaneAddress

/// Puts this terminal in the place of a session's.
struct AttachCommand: Command {
    static let spec = CommandSpec(
        word: "attach",
        summary: "Sit down at a session's terminal",
        discussion: """
            What you type goes to the program and what it writes comes to you, until it ends or you detach; it goes on
            without you. The key to detach is \(DetachKey.standard.label) unless --detach-key or DROVER_DETACH_KEY says
            otherwise.

            When stdin is not a terminal, it is typed into the program as it comes.
            """,
        positionals: [.liveSession],
        options: [
            .value("detach-key", "KEYS", "Detach with this, such as \"C-p C-q\" or \"Ctrl-]\""),
            .flag("read-only", short: "r", "Look, and type nothing"),
            .flag("exit-code", "Exit as the program does when it ends"),
        ],
        examples: [
            .init("drover attach web", "by name"),
            .init("drover attach --detach-key Ctrl-] web", "with a key of your own"),
            .init("drover attach --read-only web", "look over its shoulder"),
        ],
        printsResult: false)

    private let id: String
    private let key: DetachKey?
    private let readOnly: Bool
    private let passesExitCode: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = try arguments.positional("SESSION")
        key = try arguments.option("detach-key").map { text throws(UsageError) in
            guard let key = DetachKey(parsing: text) else {
                throw UsageError(
                    "\"\(text)\" is no key to detach with. Write Ctrl-], C-p C-q and the like; the first must be "
                        + "with Ctrl.", verb: "attach")
            }
            return key
        }
        readOnly = arguments.flag("read-only")
        passesExitCode = arguments.flag("exit-code")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) in try client.session(id) }
        guard session.isLive else {
            if passesExitCode { return session.exitStatus }
            throw CommandFailure(
                "\(session.label) is no longer there to attach to: it \(session.ending).",
                hints: ["See what it wrote: drover logs \(session.label)"])
        }
        if let failure = elsewhere(session) { throw failure }
        var attachment = Attachment(session, isFresh: false, in: context, client: client)
        if let key { attachment.key = key }
        attachment.readOnly = readOnly
        attachment.passesExitCode = passesExitCode
        return try attachment.run()
    }

    /// Why there is no terminal of the daemon's to sit down at.
    private func elsewhere(_ session: Session) -> CommandFailure? {
        if session.origin == "chat" {
            return CommandFailure(
                "\(session.label) is a chat.", hints: ["Talk to it: drover chat --session \(session.id)"])
        }
        if session.isReported {
            return CommandFailure(
                "\(session.label) was started elsewhere and only reports here.",
                hints: ["Find its terminal: drover where \(session.projectPath ?? ".")"])
        }
        if session.isHeadless {
            return CommandFailure(
                "\(session.label) runs without a terminal.",
                hints: ["See what it writes: drover logs -f \(session.label)"])
        }
        guard let pane = session.tmuxPane, let address = PaneAddress(pane) else { return nil }
        return CommandFailure(
            "\(session.label) runs in tmux, which has its own way of attaching.",
            hints: ["Go there: \(address.visit)", "Or look: drover capture \(session.label)"])
    }
}
