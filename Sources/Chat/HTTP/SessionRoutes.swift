import Bytes
import HTTP
import Reactor

// Chat sessions (chat-runtime §1.1, §3.2).
extension ChatHTTP {
    func mountSessions(on router: Router) {
        router.on(.get, "/api/sessions") { [self] in list($0) }
        router.on(.post, "/api/sessions", bodyLimit: Self.bodyLimit) { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                guard !service.isDraining else { throw .shuttingDown }
                service.create { [self] result in
                    switch result {
                    case .success(let session): show(session, to: exchange)
                    case .failure(let error): respond(exchange, error)
                    }
                }
            }
        }
        router.on(.get, "/api/sessions/:id") { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                guard let session = service.session(try sessionID(exchange)) else { throw Self.noSession }
                show(session, to: exchange)
            }
        }
        router.on(.delete, "/api/sessions/:id") { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                let id = try sessionID(exchange)
                let isKnown = service.delete(id) { [self] result in
                    switch result {
                    case .success: exchange.respond(HTTPResponse(204))
                    case .failure(let error): respond(exchange, error)
                    }
                }
                guard isKnown else { throw Self.noSession }
            }
        }
        // Reserved by the contract, and served (§2.7).
        router.on(.post, "/api/sessions/:id/cancel", bodyLimit: Self.bodyLimit) { [self] exchange in
            answer(exchange) { () throws(TurnError) in
                guard service.cancel(try sessionID(exchange)) else { throw Self.noSession }
                exchange.respond(.json(["ok": true], status: 202))
            }
        }
    }

    private static let separator = [UInt8(ascii: ",")]

    private func show(_ session: ChatSession, to exchange: HTTPExchange) { send(session.parts, to: exchange) }

    /// All sessions, each as it was made ready when it last changed.
    private func list(_ exchange: HTTPExchange) {
        if exchange.request.queryValue("summary") == "1" {
            var body: [UInt8] = [UInt8(ascii: "[")]
            for session in service.sessions {
                if body.count > 1 { body.append(UInt8(ascii: ",")) }
                session.appendSummary(to: &body)
            }
            body.append(UInt8(ascii: "]"))
            send([body], to: exchange)
            return
        }
        var parts: [[UInt8]] = []
        var small: [UInt8] = [UInt8(ascii: "[")]
        var isFirst = true
        for session in service.sessions {
            if !isFirst { small.append(UInt8(ascii: ",")) }
            isFirst = false
            if session.body.count < Self.pieceSize {
                session.append(to: &small)
            } else {
                // Long histories are lent, not copied.
                let own = session.parts
                parts += [small + own[0], own[1]]
                small = own[2]
            }
            if small.count >= Self.pieceSize {
                parts.append(small)
                small = []
            }
        }
        small.append(UInt8(ascii: "]"))
        parts.append(small)
        send(parts, to: exchange)
    }

    /// Bytes that are handed to a connection at a time.
    private static let pieceSize = 256 << 10

    private func send(_ parts: [[UInt8]], to exchange: HTTPExchange) {
        let length = parts.reduce(0) { $0 + $1.count }
        let headers = [("Cache-Control", "no-store")]
        if length <= Self.pieceSize {
            exchange.respond(.json(bytes: Array(parts.joined()), headers: headers))
        } else {
            LongBody(parts, length: length, headers: [("Content-Type", "application/json")] + headers, to: exchange)
        }
    }
}

/// Sends a long body in pieces, each when the reader has taken those before it: nobody's slowness costs memory beyond the
/// body itself, which is shared.
@Loop
private final class LongBody {
    private static let pieceSize = 256 << 10
    private static let backlogLimit = 1 << 20

    private let parts: [[UInt8]]
    private let stream: HTTPBodyStream
    private var part = 0
    private var offset = 0

    @discardableResult
    init(_ parts: [[UInt8]], length: Int, headers: [(name: String, value: String)], to exchange: HTTPExchange) {
        self.parts = parts
        stream = exchange.stream(200, headers: headers, contentLength: length)
        // It lives as long as the stream asks it for more.
        stream.onDrained = { self.goOn() }
        stream.onAbandoned = { [stream] in stream.onDrained = nil }
        goOn()
    }

    private func goOn() {
        while part < parts.count {
            guard stream.isOpen else {
                stream.onDrained = nil
                return
            }
            guard stream.backlog < Self.backlogLimit else { return }
            let rest = parts[part][offset...]
            if rest.count <= Self.pieceSize {
                stream.write(Array(rest))
                part += 1
                offset = 0
            } else {
                stream.write(Array(rest.prefix(Self.pieceSize)))
                offset += Self.pieceSize
            }
        }
        stream.onDrained = nil
        stream.end()
    }
}
