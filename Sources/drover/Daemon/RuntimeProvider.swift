import Fleet
import Reactor
import Running
import Supervision
import Wire

/// Gives sessions runtimes that outlive the daemon.
@Loop
final class RuntimeProvider: Provider {
    /// Set once, when the daemon is put together.
    var service: RuntimeService!

    let outlivesDaemon = true

    func start(
        _ config: SessionConfig, environment: [(String, String)], delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        service.launch(config, environment: environment) { Self.take($0, delegate, completion) }
    }

    func attach(
        _ config: SessionConfig, delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        service.attach(config.sessionID) { Self.take($0, delegate, completion) }
    }

    private static func take(
        _ result: Result<RuntimeProcess, RPCError>, _ delegate: any ProviderDelegate,
        _ completion: @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        switch result {
        case .failure(let error): completion(.failure(ProviderStartError(message: error.message)))
        case .success(let process):
            completion(.success(Agent(process)))
            process.begin(output: { delegate.providerWrote($0) }, end: { delegate.providerEnded($0) })
        }
    }

    /// A supervised runtime as a provider's process.
    @Loop
    private final class Agent: ProviderProcess {
        private let process: RuntimeProcess

        init(_ process: RuntimeProcess) { self.process = process }

        var processIdentity: Fleet.ProcessIdentity? { process.identity }
        /// tmux takes what it is given.
        var inputBacklog: Int { 0 }
        var takesInput: Bool { process.takesInput }
        func write(_ bytes: [UInt8]) { process.write(bytes) }
        /// The pane's size is the business of whoever looks at it in tmux.
        func resize(_ size: Fleet.TerminalSize) {}
        func signal(_ signal: Signal) { process.signal(signal) }
        func pauseOutput() { process.pauseOutput() }
        func resumeOutput() { process.resumeOutput() }
    }
}
