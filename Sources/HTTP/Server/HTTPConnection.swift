import Bytes
import Reactor

/// Writes a header field. A line break in a value would let it write fields of its own, so it is left out.
private func appendField(_ name: String, _ value: String, to output: inout [UInt8]) {
    output.append(contentsOf: name.utf8)
    output.append(literal: ": ")
    let start = output.count
    output.append(contentsOf: value.utf8)
    if output[start...].contains(10) || output[start...].contains(13) {
        let clean = output[start...].filter { $0 != 13 && $0 != 10 }
        output.replaceSubrange(start..., with: clean)
    }
    output.append(literal: "\r\n")
}

/// One connection of an HTTP server: reads requests one after another, writes their answers in the same order.
@Loop
final class HTTPConnection {
    private enum Phase {
        /// Waiting for a request, or in the middle of one.
        case reading
        /// A request is being answered; what comes meanwhile is held.
        case answering(HTTPExchange)
        /// Nothing more is read; the last answer is on its way.
        case finishing
        case upgraded
        case closed
    }

    private let stream: ByteStream
    /// Kept as long as the connection is open; the server forgets a connection when that closes.
    private let server: HTTPServer
    private var parser: RequestParser?
    private var phase = Phase.reading
    private var held: [UInt8] = []
    private var isParsing = false
    private var hasEnded = false

    private var request: HTTPRequest?
    /// The exchange of `request`, when somebody was told of its head.
    private var exchange: HTTPExchange?
    private var keepAlive = true
    private var isVersion11 = true
    private var bodyLimit = 0
    private var isHeadRequest = false
    private var requestsServed = 0

    weak var bodyStream: HTTPBodyStream?
    private var isStreaming = false
    /// Whether nothing is read until the peer has taken what it was sent.
    private var isHeldBack = false
    private var isChunked = true

    /// When the peer must have done what we wait for. Checked by one timer, so that a request costs none.
    private var deadline: Int64 = .max
    private var timerDeadline: Int64 = .max
    private var lastBacklog = 0

    var remoteAddress: String { stream.remoteAddress }

    init(stream: ByteStream, server: HTTPServer) {
        self.stream = stream
        self.server = server
    }

    func start() {
        parser = RequestParser(delegate: self, maxHeaderSize: server.options.maxHeaderSize)
        stream.delegate = self
        setDeadline(server.options.idleTimeout)
        stream.resume()
    }

    var backlog: Int { stream.backlog }

    // MARK: - Reading

