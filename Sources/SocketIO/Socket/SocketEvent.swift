import Bytes

/// An event from a client, as handlers get it.
public struct SocketEvent {
    public let socket: Socket
    public let name: String
    public let arguments: SocketArguments
    /// Answers the client, now or later; `nil` when it did not ask.
    public let acknowledge: Acknowledgement?
}

/// A client's wish to be answered. The first answer is sent, and none after the socket has disconnected.
public final class Acknowledgement {
    private let socket: Socket
    private let id: UInt64
    public private(set) var isSent = false

    init(socket: Socket, id: UInt64) {
        self.socket = socket
        self.id = id
    }

    public func callAsFunction(_ arguments: SocketArguments = .none) {
        guard !isSent else { return }
        isSent = true
        guard socket.isConnected else { return }
        socket.session.send(SocketPacketWriter.ack(arguments, id: id, namespace: socket.namespace.name))
    }

    public func callAsFunction(_ value: JSON) {
        self(SocketArguments(value))
    }
}

/// What a handler throws when it cannot do what an event asks.
///
/// The client gets `acknowledgement`, if there is one and it asked; the namespace's `onFailure` hears of it.
public struct HandlerFailure: Error, Equatable {
    public var reason: String
    public var acknowledgement: SocketArguments?

    public init(_ reason: String, acknowledgement: SocketArguments? = nil) {
        self.reason = reason
        self.acknowledgement = acknowledgement
    }
}

public typealias EventHandler = (SocketEvent) throws(HandlerFailure) -> Void

/// Why a client may not connect to a namespace; it gets both as a CONNECT_ERROR.
public struct ConnectRefusal: Error, Equatable, Sendable {
    public var message: String
    public var data: JSON?

    public init(message: String, data: JSON? = nil) {
        self.message = message
        self.data = data
    }

    static let invalidNamespace = ConnectRefusal(message: "Invalid namespace")

    var payload: JSON { .omittingNil(["message": .string(message), "data": data]) }
}

/// Looks at a socket that wants to connect, and says sooner or later whether it may: `next(nil)` lets it pass.
/// Only the first answer counts.
public typealias Middleware = (_ socket: Socket, _ next: @escaping (ConnectRefusal?) -> Void) -> Void

/// Why an acknowledgement never came.
public enum AcknowledgementError: Error, Equatable, Sendable {
    case timedOut
    case disconnected
}

/// The acknowledgements of a broadcast.
public struct BroadcastAnswer: Equatable, Sendable {
    public var responses: [SocketArguments] = []
    /// How many clients did not answer in time, or disconnected.
    public var missing = 0

    public init(responses: [SocketArguments] = [], missing: Int = 0) {
        self.responses = responses
        self.missing = missing
    }
}

/// Counts what happens, for the host's metrics. All methods do nothing unless written.
public protocol SocketObserver: AnyObject {
    func connected(_ socket: Socket)
    func refused(_ socket: Socket, _ refusal: ConnectRefusal)
    func disconnected(_ socket: Socket, reason: CloseReason)
    /// The state of a socket was recovered, or could not be although its client asked.
    func recovered(_ socket: Socket, successfully: Bool)
    func received(_ event: SocketEvent)
    /// An event went to so many of this server's sockets.
    func sent(_ event: OutgoingEvent, receivers: Int)
    /// A client's message was not a packet, and its connection is closed.
    func malformed(_ session: EngineSession, _ error: SocketPacketError)
}

extension SocketObserver {
    public func connected(_ socket: Socket) {}
    public func refused(_ socket: Socket, _ refusal: ConnectRefusal) {}
    public func disconnected(_ socket: Socket, reason: CloseReason) {}
    public func recovered(_ socket: Socket, successfully: Bool) {}
    public func received(_ event: SocketEvent) {}
    public func sent(_ event: OutgoingEvent, receivers: Int) {}
    public func malformed(_ session: EngineSession, _ error: SocketPacketError) {}
}
