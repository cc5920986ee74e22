/// Which turns run, and which wait: one of a session at a time, in order of arrival, and a number of them over all
/// (chat-runtime §2.8). A plain value.
public struct TurnQueue: Sendable {
    public typealias Turn = UInt64

    public enum Entrance: Equatable, Sendable {
        case begins
        case waits
        /// Too many wait already.
        case full
    }

    /// Turns that run at a time.
    public let runningLimit: Int
    /// Turns of one session that wait.
    public let sessionLimit: Int
    /// Turns that wait over all.
    public let waitingLimit: Int

    /// The session of each turn that runs.
    private var running: [Turn: String] = [:]
    private var busy: Set<String> = []
    /// In order of arrival.
    private var waiting: [(turn: Turn, session: String)] = []

    public init(runningLimit: Int = 64, sessionLimit: Int = 8, waitingLimit: Int = 512) {
        self.runningLimit = runningLimit
        self.sessionLimit = sessionLimit
        self.waitingLimit = waitingLimit
    }

    public var runningCount: Int { running.count }
    public var waitingCount: Int { waiting.count }

    public func waitingCount(of session: String) -> Int {
        waiting.isEmpty ? 0 : waiting.count { $0.session == session }
    }

    public mutating func enter(_ turn: Turn, session: String) -> Entrance {
        if running.count < runningLimit, !busy.contains(session) {
            start(turn, session)
            return .begins
        }
        guard waiting.count < waitingLimit, waitingCount(of: session) < sessionLimit else { return .full }
        waiting.append((turn, session))
        return .waits
    }

    /// A turn has ended, whether it ran or not. Gives those that begin now.
    public mutating func leave(_ turn: Turn) -> [Turn] {
        if let session = running.removeValue(forKey: turn) {
            busy.remove(session)
        } else if let index = waiting.firstIndex(where: { $0.turn == turn }) {
            waiting.remove(at: index)
        }
        var begun: [Turn] = []
        while running.count < runningLimit, let index = waiting.firstIndex(where: { !busy.contains($0.session) }) {
            let next = waiting.remove(at: index)
            start(next.turn, next.session)
            begun.append(next.turn)
        }
        return begun
    }

    private mutating func start(_ turn: Turn, _ session: String) {
        running[turn] = session
        busy.insert(session)
    }
}
