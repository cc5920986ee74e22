import Bytes
import Client

/// Asks sessions to end.
struct StopCommand: Command {
    static let spec = CommandSpec(
        word: "stop",
        summary: "Ask sessions to end",
        discussion: "The program gets SIGTERM, and SIGKILL a second later if it has not ended by then.",
        positionals: [.liveSessions],
        options: [.flag("wait", short: "w", "Return when they have ended")],
        examples: [.init("drover stop web", "one"), .init("drover stop --wait web tests", "several, and wait")])

    private let order: SessionOrder
    private let waits: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        waits = arguments.flag("wait")
        order = try SessionOrder("stop", done: "is stopping", &arguments)
    }

    /// The daemon itself gives up after 30 s.
    private static let patience = Duration.seconds(40)

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        guard waits else { return try order.run(in: context) }
        return try order.run(in: context) { session, client throws(ClientError) in
            let deadline = ContinuousClock.now + Self.patience
            var pause = Duration.milliseconds(10)
            while true {
                let session = try client.session(session.id)
                if !session.isLive { return session.ending }
                guard ContinuousClock.now < deadline else {
                    throw .timedOut(doing: "waiting for \(session.label) to end")
                }
                WallClock.sleep(pause)
                client.http.onWait?()
                pause = min(pause * 2, .milliseconds(100))
            }
        }
    }
}
