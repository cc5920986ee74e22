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
    /// The latest time the host has told.
    public private(set) var now = Instant(milliseconds: 0)

    private let random: () -> UInt64
    private var sessions: ContiguousArray<EngineSession> = []
    /// Sessions that began with polling; the others are never asked for by id.
    private var byID: [SocketID: EngineSession] = [:]

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

    public func makeID() -> SocketID { SocketID(random: random(), random()) }

    // MARK: - Time

    /// Tells the time. To be called when a turn of the host's loop begins, so that what the application sets then is
    /// counted from there; time that goes backwards is ignored.
    public func advance(to now: Instant) {
        if now > self.now { self.now = now }
    }

    /// When `wake` is to be called next; `nil` while nothing waits.
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
        awaitingPong.expire(at: self.now)
        awaitingPing.expire(at: self.now)
        for queue in queues { queue.expire(at: self.now) }
        timers.expire(at: self.now)
        return nextDeadline
    }

    func addQueue(interval: Duration) -> DeadlineQueue {
        let queue = DeadlineQueue(interval: interval)
        queues.append(queue)
        return queue
    }

    // MARK: - Sessions

    private func open(_ request: EngineRequest, link: (any EngineLink)?) -> EngineSession {
        let session = EngineSession(
            id: makeID(), server: self, handshake: EngineHandshake(request, at: now), link: link)
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

    private func announce(_ session: EngineSession) {
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

    /// Closes every session as the server shuts down, and lets go of the application.
    public func close() {
        while let session = sessions.last { session.end(.serverShuttingDown, code: 1001) }
        application = nil
    }
}

// MARK: - Requests

extension EngineServer {
    private func verify(_ request: EngineRequest, upgrades: Bool) throws(EngineRefusal) -> EngineSession? {
        guard let name = request.query("transport"), let transport = EngineTransport(rawValue: name),
            options.transports.contains(transport)
        else { throw .unknownTransport }
        if let origin = request.header("origin"), let allowsOrigin = options.allowsOrigin, !allowsOrigin(origin) {
            throw .originNotAllowed
        }
        if upgrades, transport != .websocket { throw .badRequest }
        if let sid = request.query("sid"), !sid.isEmpty {
            guard let id = SocketID(sid), let session = byID[id] else { throw .unknownSession }
            if upgrades {
                guard options.allowUpgrades else { throw .badRequest }
            } else {
                guard session.transport == transport else { throw .badRequest }
            }
            return session
        }
        guard request.method == "GET" else { throw .badHandshakeMethod }
        guard transport == .polling || upgrades else { throw .badRequest }
        guard request.query("EIO") == "4" else { throw .unsupportedProtocolVersion }
        return nil
    }

    /// Answers a request that is not a WebSocket upgrade, now or later. The body has arrived whole.
    ///
    /// `respond` is called once at most and must not call back into the server. When the answer is still out as this
    /// returns, the result lets the host say that the client's connection went away.
    public func handlePolling(
        _ request: EngineRequest, at now: Instant, respond: @escaping (EngineResponse) -> Void
    ) -> EnginePoll? {
        advance(to: now)
        if request.method == "POST" {
            beginPost(request, at: now, respond: respond)?.received(request.body, at: now)
            return nil
        }
        let respond = withCORS(request, respond)
        if request.method == "OPTIONS", options.allowsOrigin != nil {
            respond(preflightResponse(request))
            return nil
        }
        do throws(EngineRefusal) {
            if let session = try verify(request, upgrades: false) {
                guard request.method == "GET" else { throw .badRequest }
                return session.poll(respond)
            }
        } catch {
            respond(error.response)
            return nil
        }
        let session = open(request, link: nil)
        byID[session.id] = session
        _ = session.poll(respond)
        announce(session)
        return nil
    }

    /// Takes the head of a POST whose body is still on its way, so that two at a time are noticed. `nil` when it has
    /// been answered already.
    public func beginPost(
        _ request: EngineRequest, at now: Instant, respond: @escaping (EngineResponse) -> Void
    ) -> EnginePost? {
        advance(to: now)
        let respond = withCORS(request, respond)
        do throws(EngineRefusal) {
            guard let session = try verify(request, upgrades: false) else { throw .badRequest }
            return session.beginPost(request, respond)
        } catch {
            respond(error.response)
            return nil
        }
    }

    /// Why a WebSocket upgrade is refused, with the answer to give; `nil` when the host may answer 101.
    public func refusal(ofWebSocket request: EngineRequest) -> EngineRefusal? {
        do throws(EngineRefusal) {
            _ = try verify(request, upgrades: true)
            return nil
        } catch {
            return error
        }
    }

    /// Starts a session, or the upgrade of one, over a connection that has been answered with 101.
    public func openWebSocket(_ request: EngineRequest, link: any EngineLink, at now: Instant) -> EngineWebSocket {
        advance(to: now)
        do throws(EngineRefusal) {
            if let session = try verify(request, upgrades: true) {
                session.beginUpgrade(to: link)
                return EngineWebSocket(session: session, link: ObjectIdentifier(link))
            }
        } catch {
            link.close(code: 1002, reason: error.message)
            return EngineWebSocket(session: nil, link: ObjectIdentifier(link))
        }
        let session = open(request, link: link)
        announce(session)
        return EngineWebSocket(session: session, link: ObjectIdentifier(link))
    }

    // MARK: - Cross-origin requests

    private func withCORS(
        _ request: EngineRequest, _ respond: @escaping (EngineResponse) -> Void
    ) -> (EngineResponse) -> Void {
        guard let origin = request.header("origin"), options.allowsOrigin?(origin) == true else { return respond }
        return { response in
            var response = response
            response.headers += [
                ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"),
                ("Vary", "Origin"),
            ]
            respond(response)
        }
    }

    private func preflightResponse(_ request: EngineRequest) -> EngineResponse {
        var response = EngineResponse(status: 204)
        response.headers = [("Access-Control-Allow-Methods", "GET,POST")]
        if let headers = request.header("access-control-request-headers") {
            response.headers.append(("Access-Control-Allow-Headers", headers))
        }
        return response
    }
}

/// What a WebSocket connection hands its messages to. The host drops it when the connection is gone.
public struct EngineWebSocket {
    private let session: EngineSession?
    private let link: ObjectIdentifier

    init(session: EngineSession?, link: ObjectIdentifier) {
        self.session = session
        self.link = link
    }

    /// A whole text message, checked to be UTF-8.
    public func received(text: [UInt8], at now: Instant) {
        session?.server.advance(to: now)
        session?.received(text: text, from: link)
    }

    public func received(binary: [UInt8], at now: Instant) {
        session?.server.advance(to: now)
        session?.received(binary: binary, from: link)
    }

    /// The connection has ended: by a close frame or the end of the stream, or by an error (a reset, a breach of the
    /// WebSocket protocol).
    public func linkClosed(error: Bool = false, at now: Instant) {
        session?.server.advance(to: now)
        session?.linkClosed(link, error ? .transportError : .transportClose)
    }
}
