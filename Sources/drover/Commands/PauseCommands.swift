import Bytes
import Client

/// Halts sessions.
struct PauseCommand: Command {
    static let spec = CommandSpec(
        word: "pause",
        summary: "Halt sessions until you resume them",
        positionals: [.liveSessions],
        examples: [.init("drover pause web", "then: drover resume web")])

    private let order: SessionOrder

    init(_ arguments: inout Arguments) throws(UsageError) {
        order = try SessionOrder("pause", done: "is paused", &arguments)
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode { try order.run(in: context) }
}

/// Lets paused sessions go on.
struct ResumeCommand: Command {
    static let spec = CommandSpec(
        word: "resume",
        summary: "Let paused sessions go on",
        positionals: [.liveSessions],
        examples: [.init("drover resume web", "it goes on")])

    private let order: SessionOrder

    init(_ arguments: inout Arguments) throws(UsageError) {
        order = try SessionOrder("resume", done: "goes on", &arguments)
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode { try order.run(in: context) }
}

/// An order to one or several sessions: each is told what became of it, and one failure does not stop the others.
struct SessionOrder {
    private let route: String
    private let done: String
    private let body: JSON
    private let ids: [String]
    private let asJSON: Bool
    private let verb: String

    init(
        _ route: String, body: JSON = [:], done: String, _ arguments: inout Arguments
    ) throws(UsageError) {
        self.route = route
        self.body = body
        self.done = done
        verb = arguments.spec.word
        ids = try arguments.rest("SESSION")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    /// `afterwards` may wait for the effect; it returns the words to tell.
    func run(
        in context: Context,
        afterwards: ((Session, DaemonClient) throws(ClientError) -> String?)? = nil
    ) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        var results: [JSON] = []
        var failures: [CommandFailure] = []
        for id in ids {
            do throws(CommandFailure) {
                let (session, words) = try context.ask(client, "waiting for \(id)") { client throws(ClientError) in
                    let session = try client.session(id)
                    try client.order(route, session: session.id, body: body)
                    return (session, try afterwards?(session, client) ?? done)
                }
                results.append(["id": .string(session.id), "ok": true])
                if !asJSON { context.console.print("\(session.label) \(words).") }
            } catch {
                // Without a daemon the others would fail in the same way.
                if error.exit == .daemonNotRunning { throw error }
                results.append(["id": .string(id), "ok": false, "error": .string(error.sentence)])
                failures.append(error)
                if !asJSON && ids.count > 1 {
                    for line in ["\(id): \(error.sentence)"] + error.hints { context.console.remark(line) }
                }
            }
        }
        if asJSON { context.console.print(["items": .array(results)]) }
        if let only = failures.first, ids.count == 1, !asJSON { throw only }
        return failures.isEmpty ? .ok : .failure
    }
}
