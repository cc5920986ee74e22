import Bytes

/// A status code (RFC 9110 §15).
public struct HTTPStatus: Equatable, Sendable, ExpressibleByIntegerLiteral {
    public var code: Int

    public init(_ code: Int) { self.code = code }
    public init(integerLiteral value: Int) { code = value }

    public var reason: StaticString {
        switch code {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Unknown"
        }
    }

    /// Whether a response of this status never has a body.
    var hasNoBody: Bool { code < 200 || code == 204 || code == 304 }
}

/// One response with a body that is known whole.
public struct HTTPResponse: Sendable {
    public var status: HTTPStatus
    /// Names as they go on the wire. `Content-Length`, `Date` and `Connection` are the server's to write.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// Whether the connection ends with this response.
    public var closesConnection = false

    public init(_ status: HTTPStatus, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func json(
        _ value: JSON, status: HTTPStatus = 200, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        .json(bytes: value.encoded(), status: status, headers: headers)
    }

    public static func json(
        bytes: [UInt8], status: HTTPStatus = 200, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(status, headers: [("Content-Type", "application/json")] + headers, body: bytes)
    }

    public static func text(_ text: String, status: HTTPStatus = 200) -> HTTPResponse {
        HTTPResponse(status, headers: [("Content-Type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}
