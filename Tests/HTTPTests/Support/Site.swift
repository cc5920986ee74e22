import Bytes
import Reactor

@testable import HTTP

/// A server on a port of its own, and what its routes heard.
struct Site: Sendable {
    let server: HTTPServer
    let port: UInt16
    let log: Log

    /// Serves the routes that the tests talk to; `mount` adds to them.
    static func open(
        _ options: HTTPServerOptions = HTTPServerOptions(),
        _ mount: @escaping @Sendable @Loop (Router, Log) -> Void = { _, _ in }
    ) async throws -> Site {
        let log = Log()
        let opened = await onLoop { () -> (HTTPServer, UInt16)? in
            let router = Router()
            mountEcho(router, log)
            mount(router, log)
            let server = HTTPServer(options: options, router: router)
            guard let port = try? server.listen(host: "127.0.0.1", port: 0) else { return nil }
            return (server, port)
        }
        guard let opened else { throw Client.Failure.refused(0) }
        return Site(server: opened.0, port: opened.1, log: log)
    }

    /// The client keeps the server until it has gone.
    func connect(receiveBuffer: Int32? = nil) throws -> Client {
        try Client(port, receiveBuffer: receiveBuffer, keeping: server)
    }

    var lines: [String] { get async { await onLoop { log.lines } } }
    var connectionCount: Int { get async { await onLoop { server.connectionCount } } }

    func heard(_ line: String) async -> Bool { await eventually { await lines.contains(line) } }

    /// What `/echo` answers.
    @Loop
    private static func text(_ request: HTTPRequest) -> String {
        "\(request.method.rawValue) \(request.path)\(request.query.map { "?\($0)" } ?? "") "
            + String(decoding: request.body, as: UTF8.self)
    }

    @Loop
    private static func mountEcho(_ router: Router, _ log: Log) {
        for method in [HTTPMethod.get, .post, .put] {
            router.on(method, "/echo") { $0.respond(.text(text($0.request))) }
            router.on(method, "/echo/:word") { $0.respond(.text(text($0.request))) }
        }
        // Answers in a while; what is asked afterwards must wait for it.
        for method in [HTTPMethod.get, .post] {
            router.on(method, "/later/:word") { exchange in
                _ = LoopTimer(after: 5) { exchange.respond(.text(text(exchange.request))) }
            }
        }
        router.on(.post, "/large", bodyLimit: 1 << 20) { $0.respond(.text("\($0.request.body.count)")) }
        // Answers when the test does.
        router.on(.get, "/poll") { exchange in
            log.note("polled")
            exchange.onAbandoned = { log.note("abandoned") }
            log.held.append(exchange)
        }
        router.on(.get, "/headers") { exchange in
            exchange.respond(.text(exchange.request.headers.all.map { "\($0.name)=\($0.value)\n" }.joined()))
        }
        router.on(.get, "/ws") { exchange in
            guard let socket = exchange.acceptWebSocket(maxMessageSize: 100_000) else { return }
            socket.delegate = Echo(log)
        }
    }
}

/// Says again what it hears.
@Loop
final class Echo: WebSocketDelegate {
    private let log: Log
    init(_ log: Log) { self.log = log }

    func webSocket(_ socket: WebSocket, receivedText text: [UInt8]) {
        switch String(decoding: text, as: UTF8.self) {
        case "close": socket.close(code: 4000, reason: "as you wish")
        case "ping": socket.ping(Array("are you there".utf8))
        case "abort": socket.abort()
        default: socket.send(text: text)
        }
    }
    func webSocket(_ socket: WebSocket, receivedBinary bytes: [UInt8]) { socket.send(binary: bytes) }
    func webSocketReceivedPong(_ socket: WebSocket) { log.note("pong") }
    func webSocketClosed(_ socket: WebSocket, code: UInt16?) {
        log.note("closed \(code.map { "\($0)" } ?? "without a word")")
    }
}
