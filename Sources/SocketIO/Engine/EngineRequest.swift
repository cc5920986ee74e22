import Bytes

/// An HTTP request for the server's path, as the host read it.
public struct EngineRequest {
    public typealias Pair = (name: String, value: String)

    public var method: String
    /// Decoded, in the order they came.
    public var query: [Pair]
    /// Those the server or the application asks for, with names in lower case: `origin`, `content-type`, and for
    /// the application for example `authorization`, `cookie`, `user-agent`.
    public var headers: [Pair]
    public var body: [UInt8]
    public var remoteAddress: String
    public var isSecure: Bool

    public init(
        method: String, query: [Pair], headers: [Pair] = [], body: [UInt8] = [], remoteAddress: String = "",
        isSecure: Bool = false
    ) {
        self.method = method
        self.query = query
        self.headers = headers
        self.body = body
        self.remoteAddress = remoteAddress
        self.isSecure = isSecure
    }

    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// An HTTP answer for the host to write; it adds `Content-Length`.
public struct EngineResponse {
    public var status: Int
    public var headers: [EngineRequest.Pair]
    public var body: [UInt8]

    public init(status: Int, headers: [EngineRequest.Pair] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why a request was refused, by the numbers of Engine.IO (control-plane §4.1).
public enum EngineRefusal: Error, Equatable, Sendable {
    case unknownTransport
    case unknownSession
    case badHandshakeMethod
    case badRequest
    case originNotAllowed
    case unsupportedProtocolVersion

    public var code: Int {
        switch self {
        case .unknownTransport: return 0
        case .unknownSession: return 1
        case .badHandshakeMethod: return 2
        case .badRequest: return 3
        case .originNotAllowed: return 4
        case .unsupportedProtocolVersion: return 5
        }
    }

    public var message: String {
        switch self {
        case .unknownTransport: return "Transport unknown"
        case .unknownSession: return "Session ID unknown"
        case .badHandshakeMethod: return "Bad handshake method"
        case .badRequest: return "Bad request"
        case .originNotAllowed: return "CORS origin not allowed"
        case .unsupportedProtocolVersion: return "Unsupported protocol version"
        }
    }

    /// The answer to a polling request: 400, or 403 for an origin, with code and message as JSON.
    public var response: EngineResponse {
        EngineResponse(
            status: self == .originNotAllowed ? 403 : 400,
            headers: [("Content-Type", "application/json")],
            body: JSON.object(["code": .integer(code), "message": .string(message)]).encoded())
    }

    /// The answer to a WebSocket upgrade: always 400 with the message as text, after which the host closes.
    public var upgradeResponse: EngineResponse {
        EngineResponse(
            status: 400, headers: [("Content-Type", "text/html"), ("Connection", "close")], body: Array(message.utf8))
    }
}

/// What the request that opened a session said, without the transport's own query parameters.
public final class EngineHandshake {
    public let query: [EngineRequest.Pair]
    public let headers: [EngineRequest.Pair]
    public let remoteAddress: String
    public let isSecure: Bool
    public let issued: Instant

    init(_ request: EngineRequest, at now: Instant) {
        let own = ["EIO", "transport", "sid", "t", "b64", "j"]
        query = request.query.filter { !own.contains($0.name) }
        headers = request.headers
        remoteAddress = request.remoteAddress
        isSecure = request.isSecure
        issued = now
    }

    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// A WebSocket connection as the host lends it to a session.
///
/// The host answers pings and close frames itself. None of these methods may call back into the server: what they
/// find out (a broken pipe, say) is reported later, through `EngineWebSocket`.
public protocol EngineLink: AnyObject {
    /// Writes complete frames, in order.
    func send(_ frames: [UInt8])
    /// Sends a close frame after what was sent before, and closes the connection. `linkClosed` need not follow.
    func close(code: UInt16, reason: String)
    /// Bytes that were sent but have not left the process.
    var backlog: Int { get }
}

/// What an application hears of the sessions of a server. Each call happens inside the one that caused it.
public protocol EngineApplication: AnyObject {
    func opened(_ session: EngineSession)
    func received(text: ArraySlice<UInt8>, on session: EngineSession)
    func received(binary: [UInt8], on session: EngineSession)
    func closed(_ session: EngineSession, reason: CloseReason)
}

/// Why a session or a socket ended, in the words of Socket.IO.
public enum CloseReason: String, Equatable, Sendable {
    case transportClose = "transport close"
    case transportError = "transport error"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case forcedClose = "forced close"
    case forcedServerClose = "forced server close"
    case serverShuttingDown = "server shutting down"
    case clientNamespaceDisconnect = "client namespace disconnect"
    case serverNamespaceDisconnect = "server namespace disconnect"

    /// Whether the state of a socket that ended so may be recovered (control-plane §4.10).
    public var isRecoverable: Bool {
        switch self {
        case .transportClose, .transportError, .pingTimeout, .forcedClose, .forcedServerClose, .serverShuttingDown:
            return true
        case .parseError, .clientNamespaceDisconnect, .serverNamespaceDisconnect: return false
        }
    }
}
