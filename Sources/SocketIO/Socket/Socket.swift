import Bytes

/// A client's presence in a namespace.
///
/// What most sockets never have (handlers of their own, acknowledgements that are awaited) lives aside and is made
/// when it is needed, so that an idle socket stays small.
public final class Socket {
    /// Of the socket, not of its session, whose id nobody else may know.
    public private(set) var id: SocketID
    public let namespace: Namespace
    /// The connection that carries it, with the handshake request.
    public let session: EngineSession
    /// The application's own object; survives recovery.
    public var data: AnyObject?
    public private(set) var isConnected = false
    /// Whether it took up the state of an earlier connection.
    public private(set) var isRecovered = false

    private(set) var privateID: SocketID?
    private var authText: [UInt8]
    private var extras: SocketExtras?

    // Kept by the adapter and the namespace.
    var memberships: [Membership] = []
    var mark: UInt64 = 0
    var index = 0

    private final class SocketExtras {
        var handlers: [String: [EventHandler]] = [:]
        var acknowledgements: [UInt64: PendingAcknowledgement] = [:]
    }

    init(namespace: Namespace, session: EngineSession, auth: ArraySlice<UInt8>) {
        id = session.server.makeID()
        self.namespace = namespace
        self.session = session
        authText = Array(auth)
        if namespace.adapter.recovers { privateID = session.server.makeID() }
    }

    // MARK: - Looking

    /// What the client sent along with its CONNECT; for middleware and connection handlers, released after them.
    public var auth: JSON { (try? JSON(parsing: authText)) ?? [:] }

    /// What the request that opened the connection said.
    public var handshake: EngineHandshake? { session.handshake }

    /// The rooms it is in. Its own id, which is always one, comes first.
    public var rooms: [String] { [id.description] + memberships.map(\.room.name) }

    public func isIn(_ room: String) -> Bool { memberships.contains { $0.room.name == room } }

    // MARK: - Rooms

    public func join(_ rooms: String...) { join(rooms) }

    public func join(_ rooms: [String]) {
        guard isConnected else { return }
        namespace.adapter.join(self, rooms)
    }

    public func leave(_ room: String) {
        namespace.adapter.leave(self, room)
    }

    // MARK: - Sending

    public func emit(_ name: String, _ arguments: SocketArguments = .none, isVolatile: Bool = false) {
        guard isConnected else { return }
        namespace.adapter.send(OutgoingEvent(name: name, arguments: arguments), to: self, isVolatile: isVolatile)
    }

    /// Emits an event that the client shall acknowledge. Without a `timeout`, `completion` may never be called while
    /// the socket is connected.
    public func emit(
        _ name: String, _ arguments: SocketArguments = .none, timeout: Duration?,
        acknowledged completion: @escaping (Result<SocketArguments, AcknowledgementError>) -> Void
    ) {
        guard isConnected else { return completion(.failure(.disconnected)) }
        let id = namespace.nextAcknowledgementID()
        let pending = SocketAcknowledgement(socket: self, id: id, completion)
        awaitAcknowledgement(id, pending)
        if let timeout { session.server.timers.add(pending, deadline: session.server.now + timeout) }
        namespace.adapter.send(OutgoingEvent(name: name, arguments: arguments, id: id), to: self, isVolatile: false)
    }

    /// Everybody in the namespace but this socket.
    public var broadcast: Broadcast { Broadcast(namespace).except(id.description) }

    /// Everybody in a room but this socket.
    public func to(_ rooms: String...) -> Broadcast { broadcast.to(rooms) }

    // MARK: - Receiving

    /// Handles an event for this socket only. Handlers on the namespace are cheaper when they are the same for all.
    public func on(_ name: String, _ handler: @escaping EventHandler) {
        madeExtras().handlers[name, default: []].append(handler)
    }

    func received(_ name: String, _ arguments: SocketArguments, id: UInt64?) {
        let event = SocketEvent(
            socket: self, name: name, arguments: arguments,
            acknowledge: id.map { Acknowledgement(socket: self, id: $0) })
        namespace.dispatch(event, extras?.handlers[name] ?? [])
    }

    func acknowledged(_ arguments: SocketArguments, id: UInt64) {
        takeAcknowledgement(id)?.answered(arguments, by: self)
    }

    // MARK: - Acknowledgements

    func awaitAcknowledgement(_ id: UInt64, _ pending: PendingAcknowledgement) {
        madeExtras().acknowledgements[id] = pending
    }

    func forgetAcknowledgement(_ id: UInt64) {
        _ = takeAcknowledgement(id)
    }

    private func takeAcknowledgement(_ id: UInt64) -> PendingAcknowledgement? {
        guard let extras, let pending = extras.acknowledgements.removeValue(forKey: id) else { return nil }
        if extras.acknowledgements.isEmpty {
            if extras.handlers.isEmpty { self.extras = nil } else { extras.acknowledgements = [:] }
        }
        return pending
    }

    private func madeExtras() -> SocketExtras {
        if let extras { return extras }
        let made = SocketExtras()
        extras = made
        return made
    }

    // MARK: - Life

    /// Takes the place of an earlier socket, until it turns out that it cannot.
    func adopt(_ recovery: RecoverySession) {
        id = recovery.id
        privateID = recovery.privateID
        data = recovery.data
        isRecovered = true
    }

    /// Becomes a new socket after all, without what the earlier one had; what middleware set instead stays.
    func abandonRecovery(of recovery: RecoverySession) {
        if data === recovery.data { data = nil }
        id = session.server.makeID()
        privateID = session.server.makeID()
        isRecovered = false
    }

    func connected() {
        isConnected = true
    }

    func releaseAuth() {
        authText = []
    }

    /// Leaves the namespace; with `close`, the connection and all other namespaces too.
    public func disconnect(close: Bool = false) {
        guard isConnected else { return }
        let connection = session.context as? SocketConnection
        if close {
            connection?.disconnectAll()
        } else {
            session.send(SocketPacketWriter.packet(.disconnect, namespace: namespace.name))
            connection?.remove(self)
            closed(.serverNamespaceDisconnect)
        }
    }

    /// The socket has ended, for whatever reason; its connection does not know it any more.
    func closed(_ reason: CloseReason) {
        guard isConnected else { return }
        namespace.disconnecting(self, reason)
        if let privateID, reason.isRecoverable, namespace.adapter.recovers {
            namespace.adapter.persist(
                RecoverySession(id: id, privateID: privateID, rooms: rooms, data: data))
        }
        isConnected = false
        namespace.remove(self)
        namespace.adapter.leaveAll(self)
        let acknowledgements = extras?.acknowledgements ?? [:]
        extras = nil
        for pending in acknowledgements.values { pending.abandoned(by: self) }
        namespace.disconnected(self, reason)
    }
}
