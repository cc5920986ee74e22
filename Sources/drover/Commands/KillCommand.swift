import Bytes
import Client

/// Ends sessions at once, or sends them a signal.
struct KillCommand: Command {
    static let spec = CommandSpec(
        word: "kill",
        summary: "End sessions at once",
        discussion: "With --signal the session's processes get that signal, whatever they make of it.",
        positionals: [.liveSessions],
        options: [
            .value(
                "signal", short: "s", "SIGNAL", "Send this signal: INT, TERM, KILL, HUP, QUIT, USR1, USR2",
                completion: .words(SignalNames.sendable))
        ],
        examples: [.init("drover kill web", "SIGKILL"), .init("drover kill --signal INT web", "as Ctrl-C would")])

    private let order: SessionOrder

    init(_ arguments: inout Arguments) throws(UsageError) {
        if let text = arguments.option("signal") {
            guard let name = SignalNames.canonical(text) else {
                throw UsageError(
                    "There is no signal \"\(text)\" to send; there are "
                        + SignalNames.sendable.map { String($0.dropFirst(3)) }.joined(separator: ", ") + ".",
                    verb: "kill")
            }
            order = try SessionOrder("signal", body: ["signal": .string(name)], done: "got \(name)", &arguments)
        } else {
            order = try SessionOrder("stop", body: ["graceful": false], done: "is killed", &arguments)
        }
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode { try order.run(in: context) }
}
