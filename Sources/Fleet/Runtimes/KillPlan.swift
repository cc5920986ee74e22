/// How one process is ended: a signal, a time of grace, and then SIGKILL (runtime-rpc §4.6).
///
/// A plain value: callers carry out the actions and look at the process when they are asked to.
public struct KillPlan: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        /// Send it to the runtime itself, not to its group, and only if it is still the same process.
        case send(Signal)
        /// Look again at this time and call ``poll(isGone:isTerminal:at:)``.
        case wake(at: MonotonicTime)
        /// Answer; nothing follows.
        case finish(killedAfterGrace: Bool)
    }

    private enum Phase: Equatable, Sendable {
        case ready
        case grace(until: MonotonicTime)
        /// SIGKILL was sent or the process is gone: what is left is for the row to become terminal (D-07).
        case settling(until: MonotonicTime)
        case finished
    }

    /// Time between two looks.
    public static let interval: Duration = .milliseconds(25)
    /// How long the terminal row, or the end after SIGKILL, is waited for in addition to the grace (D-07).
    public static let patience: Duration = .milliseconds(500)
    /// The longest grace, in seconds (D-08).
    public static let longestGrace: UInt64 = 3600

    private let signal: Signal
    private let grace: Duration
    /// Whether a session's row is waited for; a bare pid has none.
    private let hasRow: Bool
    private var phase = Phase.ready
    private var killedAfterGrace = false

    /// `hasRow` is false for `kill_by_pid`, whose end is that the pid is gone.
    public init(signal: Signal, graceSeconds: UInt64, hasRow: Bool) {
        self.signal = signal
        grace = .seconds(Int64(min(graceSeconds, Self.longestGrace)))
        self.hasRow = hasRow
    }

    /// Begins. Without grace the first look is due at once.
    public mutating func start(at now: MonotonicTime) -> [Action] {
        precondition(phase == .ready, "a plan is carried out once")
        phase = .grace(until: now + grace)
        return [.send(signal), .wake(at: now + min(Self.interval, grace))]
    }

    /// Tells what a look found: whether the process is gone, and whether the session's row is terminal.
    public mutating func poll(isGone: Bool, isTerminal: Bool = false, at now: MonotonicTime) -> [Action] {
        switch phase {
        case .ready: preconditionFailure("a plan is started before it is polled")
        case .finished: return []
        case .grace(let end):
            if isTerminal || (isGone && !hasRow) { return finish() }
            if isGone { return settle(from: now) }
            if now < end { return [.wake(at: min(now + Self.interval, end))] }
            guard signal != .kill else { return settle(from: now) }
            killedAfterGrace = true
            return [.send(.kill)] + settle(from: now)
        case .settling(let end):
            if isTerminal || (isGone && !hasRow) || now >= end { return finish() }
            return [.wake(at: min(now + Self.interval, end))]
        }
    }

    private mutating func settle(from now: MonotonicTime) -> [Action] {
        phase = .settling(until: now + Self.patience)
        return [.wake(at: now + Self.interval)]
    }

    private mutating func finish() -> [Action] {
        phase = .finished
        return [.finish(killedAfterGrace: killedAfterGrace)]
    }
}
