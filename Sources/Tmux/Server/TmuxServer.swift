import Fleet
import Reactor

/// One tmux server as the daemon knows it: its panes, what they show, and what is typed into them.
///
/// It is the server that the given environment names (`TMUX`, `TMUX_TMPDIR`), is looked for anew with every question, and is
/// never started (runtime-rpc §3.3). Questions that follow each other go through one connection in control mode, others, and
/// all when that cannot be had, through a process each. Completions are told once, never within the call.
@Loop
public final class TmuxServer {
    public struct Options: Sendable {
        /// `-L`: a server by name, beside the environment's `TMUX_TMPDIR`.
        public var socketName: String?
        /// `-S`: a server by the path of its socket.
        public var socketPath: String?
        /// How long an answer may take, in milliseconds; captures and pastes may take twice as long.
        public var answerTime: Int64
        /// After how many milliseconds without a question the connection is given up.
        public var idleTime: Int64
        /// Whether there may be a connection in control mode at all.
        public var mayConnect: Bool

        public init(
            socketName: String? = nil, socketPath: String? = nil, answerTime: Int64 = 5_000, idleTime: Int64 = 60_000,
            mayConnect: Bool = true
        ) {
            self.socketName = socketName
            self.socketPath = socketPath
            self.answerTime = answerTime
            self.idleTime = idleTime
            self.mayConnect = mayConnect
        }
    }

    let options: Options
    private let environment: [(String, String)]
    let processes = TmuxProcesses()
    let lanes = PaneLanes()
    var policy: ConnectionPolicy
    var connection: ControlConnection?
    var idleTimer: LoopTimer?
    private(set) var isClosed = false

    /// What a client of tmux needs to know: the rest could hold secrets, and tmux hands it all to its server.
    private static let passedOn: Set = ["PATH", "HOME", "TMUX", "TMUX_TMPDIR", "LANG", "LC_ALL", "LC_CTYPE"]

    /// - Parameter environment: The daemon's own; tmux is looked up in its `PATH`.
    public init(environment: [(String, String)], options: Options = Options()) {
        self.environment = environment.filter { Self.passedOn.contains($0.0) }
        self.options = options
        policy = ConnectionPolicy(times: .init(idle: options.idleTime))
    }

    /// Kills what runs, leaves the connection, and answers what waits with ``TmuxError/closed``.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        idleTimer?.cancel()
        processes.close()
        connection?.close()
        connection = nil
    }

    // MARK: - Asking

    /// How tmux is called. `-u` says that UTF-8 is understood: without it other characters would come as underscores.
    ///
    /// - Parameter path: Another socket than the server's own.
    func command(_ arguments: [String], at path: String? = nil) -> ChildProcess.Command {
        var words = ["tmux", "-u", "-N"]
        if let path = path ?? options.socketPath {
            words += ["-S", path]
        } else if let name = options.socketName {
            words += ["-L", name]
        }
        return ChildProcess.Command(arguments: words + arguments, environment: environment, leadsSession: true)
    }

    /// Runs commands in a process of their own; the first that fails keeps the others from being run.
    func run(
        _ commands: [[String]], input: [UInt8] = [], time: Int64? = nil,
        then: @escaping @Loop (Result<[UInt8], TmuxError>) -> Void
    ) {
        guard commands.allSatisfy({ $0.allSatisfy(TmuxArgument.isPossible) }) else {
            return later(then, .failed(stderr: "an argument holds a NUL byte"))
        }
        processes.run(
            command(TmuxArgument.list(commands)), input: input, time: time ?? options.answerTime
        ) { [weak self] result in
            if case .success = result { self?.answeredByProcess() }
            then(result)
        }
    }

    /// Puts one command to the connection, or to a process while there is none.
    ///
    /// - Parameter isRepeatable: Whether it is asked again when the connection is lost and nobody knows what became of it.
    func ask(
        _ arguments: [String], isRepeatable: Bool = true, then: @escaping @Loop (Result<[UInt8], TmuxError>) -> Void
    ) {
        guard !isClosed, let connection, connection.isReady, !connection.isFull,
            arguments.allSatisfy(TmuxArgument.isPossible)
        else { return run([arguments], then: then) }
        policy.asked(at: Loop.now)
        let deadline = Loop.now + options.answerTime
        connection.ask(arguments, until: deadline) { [weak self] answer in
            switch answer {
            case .body(let body): then(.success(body))
            case .error(let body): then(.failure(TmuxError(stderr: body, otherwise: "it gave no reason")))
            case .lost:
                guard let self, !isClosed else { return then(.failure(.closed)) }
                // A process gives the answer of now, which is also how an ended server is told from one that is busy.
                if isRepeatable, Loop.now < deadline {
                    run([arguments], then: then)
                } else {
                    then(.failure(.timedOut))
                }
            }
        }
    }

    /// Tells a completion on the next turn.
    func later<Value>(_ then: @escaping @Loop (Result<Value, TmuxError>) -> Void, _ error: TmuxError) {
        _ = LoopTimer(after: 0) { then(.failure(error)) }
    }

    /// Tells why a question about a pane cannot even be asked.
    func mayAsk<Value>(about pane: PaneID, _ then: @escaping @Loop (Result<Value, TmuxError>) -> Void) -> Bool {
        if pane.isWellFormed { return true }
        later(then, .failed(stderr: "\(pane.rawValue) is not a pane's id"))
        return false
    }
}
