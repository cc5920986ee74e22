import Glibc

/// How long a tool may go on: until a time, or until nobody waits for it any more.
struct Deadline {
    private let end: ContinuousClock.Instant
    private let isCancelled: @Sendable () -> Bool

    /// Tools that look through files get ten seconds (chat-runtime §5.8).
    init(_ isCancelled: @escaping @Sendable () -> Bool, within limit: Duration = .seconds(10)) {
        self.isCancelled = isCancelled
        end = .now + limit
    }

    var hasPassed: Bool { ContinuousClock.now >= end }

    func throwIfCancelled() throws(ToolFailure) {
        if isCancelled() { throw ToolFailure("cancelled") }
    }
}
