import Bytes

/// The adapter of a server that is alone.
///
/// A broadcast is encoded once, when the first receiver is found. Sockets in several of its rooms get it once: each
/// broadcast that could meet a socket twice has a number, which the sockets it has met carry.
public final class LocalAdapter: Adapter {
    private unowned let namespace: Namespace
    private var rooms: [String: Room] = [:]
    private var generation: UInt64 = 0
    private let store: RecoveryStore?

    public init(_ namespace: Namespace, recovery: RecoveryOptions? = nil) {
        self.namespace = namespace
        store = recovery.map { RecoveryStore($0, engine: namespace.server.engine, random: namespace.server.random()) }
    }

    // MARK: - Rooms

    public var roomNames: [String] { Array(rooms.keys) }

    public func join(_ socket: Socket, _ names: [String]) {
        for name in names {
            if let room = rooms[name] {
                if !room.contains(socket) { room.add(socket) }
            } else {
                let room = Room(name: name)
                rooms[name] = room
                room.add(socket)
            }
        }
    }

    public func leave(_ socket: Socket, _ name: String) {
        guard let room = rooms[name] else { return }
        room.remove(socket)
        if room.members.isEmpty { rooms[name] = nil }
    }

    public func leaveAll(_ socket: Socket) {
        for room in socket.leaveRooms() { rooms[room.name] = nil }
        if let store, namespace.isEmpty, !store.hasSessions { store.clear() }
    }

    // MARK: - Events

    public func send(_ event: OutgoingEvent, to socket: Socket, isVolatile: Bool) {
        if isVolatile, !socket.session.isWritable { return }
        if let store, !isVolatile, event.id == nil {
            let message = event.encoded(namespace: namespace.name, offset: store.nextOffset)
            store.store(message, rooms: [socket.id.description], except: [])
            socket.session.send(message)
        } else {
            socket.session.send(event.encoded(namespace: namespace.name))
        }
        namespace.server.observer?.sent(event, receivers: 1)
    }

    public func broadcast(_ event: OutgoingEvent, to target: BroadcastTarget) {
        let store = target.isVolatile || event.id != nil ? nil : store
        let mayHaveReceivers = mayHaveReceivers(target)
        var receivers = 0
        if mayHaveReceivers || store?.hasSessions == true {
            let message = event.encoded(namespace: namespace.name, offset: store?.nextOffset)
            if mayHaveReceivers {
                let isVolatile = target.isVolatile
                forEachSocket(in: target) { socket in
                    if isVolatile, !socket.session.isWritable { return }
                    socket.session.send(message)
                    receivers += 1
                }
            }
            store?.store(message, rooms: target.rooms, except: target.except)
        }
        namespace.server.observer?.sent(event, receivers: receivers)
    }

    public func broadcast(
        _ event: OutgoingEvent, to target: BroadcastTarget, timeout: Duration,
        acknowledged: @escaping (BroadcastAnswer) -> Void
    ) {
        broadcast(event, to: target, timeout: timeout, each: nil, acknowledged: acknowledged)
    }

    /// The same for an adapter that broadcasts on behalf of another server: it passes on `each` answer as it comes,
    /// and learns how many to expect.
    @discardableResult
    public func broadcast(
        _ event: OutgoingEvent, to target: BroadcastTarget, timeout: Duration,
        each: ((SocketArguments) -> Void)?, acknowledged: @escaping (BroadcastAnswer) -> Void
    ) -> Int {
        guard let id = event.id else { preconditionFailure("an event that is acknowledged has an id") }
        let engine = namespace.server.engine
        let pending = BroadcastAcknowledgement(id: id, timers: engine.timers, each: each, acknowledged)
        let message = event.encoded(namespace: namespace.name)
        var receivers: [Socket] = []
        forEachSocket(in: target) { socket in
            if target.isVolatile, !socket.session.isWritable { return }
            receivers.append(socket)
        }
        pending.wait(for: receivers, deadline: engine.now + timeout)
        for socket in receivers { socket.session.send(message) }
        namespace.server.observer?.sent(event, receivers: receivers.count)
        return receivers.count
    }

    // MARK: - Sockets

    public func sockets(in target: BroadcastTarget) -> [Socket] {
        var sockets: [Socket] = []
        forEachSocket(in: target) { sockets.append($0) }
        return sockets
    }

    public func fetchSockets(in target: BroadcastTarget, _ completion: @escaping ([RemoteSocket]) -> Void) {
        completion(sockets(in: target).map { RemoteSocket(id: $0.id.description, rooms: $0.rooms) })
    }

    public func joinSockets(in target: BroadcastTarget, _ rooms: [String]) {
        for socket in sockets(in: target) { join(socket, rooms) }
    }

    public func leaveSockets(in target: BroadcastTarget, _ rooms: [String]) {
        for socket in sockets(in: target) {
            for room in rooms { leave(socket, room) }
        }
    }

    public func disconnectSockets(in target: BroadcastTarget, close: Bool) {
        for socket in sockets(in: target) { socket.disconnect(close: close) }
    }

    // MARK: - Servers

    /// There are no others.
    public func serverSideEmit(
        _ event: OutgoingEvent, _ completion: ((Result<[SocketArguments], AcknowledgementError>) -> Void)?
    ) {
        completion?(.success([]))
    }

    // MARK: - Recovery

    public var recovers: Bool { store != nil }

    public func persist(_ session: RecoverySession) {
        store?.persist(session)
    }

    public func findSession(
        _ privateID: SocketID, offset: String, _ completion: @escaping (RecoverySession?) -> Void
    ) {
        completion(store?.find(privateID))
    }

    public func claim(
        _ session: RecoverySession, offset: String, rooms: [String],
        _ completion: @escaping ([EngineMessage]?) -> Void
    ) {
        completion(store?.claim(session.privateID, offset: offset, rooms: rooms))
    }

    public func close() {
        store?.close()
    }
}

// MARK: - Finding sockets

extension LocalAdapter {
    private func mayHaveReceivers(_ target: BroadcastTarget) -> Bool {
        guard let names = target.rooms else { return !namespace.isEmpty }
        return names.contains { rooms[$0] != nil || namespace.socket(named: $0) != nil }
    }

    /// Calls `body` once for every socket of the target. `body` must not change rooms.
    @inline(__always)
    private func forEachSocket(in target: BroadcastTarget, _ body: (Socket) -> Void) {
        guard let names = target.rooms else {
            let sockets = namespace.sockets
            if target.except.isEmpty {
                for socket in sockets { body(socket) }
            } else {
                let generation = markExcepted(target.except)
                for socket in sockets where socket.mark != generation { body(socket) }
            }
            return
        }
        if names.count == 1, target.except.isEmpty, let room = rooms[names[0]], names[0].utf8.count != 20 {
            for member in room.members { body(member.socket) }
            return
        }
        let generation = markExcepted(target.except)
        for name in names {
            if let room = rooms[name] {
                for member in room.members where member.socket.mark != generation {
                    member.socket.mark = generation
                    body(member.socket)
                }
            }
            if let socket = namespace.socket(named: name), socket.mark != generation {
                socket.mark = generation
                body(socket)
            }
        }
    }

    /// Begins a new generation, in which the sockets of those rooms have been met.
    private func markExcepted(_ names: [String]) -> UInt64 {
        generation += 1
        for name in names {
            if let room = rooms[name] {
                for member in room.members { member.socket.mark = generation }
            }
            namespace.socket(named: name)?.mark = generation
        }
        return generation
    }
}
