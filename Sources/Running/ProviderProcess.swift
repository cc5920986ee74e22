import Fleet
import Reactor

/// A running agent as a session sees it: a terminal, and a process that can be signalled.
@Loop
public protocol ProviderProcess: AnyObject {
    /// Who it is, when it is a process of this machine.
    var processIdentity: Fleet.ProcessIdentity? { get }
    /// Bytes typed that it has not read yet.
    var inputBacklog: Int { get }
    /// Whether it has a terminal to type into.
    var takesInput: Bool { get }

    func write(_ bytes: [UInt8])
    func resize(_ size: TerminalSize)
    /// To its whole process group.
    func signal(_ signal: Signal)
    /// Stops taking output, so that the agent waits, until `resumeOutput`.
    func pauseOutput()
    func resumeOutput()
}

extension ProviderProcess {
    public var takesInput: Bool { true }
}

/// What a provider tells its session, in order; `ended` is the last.
@Loop
public protocol ProviderDelegate: AnyObject {
    func providerWrote(_ bytes: [UInt8])
    /// A structured event beyond terminal output: files, tests, approvals, alerts, differences.
    func providerReported(_ report: ProviderReport)
    func providerEnded(_ end: ProcessEnd)
}

/// What a provider knows of its own work (control-plane §7.2).
public enum ProviderReport: Sendable {
    case fileTouched(path: String, reason: FileTouch.Reason)
    case diff(DiffSummary)
    case testRunStarted(TestRunStart)
    case testRunFinished(TestRunFinish)
    case approvalRequested(ApprovalRequest)
    /// The agent got its answer elsewhere, in its own terminal for instance.
    case approvalResolved(ApprovalResolution)
    case alert(Alert)
    case commandRun
}

/// Starts agents of one kind.
@Loop
public protocol Provider: AnyObject {
    /// Starts the agent. `completion` comes exactly once, with a sentence for a person when it cannot be started.
    func start(
        _ config: SessionConfig, environment: [(String, String)], delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void)

    /// Whether its agents go on when the daemon ends. Then the next daemon asks to ``attach``.
    var outlivesDaemon: Bool { get }

    /// Takes up an agent that a daemon before this one started. `completion` as with `start`.
    func attach(
        _ config: SessionConfig, delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void)
}

extension Provider {
    public var outlivesDaemon: Bool { false }

    public func attach(
        _ config: SessionConfig, delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        completion(.failure(ProviderStartError(message: SessionLifecycle.Reason.runnerLost)))
    }
}

public struct ProviderStartError: Error, Equatable, Sendable {
    public var message: String

    public init(message: String) { self.message = message }
}
