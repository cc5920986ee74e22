import Fleet
import Reactor

/// Runs sessions on this machine.
@Loop
public final class LocalRunner {
    /// Hears of everything that happens to sessions. Set before the first start.
    public weak var sink: (any SessionSink)?
    public let limits: SessionLifecycle.Limits
    public let maxSessions: Int
    public var environment: SessionEnvironment

    let recording: any SessionRecording
    let worker = Worker()
    private let providers: [ProviderID: any Provider]
    /// Starts what is to outlive the daemon: sessions with a target.
    private let supervised: (any Provider)?
    private var sessions: [SessionID: RunningSession] = [:]
    private var whenEmpty: (@Loop () -> Void)?

    public init(
        providers: [ProviderID: any Provider], supervised: (any Provider)? = nil, recording: any SessionRecording,
        environment: SessionEnvironment, limits: SessionLifecycle.Limits = SessionLifecycle.Limits(),
        maxSessions: Int = 200
    ) {
        self.providers = providers
        self.supervised = supervised
        self.recording = recording
        self.environment = environment
        self.limits = limits
        self.maxSessions = maxSessions
    }

    public var sessionCount: Int { sessions.count }

    public func canRun(_ provider: ProviderID) -> Bool { providers[provider] != nil }

    func forget(_ session: RunningSession) {
        sessions[session.config.sessionID] = nil
        if sessions.isEmpty {
            let callback = whenEmpty
            whenEmpty = nil
            callback?()
        }
    }

    /// Takes up the sessions of the daemon before this one whose agents still run.
    public func restore(_ views: [SessionView]) {
        for view in views {
            guard let supervised, sessions[view.id] == nil else { continue }
            let session = RunningSession(restoring: view, provider: supervised, runner: self)
            sessions[view.id] = session
            session.restore()
        }
    }

    /// Stops every session and calls back when all have ended. Those whose agents outlive the daemon are let go.
    ///
    /// - Parameter stoppingAll: Stop these too.
    public func drain(stoppingAll: Bool = false, then completion: @escaping @Loop () -> Void) {
        if !stoppingAll {
            for session in sessions.values where session.outlivesDaemon { session.detach() }
        }
        guard !sessions.isEmpty else {
            completion()
            return
        }
        whenEmpty = completion
        for session in sessions.values {
            do throws(RunnerError) {
                try session.ask { lifecycle throws(LifecycleError) in
                    try lifecycle.stop(graceful: true, at: WallClock.moment)
                }
            } catch {
                // It has ended already and is about to be forgotten.
            }
        }
    }

    private func session(_ id: SessionID) throws(RunnerError) -> RunningSession {
        guard let session = sessions[id] else { throw .sessionNotFound }
        return session
    }

    private func answer(_ completion: Completion, _ body: () throws(RunnerError) -> Void) {
        do throws(RunnerError) {
            try body()
            completion(.success(()))
        } catch {
            completion(.failure(error))
        }
    }
}

extension LocalRunner: @Loop SessionRunner {
    public func start(_ config: SessionConfig, completion: @escaping Completion) {
        answer(completion) { () throws(RunnerError) in
            let supervised = config.target == nil ? nil : supervised
            guard let provider = supervised ?? providers[config.providerID] else {
                throw .providerNotSupported(config.providerID)
            }
            guard sessions.count < maxSessions else { throw .noRunnerAvailable }
            let session = RunningSession(config, provider: provider, runner: self)
            sessions[config.sessionID] = session
            session.begin()
        }
    }

    public func input(_ bytes: [UInt8], to session: SessionID, completion: @escaping Completion) {
        answer(completion) { () throws(RunnerError) in try self.session(session).input(bytes) }
    }

    public func resize(_ session: SessionID, to size: TerminalSize, completion: @escaping Completion) {
        answer(completion) { () throws(RunnerError) in try self.session(session).resize(to: size) }
    }

    public func signal(_ session: SessionID, _ signal: Signal, completion: @escaping Completion) {
        answer(completion) { () throws(RunnerError) in try self.session(session).signal(signal) }
    }

    public func stop(_ session: SessionID, graceful: Bool, completion: @escaping Completion) {
        ask(session, completion) { lifecycle throws(LifecycleError) in
            try lifecycle.stop(graceful: graceful, at: WallClock.moment)
        }
    }

    public func pause(_ session: SessionID, completion: @escaping Completion) {
        ask(session, completion) { lifecycle throws(LifecycleError) in try lifecycle.pause(at: WallClock.moment) }
    }

    public func resume(_ session: SessionID, completion: @escaping Completion) {
        ask(session, completion) { lifecycle throws(LifecycleError) in try lifecycle.resume(at: WallClock.moment) }
    }

    public func resolveApproval(
        _ resolution: ApprovalResolution, of session: SessionID, completion: @escaping Completion
    ) {
        ask(session, completion) { lifecycle throws(LifecycleError) in
            try lifecycle.approvalResolved(resolution, at: WallClock.moment)
        }
    }

    private func ask(
        _ id: SessionID, _ completion: Completion,
        _ request: (inout SessionLifecycle) throws(LifecycleError) -> [SessionLifecycle.Action]
    ) {
        answer(completion) { () throws(RunnerError) in try session(id).ask(request) }
    }
}
