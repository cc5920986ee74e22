import Fleet
import Reactor

/// Runs any program in a PTY (`providerId: "command"`).
@Loop
public final class CommandProvider: Provider {
    public init() {}

    public func start(
        _ config: SessionConfig, environment: [(String, String)], delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        guard let command = config.command else {
            completion(.failure(ProviderStartError(message: "the session has no command to run")))
            return
        }
        let pending = PendingStart(delegate: delegate, completion: completion)
        PTYProcess.start(
            arguments: command.argv, environment: environment, workingDirectory: command.cwd,
            columns: UInt16(clamping: command.size.columns), rows: UInt16(clamping: command.size.rows)
        ) { result in pending.finish(result) }
    }
}

/// What waits for a start to succeed or fail.
@Loop
private final class PendingStart {
    private let delegate: any ProviderDelegate
    private let completion: @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void

    init(
        delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        self.delegate = delegate
        self.completion = completion
    }

    func finish(_ result: Result<PTYProcess, SpawnError>) {
        switch result {
        case .success(let process): completion(.success(CommandProcess(process, delegate: delegate)))
        case .failure(let error): completion(.failure(ProviderStartError(message: "\(error)")))
        }
    }
}

/// A program in a PTY as a provider's process.
@Loop
private final class CommandProcess: ProviderProcess, PTYProcessDelegate {
    private let process: PTYProcess
    private let delegate: any ProviderDelegate
    /// Keeps this object until the end has been told: the process holds its delegate weakly.
    private var whileRunning: CommandProcess?

    init(_ process: PTYProcess, delegate: any ProviderDelegate) {
        self.process = process
        self.delegate = delegate
        whileRunning = self
        process.delegate = self
    }

    var processIdentity: Fleet.ProcessIdentity? {
        let identity = process.identity
        return Fleet.ProcessIdentity(
            pid: Int(identity.pid), startTicks: Int(identity.startTicks), bootID: identity.bootID)
    }

    var inputBacklog: Int { process.inputBacklog }
    func write(_ bytes: [UInt8]) { process.write(bytes) }
    func resize(_ size: TerminalSize) {
        process.resize(columns: UInt16(clamping: size.columns), rows: UInt16(clamping: size.rows))
    }
    func signal(_ signal: Signal) { process.signal(signal.rawValue) }
    func pauseOutput() { process.pause() }
    func resumeOutput() { process.resume() }

    func process(_ process: PTYProcess, wrote bytes: UnsafeRawBufferPointer) {
        delegate.providerWrote(Array(bytes))
    }

    func process(_ process: PTYProcess, ended outcome: ProcessOutcome) {
        switch outcome {
        case .exited(let code): delegate.providerEnded(.code(Int(code)))
        case .signaled(let number): delegate.providerEnded(.signal(Signal(rawValue: number)))
        }
        whileRunning = nil
    }
}
