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
