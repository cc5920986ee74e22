import CSystem
import Glibc

/// A program without a terminal: what it reads and writes are descriptors that the caller names.
///
/// It is reaped as soon as it ends, and hears of no signal after that.
@Loop
public final class ChildProcess {
    /// What to start.
    public struct Command: Sendable {
        /// The program, looked up in the `PATH` of `environment` unless it has a slash, and its arguments.
        public var arguments: [String]
        /// All of it; nothing is inherited.
        public var environment: [(String, String)]
        public var workingDirectory: String?
        /// Whether it leads a session of its own, so that what happens to the daemon's terminal is nothing to it.
        public var leadsSession: Bool

        public init(
            arguments: [String], environment: [(String, String)], workingDirectory: String? = nil,
            leadsSession: Bool = false
        ) {
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.leadsSession = leadsSession
        }
    }

    public let identity: ProcessIdentity
    /// Told once, when it has been reaped.
    public var onExit: (@Loop (ProcessOutcome) -> Void)? {
        didSet { if let outcome, let onExit { onExit(outcome) } }
    }

    public private(set) var outcome: ProcessOutcome?
    private var watcher: DescriptorWatcher?

    /// Starting waits for the program's exec, which takes a millisecond that the loop does not have.
    private static let worker = Worker()

    /// A child that nobody looks after yet. It must become a `ChildProcess`, or it is never reaped.
    public struct Started: Sendable {
        var pid: Int32
        var pidfd: Int32
    }

    /// Starts a program with these descriptors as stdin, stdout and stderr; -1 stands for `/dev/null`. Closes them, whatever comes of it.
    public static func start(
        _ command: Command, standardInput: Int32 = -1, standardOutput: Int32 = -1, standardError: Int32 = -1,
        then completion: @escaping @Sendable @Loop (Result<ChildProcess, SpawnError>) -> Void
    ) {
        precondition(!command.arguments.isEmpty, "a program needs a name")
        let stdio = [standardInput, standardOutput, standardError]
        worker.run({ spawn(command, stdio: stdio) }, then: { completion($0.map { ChildProcess($0) }) })
    }

    /// Starts a program with these three as stdin, stdout and stderr, as ``start(_:standardInput:standardOutput:standardError:then:)``
    /// does. Blocks until exec has succeeded or failed: for threads that may wait.
    public nonisolated static func spawn(_ command: Command, stdio: [Int32]) -> Result<Started, SpawnError> {
        defer { for descriptor in Set(stdio) where descriptor >= 0 { close(descriptor) } }
        let result = withCStrings(command.arguments) { argv in
            withCStrings(command.environment.map { "\($0)=\($1)" }) { envp in
                drover_spawn_child(
                    argv, envp, command.workingDirectory, stdio, command.leadsSession ? 1 : 0, 0)
            }
        }
        if result.pid > 0 { return .success(Started(pid: result.pid, pidfd: result.pidfd)) }
        return .failure(SpawnError(result, command: command.arguments[0], directory: command.workingDirectory ?? ""))
    }

    /// Looks after a child that ``spawn(_:stdio:)`` has started.
    public init(_ started: Started) {
        // It is not reaped before we do it, so the entry in /proc is there.
        identity =
            ProcessIdentity(ofRunning: started.pid)
            ?? ProcessIdentity(pid: started.pid, startTicks: 0, bootID: ProcessIdentity.bootID)
        let relay = Relay()
        watcher = DescriptorWatcher(started.pidfd) { _ in relay.process?.reap() }
        relay.process = self
        watcher?.watch(.readable)
    }

    /// Keeps a running process alive until it has been reaped, whoever lets go of it.
    private final class Relay {
        var process: ChildProcess?
    }

    /// Signals the process while it is not reaped; afterwards nothing.
    public func signal(_ signal: Int32) {
        guard outcome == nil, let watcher else { return }
        drover_pidfd_signal(watcher.descriptor, signal)
    }

    private func reap() {
        guard outcome == nil, let watcher else { return }
        var code: Int32 = 0
        var signaled: Int32 = 0
        let result = drover_reap(watcher.descriptor, &code, &signaled)
        guard result != 0 else { return }
        let outcome: ProcessOutcome = result < 0 ? .exited(-1) : signaled != 0 ? .signaled(code) : .exited(code)
        self.outcome = outcome
        watcher.close()
        self.watcher = nil
        onExit?(outcome)
        onExit = nil
    }
}

extension SpawnError {
    /// Reads what a start that failed left behind.
    init(_ result: drover_spawn_result, command: String, directory: String) {
        let stage: Stage
        switch UInt32(result.stage) {
        case DROVER_SPAWN_PTY.rawValue: stage = .terminal
        case DROVER_SPAWN_PIPE.rawValue: stage = .pipe
        case DROVER_SPAWN_CLONE.rawValue: stage = .clone
        case DROVER_SPAWN_SESSION.rawValue: stage = .session
        case DROVER_SPAWN_CHDIR.rawValue: stage = .workingDirectory(directory)
        default: stage = .execute(command)
        }
        self.init(stage: stage, code: result.error)
    }
}

/// Lends a null-terminated array of C strings.
func withCStrings<Result>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies + [nil])
}
