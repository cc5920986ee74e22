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
