import Bytes

/// Asks one daemon, one question at a time, over a connection that is kept where it can be.
public final class HTTPClient {
    public let address: DaemonAddress
    /// Sent with every request, if there is one.
    public var token: String?
    /// Sent with every request, too.
    public var headers: [HTTPHeader] = []
    public var connectTimeout = Duration.seconds(5)
    public var timeout = Duration.seconds(30)
    /// Called about ten times a second while an answer is awaited.
    public var onWait: (() -> Void)?

    private var idle: Connection?

    public init(address: DaemonAddress, token: String? = nil) {
        self.address = address
        self.token = token
    }

    /// Asks, and waits for the whole answer. `onBody` sees the body as it comes, when it is given.
    public func send(
        _ request: HTTPRequest, onBody: (([UInt8]) -> Void)? = nil
    ) throws(ClientError) -> HTTPResponse {
        // Only what may safely be asked twice goes over a kept connection, which may have been closed meanwhile.
        if request.method == .get, let connection = idle {
            idle = nil
            var hasAnswered = false
            do {
                return try exchange(request, over: connection, onBody: onBody, hasAnswered: &hasAnswered)
            } catch {
                guard error == .connectionLost, !hasAnswered else { throw error }
            }
        }
        var hasAnswered = false
        let connection = try Connection(to: address, timeout: connectTimeout)
        return try exchange(request, over: connection, onBody: onBody, hasAnswered: &hasAnswered)
    }

    /// Asks for a stream, and returns once its head has arrived.
    public func stream(_ request: HTTPRequest) throws(ClientError) -> HTTPStream {
        let connection = try Connection(to: address, timeout: connectTimeout)
        connection.onWait = onWait
        try connection.send(encoded(request), timeout: timeout)
        return try HTTPStream(connection, timeout: timeout)
    }

    private func exchange(
        _ request: HTTPRequest, over connection: Connection, onBody: (([UInt8]) -> Void)?, hasAnswered: inout Bool
    ) throws(ClientError) -> HTTPResponse {
        connection.onWait = onWait
        try connection.send(encoded(request), timeout: timeout)
        var decoder = HTTPResponseDecoder()
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var deadline = ContinuousClock.now + timeout
        do {
            while true {
                let bytes = try connection.receive(until: deadline, doing: "waiting for the daemon's answer")
                deadline = .now + timeout
                if bytes.isEmpty {
                    guard hasAnswered else { throw ClientError.connectionLost }
                    try decoder.finish()
                } else {
                    hasAnswered = true
                    decoder.feed(bytes)
                }
                while let frame = try decoder.next() {
                    switch frame {
                    case .head(let received): head = received
                    case .body(let piece):
                        if let onBody, head?.status == 200 { onBody(piece) } else { body += piece }
                    case .end:
                        guard let head else { throw ClientError.connectionLost }
                        if decoder.canContinue { idle = connection }
                        return HTTPResponse(head: head, body: body)
                    }
                }
                if bytes.isEmpty { throw ClientError.connectionLost }
            }
        } catch {
            throw ClientError(error)
        }
    }

    private func encoded(_ request: HTTPRequest) -> [UInt8] {
        var request = request
        request.headers += headers
        if let token { request.headers.append(HTTPHeader("Authorization", "Bearer \(token)")) }
        return request.encoded(authority: address.authority)
    }
}

/// An answer that goes on: its body is taken as it comes.
public final class HTTPStream {
    public let head: HTTPResponseHead
    public var descriptor: Int32 { connection.descriptor }
    private let connection: Connection
    private var decoder = HTTPResponseDecoder()
    private var isOver = false

    init(_ connection: Connection, timeout: Duration) throws(ClientError) {
        self.connection = connection
        let deadline = ContinuousClock.now + timeout
        do {
            while true {
                let bytes = try connection.receive(until: deadline, doing: "waiting for the daemon's answer")
                guard !bytes.isEmpty else { throw ClientError.connectionLost }
                decoder.feed(bytes)
                if case .head(let head)? = try decoder.next() {
                    self.head = head
                    return
                }
            }
        } catch {
            throw ClientError(error)
        }
    }

    /// The pieces of the body that have arrived, without waiting; `nil` when the stream is over.
    public func available() throws(ClientError) -> [UInt8]? {
        if isOver { return nil }
        do {
            var body = try drain()
            while let bytes = try connection.receiveAvailable() {
                if bytes.isEmpty {
                    isOver = true
                    return body.isEmpty ? nil : body
                }
                decoder.feed(bytes)
                body += try drain()
            }
            return isOver && body.isEmpty ? nil : body
        } catch {
            throw ClientError(error)
        }
    }

    /// The whole body, for an answer that turned out to be a refusal.
    public func rest(timeout: Duration) throws(ClientError) -> [UInt8] {
        var body: [UInt8] = []
        let deadline = ContinuousClock.now + timeout
        while let piece = try available() {
            body += piece
            if isOver { break }
            _ = Poll.wait(descriptor, events: 1, until: deadline)
            guard ContinuousClock.now < deadline else { break }
        }
        return body
    }

    /// Bytes after the head of an upgrade.
    var remainder: [UInt8] { decoder.remainder }
    /// The connection itself, for the protocol an upgrade leads to.
    var upgraded: Connection { connection }

    private func drain() throws(HTTPDecodingError) -> [UInt8] {
        var body: [UInt8] = []
        while let frame = try decoder.next() {
            switch frame {
            case .head: break
            case .body(let piece): body += piece
            case .end: isOver = true
            }
        }
        return body
    }
}

extension ClientError {
    /// Translates at the boundary: what is not already ours came from a decoder.
    init(_ error: any Error) {
        switch error {
        case let error as ClientError: self = error
        case HTTPDecodingError.unexpectedEnd: self = .connectionLost
        case is HTTPDecodingError: self = .notDrover(detail: "its answer is not HTTP/1.1")
        default: self = .notDrover(detail: "\(error)")
        }
    }
}
