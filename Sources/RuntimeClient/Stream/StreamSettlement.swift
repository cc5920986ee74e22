/// Decides when a stream over a bridge is over (§6.5), where its events and the answer of its call travel apart.
///
/// A plain value: it is told what came, and says whether that was the end.
public struct StreamSettlement: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        case wait
        /// Wait, and say so when that moment has come.
        case waitUntil(ContinuousClock.Instant)
        /// It is over; with an error it has failed.
        case settle(RuntimeClientError?)
    }

    /// How long events may come late after the call has returned.
    public static let grace = Duration.milliseconds(250)

    private let grace: Duration
    private var deadline: ContinuousClock.Instant?
    private var isSettled = false

    public init(grace: Duration = StreamSettlement.grace) {
        self.grace = grace
    }

    /// An event came.
    public mutating func received(_ event: ChatEvent) -> Action {
        event.isTerminal ? settle(nil) : waiting
    }

    /// What came is no event.
    public mutating func received(_ violation: ChatStreamViolation) -> Action {
        settle(RuntimeClientError(violation))
    }

    /// The call returned; its events may still be under way.
    public mutating func returned(at now: ContinuousClock.Instant) -> Action {
        guard !isSettled else { return .wait }
        if deadline == nil { deadline = now + grace }
        return waiting
    }

    /// The call was rejected.
    public mutating func rejected(_ error: RuntimeClientError) -> Action {
        settle(error)
    }

    /// Time has passed.
    public mutating func wake(at now: ContinuousClock.Instant) -> Action {
        guard let deadline, now >= deadline else { return waiting }
        return settle(RuntimeClientError(ChatStreamViolation.truncated))
    }

    private var waiting: Action {
        guard !isSettled, let deadline else { return .wait }
        return .waitUntil(deadline)
    }

    /// The first end counts.
    private mutating func settle(_ error: RuntimeClientError?) -> Action {
        guard !isSettled else { return .wait }
        isSettled = true
        return .settle(error)
    }
}
