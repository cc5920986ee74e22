/// When a connection in control mode is worth having.
///
/// A question through a process of its own costs 3.5 ms, through a connection 0.3 ms; the connection costs a process of
/// 3.6 MB as long as it lasts. So it is opened when questions follow each other, given up when they stop, and after a
/// failure tried again later and later.
struct ConnectionPolicy: Equatable, Sendable {
    struct Times: Equatable, Sendable {
        /// A second question within this time makes a connection worth while. All in milliseconds.
        var together: Int64 = 10_000
        /// Without a question for this long it is given up.
        var idle: Int64 = 60_000
        /// How old it may get: whether a session is fit is looked at before attaching, and people change their settings.
        var age: Int64 = 600_000
        /// The first and the longest pause after a failure; it doubles in between.
        var firstPause: Int64 = 1_000
        var longestPause: Int64 = 60_000
    }

    enum Action: Equatable, Sendable { case nothing, connect }
    enum WakeAction: Equatable, Sendable {
        case sleep(until: Int64)
        case giveUp
        case nothing
    }

    private enum Phase: Equatable {
        case apart(notBefore: Int64)
        case connecting
        case connected(since: Int64)
    }

    let times: Times
    private var phase = Phase.apart(notBefore: .min)
    private var lastQuestion: Int64?
    private var pause: Int64

    init(times: Times) {
        self.times = times
        pause = times.firstPause
    }

    /// A question was answered through a process.
    mutating func answered(at now: Int64) -> Action {
        let before = lastQuestion
        lastQuestion = now
        guard case .apart(let notBefore) = phase, notBefore <= now, let before, now - before <= times.together else {
            return .nothing
        }
        phase = .connecting
        return .connect
    }

    /// A question was put to the connection.
    mutating func asked(at now: Int64) { lastQuestion = now }

    mutating func connected(at now: Int64) { phase = .connected(since: now) }

    /// The connection ended, or could not be had, other than by our own will.
    mutating func failed(at now: Int64) {
        // One that held for a while was good: its end is the server's or the session's, and a new one may be.
        if case .connected(let since) = phase, now - since >= times.longestPause { pause = times.firstPause }
        phase = .apart(notBefore: now + pause)
        pause = min(pause * 2, times.longestPause)
    }

    /// The server is not fit for one: look again when that may have changed.
    mutating func unfit(at now: Int64) { phase = .apart(notBefore: now + times.longestPause) }

    /// Whether it is time to give up the connection. Only while nobody waits for an answer.
    mutating func wake(at now: Int64) -> WakeAction {
        guard case .connected(let since) = phase else { return .nothing }
        let end = min(max(since, lastQuestion ?? since) + times.idle, since + times.age)
        guard end <= now else { return .sleep(until: end) }
        phase = .apart(notBefore: now)
        return .giveUp
    }
}
