import Bytes

/// An Engine.IO 4 server without sockets and clocks of its own (control-plane §4.1).
///
/// It belongs to one isolation domain of its host and is synchronous. The host passes in what arrives, with the time,
/// and keeps one timer: after each turn it looks at `nextDeadline`, and calls `wake(at:)` when that has come. A timer
/// that fires early does no harm, so it need only be set again when the deadline has moved closer.
///
/// Two requests make a WebSocket session: `refusal(ofWebSocket:)` says whether to answer 101, `openWebSocket` starts
/// the session once the host has. Polling requests go to `handlePolling`.
public final class EngineServer {
    public let options: EngineOptions
    /// Who hears of sessions and messages. Held until `close()`.
    public var application: (any EngineApplication)?
    /// Where to read the time when the application wants something in between. A host that calls `advance(to:)` at
    /// the beginning of each turn of its loop needs none.
    public var clock: (() -> Instant)?

    private var latest = Instant(milliseconds: 0)

    private let random: () -> UInt64
    private(set) var isClosed = false
    private var sessions: ContiguousArray<EngineSession> = []
    /// Sessions that began with polling; the others are never asked for by id.
    var byID: [SocketID: EngineSession] = [:]

    let awaitingPing: DeadlineQueue
    let awaitingPong: DeadlineQueue
    let timers = DeadlineHeap()
    /// Deadlines of the application above.
    private var queues: [DeadlineQueue] = []

    // Read for every message.
    let maxBacklog: Int
    let volatileBacklog: Int
    let ping = EngineMessage(.ping)

    /// `random` gives unpredictable bits.
    public init(options: EngineOptions = EngineOptions(), random: @escaping () -> UInt64) {
        self.options = options
        self.random = random
        awaitingPing = DeadlineQueue(interval: options.pingInterval)
        awaitingPong = DeadlineQueue(interval: options.pingTimeout)
        maxBacklog = options.maxBacklog
        volatileBacklog = options.volatileBacklog
    }

    public var sessionCount: Int { sessions.count }
    /// All sessions that have not ended, in no order.
    public var openSessions: [EngineSession] { Array(sessions) }

    public func makeID() -> SocketID { SocketID(random: random(), random()) }

    // MARK: - Time

    /// The time, as far as the host has told.
    public var now: Instant {
        if let clock { advance(to: clock()) }
        return latest
    }

    /// Tells the time. Time that goes backwards is ignored.
    public func advance(to now: Instant) {
        if now > latest { latest = now }
    }

    /// When `wake` is to be called next, which may be at once; `nil` while nothing waits.
    public var nextDeadline: Instant? {
        var next = timers.nextDeadline
        func consider(_ deadline: Instant?) {
            if let deadline, next.map({ deadline < $0 }) ?? true { next = deadline }
        }
        consider(awaitingPong.nextDeadline)
        consider(awaitingPing.nextDeadline)
        for queue in queues { consider(queue.nextDeadline) }
        return next
    }

    /// Does what is due, and says when to come back.
    @discardableResult
    public func wake(at now: Instant) -> Instant? {
        advance(to: now)
        let now = latest
        awaitingPong.expire(at: now)
        awaitingPing.expire(at: now)
        for queue in queues { queue.expire(at: now) }
        timers.expire(at: now)
        return nextDeadline
    }

    func addQueue(interval: Duration) -> DeadlineQueue {
        let queue = DeadlineQueue(interval: interval)
        queues.append(queue)
        return queue
    }

    // MARK: - Sessions

    func open(_ request: EngineRequest, link: (any EngineLink)?) -> EngineSession {
        let session = EngineSession(
            id: makeID(), server: self,
            handshake: EngineHandshake(request, keeping: options.keptHeaders, at: now), link: link)
        session.index = sessions.count
        sessions.append(session)
        awaitingPing.add(session, at: now)
        session.send(openPacket(for: session))
        return session
    }

    private func openPacket(for session: EngineSession) -> EngineMessage {
        let canUpgrade =
            session.transport == .polling && options.allowUpgrades && options.transports.contains(.websocket)
        return EngineMessage(
            .open,
            JSON.object([
                "sid": .string(session.id.description),
                "upgrades": canUpgrade ? ["websocket"] : [],
                "pingInterval": .integer(options.pingInterval.wholeMilliseconds),
                "pingTimeout": .integer(options.pingTimeout.wholeMilliseconds),
                "maxPayload": .integer(options.maxPayload),
            ]).encoded())
    }

    func announce(_ session: EngineSession) {
        application?.opened(session)
        if !options.keepsHandshake { session.handshake = nil }
    }

    func forget(_ session: EngineSession) {
        let last = sessions.removeLast()
        if last !== session {
            sessions[session.index] = last
            last.index = session.index
        }
        byID[session.id] = nil
    }

    /// Closes every session as the server shuts down, lets go of the application, and refuses whoever comes later.
    public func close() {
        isClosed = true
        while let session = sessions.last { session.end(.serverShuttingDown, code: 1001) }
        application = nil
    }
}
