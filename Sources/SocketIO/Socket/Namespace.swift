import Bytes

/// A part of the server that clients connect to by name, with sockets, rooms and handlers of its own.
public final class Namespace {
    public let name: String
    public unowned let server: SocketServer
    public private(set) lazy var adapter: any Adapter = server.makeAdapter(for: self)

    // MARK: Handlers

    /// Called when a socket has connected, or has come back.
    public var onConnection: ((Socket) -> Void)?
    /// Called while the socket still is in its rooms.
    public var onDisconnecting: ((Socket, CloseReason) -> Void)?
    public var onDisconnect: ((Socket, CloseReason) -> Void)?
    /// Called when a handler has thrown.
    public var onFailure: ((SocketEvent, HandlerFailure) -> Void)?
    /// Asked before any handler; `false` drops the event. The place for limits.
    public var admit: ((SocketEvent) -> Bool)?
    /// Asked before a recovered socket gets its rooms and what it missed, after the middleware: gives those of the
    /// rooms it had joined that it may still have, or `nil` to let it connect as a new one (control-plane §4.10).
    public var verifyRecovery: ((Socket, _ rooms: [String]) -> [String]?)?

    private var middleware: [Middleware] = []
    private var handlers: [String: [EventHandler]] = [:]
    private var anyHandlers: [EventHandler] = []
    private var serverHandlers: [String: [(SocketArguments, ((SocketArguments) -> Void)?) -> Void]] = [:]

    // MARK: Sockets

    private(set) var sockets: ContiguousArray<Socket> = []
    private var byID: [SocketID: Socket] = [:]
    private var lastAcknowledgementID: UInt64 = 0

    init(name: String, server: SocketServer) {
        self.name = name
        self.server = server
    }

    // MARK: - Set-up

    /// Adds a check that sockets pass before they are connected, in the order of adding; also when they come back.
    public func use(_ middleware: @escaping Middleware) {
        self.middleware.append(middleware)
    }

    /// Handles an event of every socket. Handlers of one name are called in the order of adding.
    public func on(_ name: String, _ handler: @escaping EventHandler) {
        handlers[name, default: []].append(handler)
    }

    /// Handles every event, before those that know its name.
    public func onAny(_ handler: @escaping EventHandler) {
        anyHandlers.append(handler)
    }

    /// Handles what another server emits with `serverSideEmit`.
    public func onServerSide(
        _ name: String, _ handler: @escaping (SocketArguments, _ acknowledge: ((SocketArguments) -> Void)?) -> Void
    ) {
        serverHandlers[name, default: []].append(handler)
    }

    // MARK: - Sockets

    public var socketCount: Int { sockets.count }
    public var isEmpty: Bool { sockets.isEmpty }
    public func socket(_ id: SocketID) -> Socket? { byID[id] }

    /// The socket whose room of its own has that name.
    func socket(named name: String) -> Socket? {
        guard name.utf8.count == 20, let id = SocketID(name) else { return nil }
        return byID[id]
    }

    // MARK: - Sending

    public func emit(_ name: String, _ arguments: SocketArguments = .none) {
        Broadcast(self).emit(name, arguments)
    }

    public func to(_ rooms: String...) -> Broadcast { Broadcast(self).to(rooms) }
    public func to(_ rooms: [String]) -> Broadcast { Broadcast(self).to(rooms) }
    public func except(_ rooms: String...) -> Broadcast { Broadcast(self).except(rooms) }
    /// Everybody.
    public var everyone: Broadcast { Broadcast(self) }

    /// Sends an event to the other servers behind the adapter.
    public func serverSideEmit(
        _ name: String, _ arguments: SocketArguments = .none,
        acknowledged completion: ((Result<[SocketArguments], AcknowledgementError>) -> Void)? = nil
    ) {
        adapter.serverSideEmit(OutgoingEvent(name: name, arguments: arguments), completion)
    }

    /// Hands in an event from another server; for adapters.
    public func receivedServerSide(
        _ name: String, _ arguments: SocketArguments, acknowledge: ((SocketArguments) -> Void)? = nil
    ) {
        for handler in serverHandlers[name] ?? [] { handler(arguments, acknowledge) }
    }

    /// An id that no other event of this namespace is acknowledged under; for adapters too.
    public func nextAcknowledgementID() -> UInt64 {
        defer { lastAcknowledgementID += 1 }
        return lastAcknowledgementID
    }
}

// MARK: - Sockets come and go

extension Namespace {
    /// Asks all middleware in turn. `completion` is called once.
    func check(_ socket: Socket, from index: Int = 0, _ completion: @escaping (ConnectRefusal?) -> Void) {
        guard index < middleware.count else { return completion(nil) }
        var isAnswered = false
        middleware[index](socket) { refusal in
            guard !isAnswered else { return }
            isAnswered = true
            if let refusal { return completion(refusal) }
            self.check(socket, from: index + 1, completion)
        }
    }

    func add(_ socket: Socket) {
        socket.index = sockets.count
        sockets.append(socket)
        byID[socket.id] = socket
        socket.connected()
    }

    func remove(_ socket: Socket) {
        let last = sockets.removeLast()
        if last !== socket {
            sockets[socket.index] = last
            last.index = socket.index
        }
        byID[socket.id] = nil
    }

    func announce(_ socket: Socket) {
        server.observer?.connected(socket)
        onConnection?(socket)
        socket.releaseAuth()
    }

    func disconnecting(_ socket: Socket, _ reason: CloseReason) {
        onDisconnecting?(socket, reason)
    }

    func disconnected(_ socket: Socket, _ reason: CloseReason) {
        server.observer?.disconnected(socket, reason: reason)
        onDisconnect?(socket, reason)
    }

    func dispatch(_ event: SocketEvent, _ own: [EventHandler]) {
        server.observer?.received(event)
        if let admit, !admit(event) { return }
        for handler in anyHandlers { call(handler, event) }
        if let handlers = handlers[event.name] {
            for handler in handlers { call(handler, event) }
        }
        for handler in own { call(handler, event) }
    }

    private func call(_ handler: EventHandler, _ event: SocketEvent) {
        do throws(HandlerFailure) {
            try handler(event)
        } catch {
            if let acknowledgement = error.acknowledgement { event.acknowledge?(acknowledgement) }
            onFailure?(event, error)
        }
    }
}
