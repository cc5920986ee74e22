import Bytes
import Client
import Glibc

/// A terminal that sits at a session: set up here, and put right again whatever happens.
struct Attachment {
    var key: DetachKey
    var readOnly = false
    /// End as the program ends.
    var passesExitCode = false

    private let session: Session
    /// Nobody has looked at the session before: questions that its program asks the terminal are still open.
    private let isFresh: Bool
    private let context: Context
    private let client: DaemonClient

    init(_ session: Session, isFresh: Bool, in context: Context, client: DaemonClient) {
        self.session = session
        self.isFresh = isFresh
        self.context = context
        self.client = client
        key = context.environment["DROVER_DETACH_KEY"].flatMap { DetachKey(parsing: $0) } ?? .standard
    }

    /// Goes on until the program ends or the person leaves.
    func run() throws(CommandFailure) -> ExitCode {
        let console = context.console
        let isTerminal = isatty(STDIN_FILENO) == 1 && console.output.isTerminal
        let signals = Signals(catching: [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT])
        let terminal = isTerminal ? RawTerminal() : nil
        if isTerminal {
            let how = "detach with \(key.label)" + (readOnly ? ", typing is off" : "")
            console.remark(console.styled("[\(session.label): \(how)]", .dim))
        }
        let loop = AttachLoop(
            session, client, context: context, terminal: terminal, signals: signals, key: key, readOnly: readOnly)
        let ending: AttachLoop.Ending
        do {
            ending = try loop.run(isFresh: isFresh)
        } catch {
            loop.restore()
            throw CommandFailure(error)
        }
        loop.restore()
        switch ending {
        case .detached:
            let rest =
                loop.isConnected
                ? "\(session.label) goes on: drover attach \(session.label)" : "the daemon is still gone"
            console.remark("[detached; \(rest)]")
            return .ok
        case .ended(let session):
            if isTerminal { console.remark(console.styled("[\(session.label) \(session.ending)]", .dim)) }
            return passesExitCode ? session.exitStatus : .ok
        case .signalled(let number):
            return ExitCode(rawValue: 128 + number)
        }
    }
}