    private func parse(_ bytes: UnsafeRawBufferPointer) {
        isParsing = true
        defer { isParsing = false }
        var rest = bytes
        while true {
            let used: Int
            do throws(RequestFailure) {
                guard let parser else { return }
                used = try parser.parse(rest)
            } catch {
                refuse(error)
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(used, rest.count)...])
            switch phase {
            case .reading:
                if isCongested {
                    held.append(contentsOf: rest)
                    return holdBack()
                }
                // The parser stops by itself only after a request that was answered at once and paused it.
                if rest.isEmpty { return waitForMore() }
                parser?.resume()
            case .answering:
                held.append(contentsOf: rest)
                if held.count > server.options.maxPipelined { stream.pause() }
                return
            case .upgraded:
                // The first frames may come in the same packet as the request.
                if !rest.isEmpty, let delegate = stream.delegate { delegate.streamReceived(stream, rest) }
                return
            case .finishing, .closed:
                return
            }
        }
    }

    private func parseHeld() {
        guard !held.isEmpty else { return waitForMore() }
        let bytes = held
        held = []
        bytes.withUnsafeBytes { parse($0) }
    }

    private func waitForMore() {
        if hasEnded { finish() } else { setReadDeadline() }
    }

    /// A peer that asks and does not take its answers would fill our memory with them.
    private var isCongested: Bool { stream.backlog > server.options.maxUnsent }

    private func holdBack() {
        isHeldBack = true
        stream.pause()
        setDeadline(server.options.writeTimeout)
    }

    private func refuse(_ failure: RequestFailure) {
        keepAlive = false
        let code = failure.status == 413 ? "PAYLOAD_TOO_LARGE" : "BAD_REQUEST"
        let body: JSON = ["error": ["code": .string(code), "message": .string(failure.message)]]
        isHeadRequest = false
        let own = request.flatMap { server.refusal?($0, failure.status, failure.message) }
        writeResponse(own ?? .json(body, status: failure.status))
        finish()
    }

    // MARK: - Writing

    func write(_ response: HTTPResponse, for exchange: HTTPExchange) {
        writeResponse(response)
        answered()
    }

    private func writeResponse(_ response: HTTPResponse) {
        if response.closesConnection { keepAlive = false }
        stream.write { output in
            appendHead(response, to: &output)
            if !response.status.hasNoBody {
                output.append(literal: "Content-Length: ")
                JSONWriter.append(response.body.count, to: &output)
                output.append(literal: "\r\n\r\n")
                if !isHeadRequest { output.append(contentsOf: response.body) }
            } else {
                output.append(literal: "\r\n")
            }
        }
    }

    func writeStreamHead(_ response: HTTPResponse, contentLength: Int?, for exchange: HTTPExchange) {
        isStreaming = true
        isChunked = contentLength == nil && isVersion11
        stream.write { output in
            appendHead(response, to: &output)
            if let contentLength {
                output.append(literal: "Content-Length: ")
                JSONWriter.append(contentLength, to: &output)
                output.append(literal: "\r\n\r\n")
            } else {
                // Version 1.0 has no chunks: there the end of the connection is the end of the body.
                output.append(literal: isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
            }
        }
        setDeadline(server.options.writeTimeout)
    }

    func writeChunk(_ bytes: [UInt8]) {
        guard !isHeadRequest else { return }
        if !isChunked {
            stream.write(bytes)
            if deadline == .max { setDeadline(server.options.writeTimeout) }
            return
        }
        stream.write { output in
            output.append(contentsOf: String(bytes.count, radix: 16).utf8)
            output.append(literal: "\r\n")
            output.append(contentsOf: bytes)
            output.append(literal: "\r\n")
        }
        if deadline == .max { setDeadline(server.options.writeTimeout) }
    }

    func endStream(for exchange: HTTPExchange) {
        if !isHeadRequest, isChunked { stream.write(Array("0\r\n\r\n".utf8)) }
        isStreaming = false
        bodyStream = nil
        answered()
    }

    func abort() { stream.close() }

    private func appendHead(_ response: HTTPResponse, to output: inout [UInt8]) {
        output.append(literal: "HTTP/1.1 ")
        JSONWriter.append(response.status.code, to: &output)
        output.append(UInt8(ascii: " "))
        output.append(literal: response.status.reason)
        output.append(literal: "\r\n")
        for header in response.headers {
            appendField(header.name, header.value, to: &output)
        }
        output.append(contentsOf: server.commonHeaders)
        output.append(contentsOf: HTTPDate.header)
        if !keepAlive || server.isClosing { output.append(literal: "Connection: close\r\n") }
    }

    private func answered() {
        requestsServed += 1
        // An answer before the request was complete: what is still to come of it is nobody's.
        if request != nil { keepAlive = false }
        guard keepAlive, !server.isClosing else {
            finish()
            return
        }
        if case .answering = phase {
            phase = .reading
            if !isParsing { isCongested ? holdBack() : goOn() }
        }
    }

    /// Reads again, first what came meanwhile.
    private func goOn() {
        isHeldBack = false
        parser?.resume()
        if !hasEnded { stream.resume() }
        parseHeld()
    }

    private func finish() {
        if case .closed = phase { return }
        phase = .finishing
        held = []
        parser = nil
        setDeadline(.max)
        stream.finish()
    }

    /// Ends the connection once it has nothing to answer.
    func closeWhenIdle() {
        switch phase {
        case .reading: if request == nil { finish() } else { keepAlive = false }
        case .answering(let exchange):
            keepAlive = false
            // A stream has no end of its own to wait for.
            if exchange.isAnswered { stream.finish() }
        case .finishing, .upgraded, .closed: break
        }
    }

    // MARK: - Upgrade

    func upgrade(key: String, headers: [(name: String, value: String)], maxMessageSize: Int) -> WebSocket {
        var response = HTTPResponse(101)
        response.headers =
            [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", key)] + headers
        keepAlive = true
        stream.write { output in
            output.append(literal: "HTTP/1.1 101 Switching Protocols\r\n")
            for header in response.headers { appendField(header.name, header.value, to: &output) }
            output.append(literal: "\r\n")
        }
        phase = .upgraded
        parser = nil
        setDeadline(.max)
        let socket = WebSocket(stream: stream, maxMessageSize: maxMessageSize)
        let rest = held
        held = []
        server.forget(self)
        stream.resume()
        if !rest.isEmpty { socket.receiveSoon(rest) }
        return socket
    }

    // MARK: - Time-outs

    private func setReadDeadline() {
        if case .reading = phase {
            if request != nil {
                setDeadline(server.options.bodyTimeout)
            } else if parser?.isInHead == true {
                // Not renewed by each byte: a request must be complete in time, however it trickles.
                if deadline > Loop.now + server.options.headerTimeout { setDeadline(server.options.headerTimeout) }
            } else {
                setDeadline(server.options.idleTimeout)
            }
        }
    }

    private func setDeadline(_ milliseconds: Int64) {
        deadline = milliseconds == .max ? .max : Loop.now + milliseconds
        lastBacklog = stream.backlog
        // The timer that is armed looks at the deadline when it fires; only an earlier one needs a new timer.
        if deadline < timerDeadline { armTimer() }
    }

    private func armTimer() {
        timerDeadline = deadline
        let armedFor = deadline
        _ = LoopTimer(after: deadline - Loop.now) { [weak self] in self?.timerFired(armedFor) }
    }

    private func timerFired(_ armedFor: Int64) {
        guard timerDeadline == armedFor else { return }
        timerDeadline = .max
        guard deadline != .max else { return }
        if deadline > Loop.now {
            armTimer()
            return
        }
        switch phase {
        case .reading where isHeldBack:
            if stream.backlog < lastBacklog { setDeadline(server.options.writeTimeout) } else { stream.close() }
        case .reading:
            if request != nil || parser?.isInHead == true {
                refuse(RequestFailure(status: 408, message: "the request did not arrive in time"))
            } else {
                finish()
            }
        case .answering:
            if isStreaming, stream.backlog > 0 {
                // Some of it left meanwhile: the peer is slow, not gone.
                if stream.backlog < lastBacklog { setDeadline(server.options.writeTimeout) } else { stream.close() }
            }
        case .finishing, .upgraded, .closed: break
        }
    }
}

// MARK: - News of the parser

extension HTTPConnection: @Loop RequestParserDelegate {
    func parserReadHead(
        _ request: HTTPRequest, contentLength: UInt64?, isVersion11: Bool, keepAlive: Bool
    ) throws(RequestFailure) {
        self.request = request
        self.isVersion11 = isVersion11
        self.keepAlive = keepAlive
        isHeadRequest = request.method == .head
        bodyLimit = server.bodyLimit?(request) ?? server.options.maxBodySize
        if let contentLength, contentLength > UInt64(bodyLimit) { throw tooLarge }
        if let expectation = request.headers["expect"] {
            guard expectation.lowercased() == "100-continue" else {
                throw RequestFailure(status: 417, message: "only the expectation 100-continue can be met")
            }
            stream.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        if let headHandler = server.headHandler {
            let exchange = HTTPExchange(request: request, connection: self)
            self.exchange = exchange
            headHandler(exchange)
        }
    }

    func parserReadBody(_ bytes: UnsafeRawBufferPointer) throws(RequestFailure) {
        guard let request else { return }
        guard request.body.count + bytes.count <= bodyLimit else { throw tooLarge }
        request.body.append(contentsOf: bytes)
    }

    func parserReadRequest() -> Bool {
        guard let request else { return false }
        self.request = nil
        let exchange = exchange ?? HTTPExchange(request: request, connection: self)
        self.exchange = nil
        if exchange.isAnswered { return false }
        phase = .answering(exchange)
        setDeadline(.max)
        server.handler(exchange)
        if case .reading = phase { return !isCongested }
        return false
    }

    private var tooLarge: RequestFailure {
        RequestFailure(status: 413, message: "the body is larger than \(bodyLimit) bytes")
    }
}

// MARK: - News of the stream

extension HTTPConnection: ByteStreamDelegate {
    func streamReceived(_ stream: ByteStream, _ bytes: UnsafeRawBufferPointer) {
        switch phase {
        case .reading: parse(bytes)
        case .answering:
            held.append(contentsOf: bytes)
            if held.count > server.options.maxPipelined { stream.pause() }
        case .finishing, .upgraded, .closed: break
        }
    }

    func streamEnded(_ stream: ByteStream) {
        hasEnded = true
        switch phase {
        case .reading:
            exchange?.abandon()
            finish()
        case .answering(let exchange):
            // It may be only half closed, waiting for the answer; a stream without end is not worth keeping for that.
            exchange.abandon()
            if isStreaming { stream.close() }
        case .finishing, .upgraded, .closed: stream.close()
        }
    }

    func streamDrained(_ stream: ByteStream) {
        if isStreaming {
            setDeadline(.max)
            bodyStream?.onDrained?()
        } else if isHeldBack, case .reading = phase {
            goOn()
        }
    }

    func streamClosed(_ stream: ByteStream) {
        if case .answering(let exchange) = phase { exchange.abandon() }
        exchange?.abandon()
        exchange = nil
        if case .upgraded = phase { return }
        phase = .closed
        parser = nil
        server.forget(self)
    }
}
