import Bytes

/// Whom a broadcast reaches: the union of rooms, without the sockets of others.
public struct BroadcastTarget: Equatable, Sendable {
    /// `nil` stands for everybody, an empty list for nobody. A socket's id is a room of its own.
    public var rooms: [String]?
    public var except: [String]
    /// Dropped for sockets that are not ready for it.
    public var isVolatile: Bool
    /// Kept to the sockets of this server.
    public var isLocal: Bool

    public init(
        rooms: [String]? = nil, except: [String] = [], isVolatile: Bool = false, isLocal: Bool = false
    ) {
        self.rooms = rooms
        self.except = except
        self.isVolatile = isVolatile
        self.isLocal = isLocal
    }
}

/// What is known of a socket that may live on another server.
public struct RemoteSocket: Equatable, Sendable {
    public var id: String
    public var rooms: [String]
    public var data: JSON?

    public init(id: String, rooms: [String], data: JSON? = nil) {
        self.id = id
        self.rooms = rooms
        self.data = data
    }
}

/// Keeps the rooms of a namespace and carries its broadcasts, here and to other servers.
///
/// `LocalAdapter` does it for one server. An adapter for several keeps one of those for its own sockets. Completions
/// are called on the isolation domain that owns the server.
public protocol Adapter: AnyObject {
    // MARK: Rooms

    func join(_ socket: Socket, _ rooms: [String])
    func leave(_ socket: Socket, _ room: String)
    func leaveAll(_ socket: Socket)

    // MARK: Events

    /// Sends to one socket of this server.
    func send(_ event: OutgoingEvent, to socket: Socket, isVolatile: Bool)
    func broadcast(_ event: OutgoingEvent, to target: BroadcastTarget)
    /// `event` has its id already.
    func broadcast(
        _ event: OutgoingEvent, to target: BroadcastTarget, timeout: Duration,
        acknowledged: @escaping (BroadcastAnswer) -> Void)

    // MARK: Sockets

    /// The sockets of this server that a broadcast would reach.
    func sockets(in target: BroadcastTarget) -> [Socket]
    func fetchSockets(in target: BroadcastTarget, _ completion: @escaping ([RemoteSocket]) -> Void)
    func joinSockets(in target: BroadcastTarget, _ rooms: [String])
    func leaveSockets(in target: BroadcastTarget, _ rooms: [String])
    func disconnectSockets(in target: BroadcastTarget, close: Bool)

    // MARK: Servers

    /// Sends an event to the other servers; `completion` gets what they answered.
    func serverSideEmit(
        _ event: OutgoingEvent, _ completion: ((Result<[SocketArguments], AcknowledgementError>) -> Void)?)

    // MARK: Recovery

    /// Whether sockets get a private id with which they may come back.
    var recovers: Bool { get }
    func persist(_ session: RecoverySession)
    /// Finds what was persisted, without giving it up: the client has yet to be let in.
    func findSession(_ privateID: SocketID, offset: String, _ completion: @escaping (RecoverySession?) -> Void)
    /// Gives up what was persisted for the packets after `offset` to those rooms; `nil` when they are not all there.
    func claim(
        _ session: RecoverySession, offset: String, rooms: [String],
        _ completion: @escaping ([EngineMessage]?) -> Void)

    func close()
}

/// What is kept of a socket that may come back (control-plane §4.10).
public struct RecoverySession {
    public var id: SocketID
    public var privateID: SocketID
    /// With the socket's own id.
    public var rooms: [String]
    public var data: AnyObject?

    public init(id: SocketID, privateID: SocketID, rooms: [String], data: AnyObject?) {
        self.id = id
        self.privateID = privateID
        self.rooms = rooms
        self.data = data
    }
}

/// For how long, and in how much memory, sockets can come back.
public struct RecoveryOptions: Sendable {
    public var maxDisconnectionDuration: Duration = .seconds(120)
    /// Bounds of what is kept to be replayed, per namespace: beyond any, the oldest goes, and with it the recovery of
    /// who had not seen it.
    public var maxPackets = 10_000
    public var maxBytes = 16 << 20
    public var maxSessions = 10_000

    public init() {}
}
