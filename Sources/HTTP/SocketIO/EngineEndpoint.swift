import Bytes
import Reactor
import SocketIO

/// Mounts an Engine.IO server on an HTTP server: polling requests, WebSocket upgrades, and the one timer it needs.
@Loop
public final class EngineEndpoint {
    public let server: EngineServer
    /// How long a WebSocket message may be, which is what the polling transport allows, too.
    private let maxMessageSize: Int
    private var timerDeadline: Instant?

    /// - Parameter server: Used on the loop only from now on.
    public init(_ server: EngineServer) {
        self.server = server
        maxMessageSize = server.options.maxPayload
        server.clock = { Instant(milliseconds: Loop.now) }
    }

    var now: Instant { Instant(milliseconds: Loop.now) }

    /// Registers the endpoint's routes.
    ///
    /// - Parameter path: With the slash at its end, `/socket.io/` or `/engine.io/`.
    public func mount(on router: Router, at path: String) {
        // A byte more than the limit arrives, so that Engine.IO can refuse it in its own words.
        for method in [HTTPMethod.get, .post, .options, .put, .delete, .patch, .other] {
            router.on(method, path, bodyLimit: maxMessageSize) { [self] exchange in handle(exchange) }
            router.on(method, String(path.dropLast()), bodyLimit: maxMessageSize) { [self] exchange in handle(exchange)
            }
        }
        for path in [path, String(path.dropLast())] {
            router.onHead(path) { [self] exchange in handleHead(exchange) }
        }
    }

    /// Takes the head of a request on the endpoint's path, so that two posts at a time are noticed.
    public func handleHead(_ exchange: HTTPExchange) {
        guard exchange.request.method == .post else { return }
        let request = EngineRequest(exchange)
        let post = server.beginPost(request, at: now) { response in exchange.respond(HTTPResponse(response)) }
        exchange.context = post
        if let post, !exchange.isAnswered {
            exchange.onAbandoned = { [self] in
                post.connectionLost(at: now)
                schedule()
            }
        }
        schedule()
    }

    public func handle(_ exchange: HTTPExchange) {
        if let post = exchange.context as? EnginePost {
            exchange.onAbandoned = nil
            post.received(exchange.request.body, at: now)
            schedule()
            return
        }
        let request = EngineRequest(exchange)
        if exchange.request.isUpgrade {
            if let refusal = server.refusal(ofWebSocket: request) {
                var response = HTTPResponse(refusal.upgradeResponse)
                response.closesConnection = true
                exchange.respond(response)
            } else if let socket = exchange.acceptWebSocket(maxMessageSize: maxMessageSize) {
                let link = WebSocketLink(socket, endpoint: self)
                socket.delegate = link
                link.session = server.openWebSocket(request, link: link, at: now)
            }
        } else {
            let poll = server.handlePolling(request, at: now) { response in exchange.respond(HTTPResponse(response)) }
            if let poll, !exchange.isAnswered {
                exchange.onAbandoned = { [self] in
                    poll.connectionLost(at: now)
                    schedule()
                }
            }
        }
        schedule()
    }

    /// Arms the timer when the next deadline has moved closer. To be called after the application has used the server
    /// outside of what arrived through this endpoint.
    public func schedule() {
        guard let deadline = server.nextDeadline else { return }
        if let timerDeadline, timerDeadline <= deadline { return }
        timerDeadline = deadline
        _ = LoopTimer(after: deadline.milliseconds - Loop.now) { [weak self] in
            guard let self, timerDeadline == deadline else { return }
            timerDeadline = nil
            server.wake(at: now)
            schedule()
        }
    }
}

/// One WebSocket between the endpoint and Engine.IO.
@Loop
private final class WebSocketLink: @Loop EngineLink, WebSocketDelegate {
    private let socket: WebSocket
    private let endpoint: EngineEndpoint
    var session: EngineWebSocket?

    init(_ socket: WebSocket, endpoint: EngineEndpoint) {
        self.socket = socket
        self.endpoint = endpoint
    }

    // MARK: - EngineLink

    func send(_ frames: [UInt8]) { socket.send(frames: frames) }
    func close(code: UInt16, reason: String) { socket.close(code: code, reason: reason) }
    var backlog: Int { socket.backlog }

    // MARK: - WebSocketDelegate

    func webSocket(_ socket: WebSocket, receivedText text: [UInt8]) {
        session?.received(text: text, at: endpoint.now)
        endpoint.schedule()
    }

    func webSocket(_ socket: WebSocket, receivedBinary bytes: [UInt8]) {
        session?.received(binary: bytes, at: endpoint.now)
        endpoint.schedule()
    }

    func webSocketClosed(_ socket: WebSocket, code: UInt16?) {
        let session = session
        self.session = nil
        // 1002, 1007 and 1009 are what we close with when the peer broke the protocol.
        session?.linkClosed(error: code == 1002 || code == 1007 || code == 1009, at: endpoint.now)
        endpoint.schedule()
    }
}

extension EngineRequest {
    @Loop init(_ exchange: HTTPExchange) {
        let request = exchange.request
        var method = request.method.rawValue
        if request.method == .head { method = "HEAD" }
        self.init(
            method: method, query: request.queryItems.map { (name: $0.0, value: $0.1) }, headers: request.headers.all,
            body: request.body, remoteAddress: exchange.remoteAddress)
    }
}

extension HTTPResponse {
    init(_ response: EngineResponse) {
        self.init(HTTPStatus(response.status), headers: response.headers, body: response.body)
    }
}
