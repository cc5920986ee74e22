/// Why a runner refused what it was asked to do. Each case is one error code of control-plane §3.2.
public enum RunnerError: Error, Equatable, Sendable {
    case sessionNotFound
    case approvalNotFound
    case invalidState(SessionState)
    /// The other decision was recorded already.
    case approvalConflict(recorded: Decision)
    /// As many sessions run as may.
    case sessionLimitExceeded(limit: Int)
    case noRunnerAvailable
    case providerNotSupported(ProviderID)
    /// The input of the session is full: it reads slower than it is written to.
    case inputFull
    /// It runs without a terminal: nothing can be typed into it.
    case inputNotTaken
    /// It waits for a person's answer, and another agent may not give it.
    case inputIsForPeople
    case journal(JournalError)
    case `internal`(String)
}

/// What the hub asks of whoever runs sessions. A runner on this machine and one at the other end of a socket are alike.
///
/// Isolation-neutral like ``Journal``. Every request is answered once; success means that it was carried out and that
/// the events it led to are durable.
public protocol SessionRunner: AnyObject {
    typealias Completion = (Result<Void, RunnerError>) -> Void

    /// Admits a session. Everything after that, failures too, is reported through ``SessionSink``.
    func start(_ config: SessionConfig, completion: @escaping Completion)

    /// Writes bytes to the terminal, after all that was written before.
    func input(_ bytes: [UInt8], to session: SessionID, completion: @escaping Completion)

    func resize(_ session: SessionID, to size: TerminalSize, completion: @escaping Completion)

    /// Ends a session; not gracefully means SIGKILL at once (§3.2). Fine on one that is stopping already.
    func stop(_ session: SessionID, graceful: Bool, completion: @escaping Completion)

    func pause(_ session: SessionID, completion: @escaping Completion)

    func resume(_ session: SessionID, completion: @escaping Completion)

    /// Signals the process group of a session.
    func signal(_ session: SessionID, _ signal: Signal, completion: @escaping Completion)

    func resolveApproval(_ resolution: ApprovalResolution, of session: SessionID, completion: @escaping Completion)
}

/// What a runner tells the hub, in the order in which it happened.
public protocol SessionSink: AnyObject {
    /// Takes a numbered event of a session: everything but terminal chunks is journaled, then all are shown in order.
    func publish(_ event: RunnerEvent)

    /// Takes one of our own facts, which have no number: `PROCESS_SPAWNED`, `TERMINAL_RESIZED`, `PROCESS_EXITED`.
    func note(_ body: JournalEvent.Body, of session: SessionID, at time: Timestamp)
}
