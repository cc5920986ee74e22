import Bytes
import Client

/// Ends the daemon.
struct DownCommand: Command {
    static let spec = CommandSpec(
        word: "down",
        summary: "End the daemon",
        discussion: """
            As Ctrl-C where it runs would. It stops the sessions in its own terminals first; those in tmux and without a
            terminal go on, and the next daemon takes them up.
            """,
        examples: [.init("drover down", "end it")])

    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    private static let patience = Duration.seconds(35)

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        try context.ask(client, "waiting for the daemon to end") { client throws(ClientError) in
            _ = try client.post("/api/shutdown", [:])
            let deadline = ContinuousClock.now + Self.patience
            while ContinuousClock.now < deadline {
                do throws(ClientError) {
                    _ = try client.get("/healthz")
                } catch {
                    if case .daemonNotRunning = error { return }
                }
                WallClock.sleep(.milliseconds(50))
                client.http.onWait?()
            }
            throw .timedOut(doing: "waiting for the daemon to end")
        }
        if asJSON { context.console.print(["ok": true]) } else { context.console.print("The daemon has ended.") }
        return .ok
    }
}
