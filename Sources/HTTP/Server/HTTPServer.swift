import Reactor

/// Serves HTTP/1.1 on a listener (RFC 9112): keep-alive, pipelining, chunked bodies, `Expect`, bounds and time-outs.
@Loop
public final class HTTPServer {
    public let options: HTTPServerOptions
    let handler: @Loop (HTTPExchange) -> Void
    /// The body limit for a request whose headers are known, before its body is read.
    public var bodyLimit: (@Loop (HTTPRequest) -> Int)?
    /// What a request is told that cannot be read to its end, once its path is known; `nil` for the words of the server.
    public var refusal: (@Loop (HTTPRequest, HTTPStatus, String) -> HTTPResponse?)?
    /// Told of a request whose headers are complete, before its body is read. It may answer at once, which ends the
    /// connection after the answer.
    public var headHandler: (@Loop (HTTPExchange) -> Void)?
    let commonHeaders: [UInt8]

    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private var listeners: [Listener] = []
    private(set) var isClosing = false

    /// - Parameter handler: Gets every request in order of its connection and answers it through the exchange.
    public init(options: HTTPServerOptions = HTTPServerOptions(), handler: @escaping @Loop (HTTPExchange) -> Void) {
        self.options = options
        self.handler = handler
        var headers: [UInt8] = []
        for header in options.commonHeaders { headers += "\(header.name): \(header.value)\r\n".utf8 }
        commonHeaders = headers
    }

    public var connectionCount: Int { connections.count }

    /// - Returns: The port in use.
    public func listen(host: String, port: UInt16) throws(ReactorError) -> UInt16 {
        let listener = try Listener.tcp(host: host, port: port) { [weak self] stream in self?.accept(stream) }
        listeners.append(listener)
        return listener.port
    }

    private func accept(_ stream: ByteStream) {
        guard !isClosing, connections.count < options.maxConnections else {
            stream.close()
            return
        }
        let connection = HTTPConnection(stream: stream, server: self)
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }

    func forget(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Accepts no more and closes connections as soon as they have nothing to answer.
    public func drain() {
        isClosing = true
        for listener in listeners { listener.close() }
        for connection in connections.values { connection.closeWhenIdle() }
    }
}
