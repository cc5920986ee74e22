import Bytes
import Reactor

/// One request and its answer. Exactly one of `respond`, `stream` and `upgrade` is called, now or later.
@Loop
public final class HTTPExchange {
    public let request: HTTPRequest
    /// The peer's numeric address.
    public var remoteAddress: String { connection?.remoteAddress ?? "" }
    /// Called when the peer goes away before the answer is complete.
    public var onAbandoned: (@Loop () -> Void)?

    /// Whatever the handler of the head wants to find again when the body has arrived.
    public var context: Any?

    public private(set) var isAnswered = false
    private(set) var isAbandoned = false
    private weak var connection: HTTPConnection?

    init(request: HTTPRequest, connection: HTTPConnection) {
        self.request = request
        self.connection = connection
    }

    private var extraHeaders: [(name: String, value: String)] = []

    /// Adds fields to whatever the answer will be.
    public func addHeaders(_ headers: [(name: String, value: String)]) { extraHeaders += headers }

    public func respond(_ response: HTTPResponse) {
        guard !isAnswered else { return }
        isAnswered = true
        onAbandoned = nil
        var response = response
        response.headers += extraHeaders
        connection?.write(response, for: self)
    }

    /// Starts a response whose body comes in pieces: chunked, or of a length that is known.
    public func stream(
        _ status: HTTPStatus, headers: [(name: String, value: String)], contentLength: Int? = nil
    ) -> HTTPBodyStream {
        let stream = HTTPBodyStream(connection: isAnswered ? nil : connection, exchange: self)
        guard !isAnswered else { return stream }
        isAnswered = true
        connection?.writeStreamHead(
            HTTPResponse(status, headers: headers + extraHeaders), contentLength: contentLength, for: self)
        return stream
    }

    /// Takes the connection over for WebSocket (RFC 6455 §4.2), or answers why not.
    ///
    /// - Returns: The open connection, or `nil` when the request was refused with 400 or 426 and is done.
    public func acceptWebSocket(maxMessageSize: Int, headers: [(name: String, value: String)] = []) -> WebSocket? {
        guard !isAnswered, let connection else { return nil }
        switch WebSocketHandshake(request) {
        case .refused(let response):
            respond(response)
            return nil
        case .accepted(let key):
            isAnswered = true
            onAbandoned = nil
            return connection.upgrade(key: key, headers: headers, maxMessageSize: maxMessageSize)
        }
    }

    func abandon() {
        guard !isAbandoned else { return }
        isAbandoned = true
        let callback = onAbandoned
        onAbandoned = nil
        callback?()
    }
}

/// The body of a response that is written in pieces.
@Loop
public final class HTTPBodyStream {
    private weak var connection: HTTPConnection?
    private let exchange: HTTPExchange
    private var isEnded = false
    /// Called when bytes that had to wait have left; the moment to write more.
    public var onDrained: (@Loop () -> Void)?

    init(connection: HTTPConnection?, exchange: HTTPExchange) {
        self.connection = connection
        self.exchange = exchange
        connection?.bodyStream = self
    }

    /// Bytes that the peer has not taken yet. The writer bounds it.
    public var backlog: Int { connection?.backlog ?? 0 }
    public var isOpen: Bool { !isEnded && connection != nil && !exchange.isAbandoned }

    /// Called when the peer goes away before the end.
    public var onAbandoned: (@Loop () -> Void)? {
        get { exchange.onAbandoned }
        set { exchange.onAbandoned = newValue }
    }

    public func write(_ bytes: [UInt8]) {
        guard isOpen, !bytes.isEmpty else { return }
        connection?.writeChunk(bytes)
    }

    public func end() {
        guard isOpen else { return }
        isEnded = true
        exchange.onAbandoned = nil
        connection?.endStream(for: exchange)
    }

    /// Breaks the connection off, so that the peer cannot take what it has for the whole.
    public func abort() {
        guard isOpen else { return }
        isEnded = true
        connection?.abort()
    }
}
