import Bytes

/// The Socket.IO side of a session: the namespaces it is in, and the packet that is arriving.
///
/// As a queued deadline it is the time by which a client must have joined a namespace.
final class SocketConnection: QueuedDeadline {
    private unowned let server: SocketServer
    private let session: EngineSession
    private var decoder = SocketPacketDecoder()
    // One namespace is the rule, and needs no array.
    private var first: Socket?
    private var others: [Socket] = []
    /// Those whose middleware has not answered.
    private var connecting: [Socket] = []

    init(server: SocketServer, session: EngineSession) {
        self.server = server
        self.session = session
        super.init()
    }

    private var sockets: [Socket] { (first.map { [$0] } ?? []) + others }

    private func socket(in namespace: String) -> Socket? {
        if let first, first.namespace.name == namespace { return first }
        return others.first { $0.namespace.name == namespace }
    }

    private func add(_ socket: Socket) {
        if first == nil { first = socket } else { others.append(socket) }
    }

    func remove(_ socket: Socket) {
        if first === socket { first = nil } else { others.removeAll { $0 === socket } }
    }

    // MARK: - Receiving

    func received(text: ArraySlice<UInt8>) {
        do throws(SocketPacketError) {
            if let packet = try decoder.received(text) { received(packet) }
        } catch {
            malformed(error)
        }
    }

    func received(binary: [UInt8]) {
        do throws(SocketPacketError) {
            let packet = try decoder.received(binary: binary, limit: server.options.maxBinaryPacket)
            if let packet { received(packet) }
        } catch {
            malformed(error)
        }
    }

    private func malformed(_ error: SocketPacketError) {
        server.observer?.malformed(session, error)
        close(.forcedClose)
    }

    private func received(_ packet: SocketPacket) {
        switch packet {
        case .event(let namespace, let name, let arguments, let id):
            guard let socket = socket(in: namespace) else { return close(.forcedServerClose) }
            socket.received(name, arguments, id: id)
        case .ack(let namespace, let arguments, let id):
            guard let socket = socket(in: namespace) else { return close(.forcedServerClose) }
            if let id { socket.acknowledged(arguments, id: id) }
        case .connect(let namespace, let auth):
            connect(to: namespace, auth: auth)
        case .disconnect(let namespace):
            guard let socket = socket(in: namespace) else { return close(.forcedServerClose) }
            remove(socket)
            socket.closed(.clientNamespaceDisconnect)
        case .connectError:
            close(.forcedServerClose)
        }
    }

    // MARK: - Connecting

    private func connect(to name: String, auth: ArraySlice<UInt8>) {
        guard socket(in: name) == nil, !connecting.contains(where: { $0.namespace.name == name }) else {
            return close(.forcedServerClose)
        }
        guard let namespace = server.namespace(name) else {
            return refuse(.invalidNamespace, namespace: name)
        }
        let socket = Socket(namespace: namespace, session: session, auth: auth)
        connecting.append(socket)
        guard namespace.adapter.recovers, let privateID = socket.auth["pid"]?.string.flatMap({ SocketID($0) }),
            let offset = socket.auth["offset"]?.string
        else { return check(socket, nil, offset: "") }
        namespace.adapter.findSession(privateID, offset: offset) { [self] recovery in
            if let recovery {
                socket.adopt(recovery)
            } else {
                server.observer?.recovered(socket, successfully: false)
            }
            check(socket, recovery, offset: offset)
        }
    }

    private func check(_ socket: Socket, _ recovery: RecoverySession?, offset: String) {
        socket.namespace.check(socket) { [self] refusal in
            guard connecting.contains(where: { $0 === socket }) else { return }
            if let refusal {
                connecting.removeAll { $0 === socket }
                server.observer?.refused(socket, refusal)
                return refuse(refusal, namespace: socket.namespace.name)
            }
            guard let recovery else { return join(socket, rooms: [], missed: []) }
            recover(socket, recovery, offset: offset)
        }
    }

    private func recover(_ socket: Socket, _ recovery: RecoverySession, offset: String) {
        let namespace = socket.namespace
        let own = socket.id.description
        let joined = recovery.rooms.filter { $0 != own }
        let rooms = namespace.verifyRecovery.map { $0(socket, joined) } ?? joined
        namespace.adapter.claim(recovery, offset: offset, rooms: [own] + (rooms ?? [])) { [self] missed in
            guard connecting.contains(where: { $0 === socket }) else { return }
            guard let rooms, let missed else {
                socket.abandonRecovery(of: recovery)
                server.observer?.recovered(socket, successfully: false)
                return join(socket, rooms: [], missed: [])
            }
            server.observer?.recovered(socket, successfully: true)
            join(socket, rooms: rooms, missed: missed)
        }
    }

    /// What was missed follows the answer to the CONNECT, so that the client knows by then that it was recovered.
    private func join(_ socket: Socket, rooms: [String], missed: [EngineMessage]) {
        connecting.removeAll { $0 === socket }
        if connecting.isEmpty { connecting = [] }
        guard session.isOpen else { return }
        dequeue()
        add(socket)
        let namespace = socket.namespace
        namespace.add(socket)
        if !rooms.isEmpty { socket.join(rooms) }
        session.send(
            SocketPacketWriter.connected(socket.id, privateID: socket.privateID, namespace: namespace.name))
        for message in missed { session.send(message) }
        namespace.announce(socket)
    }

    private func refuse(_ refusal: ConnectRefusal, namespace: String) {
        session.send(SocketPacketWriter.packet(.connectError, namespace: namespace, payload: refusal.payload))
    }

    // MARK: - Closing

    /// No namespace was joined in time.
    override func expire(at now: Instant) {
        close(.forcedServerClose)
    }

    /// Ends the connection because of something the client did or did not do.
    func close(_ reason: CloseReason) {
        ended(reason)
        session.close()
    }

    /// Tells the client to leave each namespace, then ends the connection.
    func disconnectAll() {
        for socket in sockets {
            session.send(SocketPacketWriter.packet(.disconnect, namespace: socket.namespace.name))
        }
        ended(.serverNamespaceDisconnect)
        session.close()
    }

    /// Ends the sockets, whose connection has ended or is about to.
    func ended(_ reason: CloseReason) {
        dequeue()
        connecting = []
        let sockets = sockets
        first = nil
        others = []
        for socket in sockets { socket.closed(reason) }
    }
}
