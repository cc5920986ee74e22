import Bytes

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
