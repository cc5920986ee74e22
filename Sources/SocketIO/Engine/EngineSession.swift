import Bytes

/// One client's connection to an `EngineServer`, whatever carries it.
///
/// Made by the server when a handshake succeeds. A session that is connected and idle owns nothing but itself.
public final class EngineSession: QueuedDeadline {
    enum State {
        case open
        /// Closed by us; a polling client has yet to fetch the close packet.
        case closing
        /// Its peer does not read. Sends nothing more, and ends at the next `wake`.
        case overflowed
        case closed
    }

    public let id: SocketID
    /// Broken when the session closes, like every other way from the server to its sessions.
    public let server: EngineServer
    /// What the request that opened the session said; `nil` later if the options do not keep it.
    public internal(set) var handshake: EngineHandshake?
    /// The application's own object for this session, released when the session has closed.
    public var context: AnyObject?

    private(set) var state = State.open
    private var isAwaitingPong = false
    var link: (any EngineLink)?
    var polling: PollingTransport?
    var upgrade: EngineUpgrade?
    private var timer: SessionTimer?
    /// Where it stands in the server's list.
    var index = 0

    init(id: SocketID, server: EngineServer, handshake: EngineHandshake, link: (any EngineLink)?) {
        self.id = id
        self.server = server
        self.handshake = handshake
        self.link = link
        polling = link == nil ? PollingTransport() : nil
        super.init()
    }

    public var transport: EngineTransport { link == nil ? .polling : .websocket }
    public var isOpen: Bool { state == .open }

    /// Whether a volatile message would go out now: a poll waits, or the connection is not backed up.
    public var isWritable: Bool {
        guard state == .open else { return false }
        if let link { return link.backlog <= server.volatileBacklog }
        return polling?.isWaiting ?? false
    }

    // MARK: - Sending

    /// Sends a message of text, which must be UTF-8.
    public func send(text: some Collection<UInt8>) {
        send(EngineMessage(.message, text))
    }

    public func send(binary: [UInt8]) {
        send(EngineMessage(binary: binary))
    }

    /// Sends what is encoded already. Messages to a session that is not open are dropped.
    public func send(_ message: EngineMessage) {
        guard state == .open else { return }
        if let link {
            guard link.backlog <= server.maxBacklog else { return overflow() }
            link.send(message.frames)
        } else if let polling {
            guard polling.bufferedBytes <= server.maxBacklog else { return overflow() }
            polling.send(message)
        }
    }

    /// Ends the session at the next `wake` rather than now: whoever is sending may be walking through a room.
    private func overflow() {
        state = .overflowed
        setTimer(.overflow, deadline: server.now)
    }

    // MARK: - Closing

    /// Closes the session after what was sent before. The application hears of it as "forced close".
    public func close() {
        guard state == .open else { return }
        if link == nil, let polling, !polling.isWaiting {
            state = .closing
            dequeue()
            setTimer(.close, deadline: server.now + server.options.closeTimeout)
        } else {
            end(.forcedClose)
        }
    }

    /// Ends the session. A poll that waits is answered with `released`.
    func end(_ reason: CloseReason, code: UInt16 = 1000, releasing released: EnginePacketType = .close) {
        guard state != .closed else { return }
        state = .closed
        dequeue()
        setTimer(nil)
        abandonUpgrade()
        server.forget(self)
        polling?.release(with: released)
        polling = nil
        let link = link
        self.link = nil
        link?.close(code: code, reason: reason.rawValue)
        server.application?.closed(self, reason: reason)
        context = nil
    }

    // MARK: - Time

    /// Sends the ping that is due, or ends the session whose pong is.
    override func expire(at now: Instant) {
        if isAwaitingPong { return end(.pingTimeout) }
        isAwaitingPong = true
        server.awaitingPong.add(self, at: now)
        send(server.ping)
    }

    private func ponged() {
        isAwaitingPong = false
        server.awaitingPing.add(self, at: server.now)
    }

    private func setTimer(_ purpose: SessionTimer.Purpose?, deadline: Instant = Instant(milliseconds: 0)) {
        if let timer { server.timers.remove(timer) }
        timer = purpose.map { SessionTimer(session: self, purpose: $0) }
        if let timer { server.timers.add(timer, deadline: deadline) }
    }

    fileprivate func timerExpired(_ purpose: SessionTimer.Purpose) {
        switch purpose {
        case .overflow: end(.transportError, code: 1013)
        case .close: end(.forcedClose)
        }
    }
}

/// The rare deadlines of a session.
private final class SessionTimer: HeapedDeadline {
    enum Purpose {
        case overflow
        case close
    }

    let session: EngineSession
    let purpose: Purpose

    init(session: EngineSession, purpose: Purpose) {
        self.session = session
        self.purpose = purpose
    }

    override func expire(at now: Instant) {
        session.timerExpired(purpose)
    }
}

// MARK: - Receiving

extension EngineSession {
    func received(_ type: EnginePacketType, _ data: ArraySlice<UInt8>) {
        switch type {
        case .message: server.application?.received(text: data, on: self)
        case .pong: ponged()
        case .close: end(.transportClose, releasing: .noop)
        // Pings go from the server to the client since Engine.IO 4.
        case .ping: end(.transportError)
        case .open, .upgrade, .noop: break
        }
    }

    func received(text: [UInt8], from linkID: ObjectIdentifier) {
        if let link, ObjectIdentifier(link) == linkID {
            guard state == .open else { return }
            guard let first = text.first, let type = EnginePacketType(rawValue: first) else { return end(.parseError) }
            received(type, text[1...])
        } else if let upgrade, ObjectIdentifier(upgrade.link) == linkID {
            receivedProbe(text, upgrade)
        }
    }

    func received(binary: [UInt8], from linkID: ObjectIdentifier) {
        if let link, ObjectIdentifier(link) == linkID {
            guard state == .open else { return }
            server.application?.received(binary: binary, on: self)
        } else if let upgrade, ObjectIdentifier(upgrade.link) == linkID {
            abandonUpgrade()
        }
    }

    func linkClosed(_ linkID: ObjectIdentifier, _ reason: CloseReason) {
        if let link, ObjectIdentifier(link) == linkID {
            self.link = nil
            end(reason)
        } else if let upgrade, ObjectIdentifier(upgrade.link) == linkID {
            abandonUpgrade()
        }
    }
}
