import Bytes
import Client
import Glibc
import Synchronization

/// A daemon that answers by a script: HTTP by its routes, Socket.IO by its replies. It listens on a port of its own.
final class FakeDaemon: Sendable {
    struct Request: Sendable, Equatable {
        /// `POST /api/runner/sessions?x=y`
        var line: String
        var headers: [String: String]
        var body: JSON

        /// `POST /api/runner/sessions`
        var route: String { String(line.prefix { $0 != "?" }) }
    }

    struct Reply: Sendable {
        var status = 200
        var type = "application/json"
        var headers: [String] = []
        var body: [UInt8]

        static func json(_ json: JSON, status: Int = 200) -> Reply { Reply(status: status, body: json.encoded()) }

        static func refusal(_ status: Int, _ code: String, _ message: String, details: JSON? = nil) -> Reply {
            .json(
                ["error": .omittingNil(["code": .string(code), "message": .string(message), "details": details])],
                status: status)
        }

        static func bytes(_ text: String, from offset: Int, end: Int) -> Reply {
            Reply(
                type: "application/octet-stream", headers: ["X-Drover-Offset: \(offset)", "X-Drover-End: \(end)"],
                body: Array(text.utf8))
        }
    }

    typealias Routes = @Sendable (Request) -> Reply?
    typealias Replies = @Sendable (SocketIOPacket) -> [SocketIOPacket]

    let port: UInt16
    private let listener: Int32
    private let routes: Routes
    private let replies: Replies
    private let log = Mutex<[Request]>([])

    init(_ routes: @escaping Routes, sockets replies: @escaping Replies = { _ in [] }) {
        self.routes = routes
        self.replies = replies
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(bind(listener, generic, size) == 0 && listen(listener, 16) == 0, "a port is free")
                getsockname(listener, generic, &size)
            }
            return UInt16(bigEndian: pointer.pointee.sin_port)
        }
        Self.thread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    close(listener)
                    return
                }
                Self.thread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }

    /// Stops listening. The thread that accepts closes the listener: its number must not be another's before.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    var url: String { "http://127.0.0.1:\(port)" }
    /// What was asked so far.
    var requests: [Request] { log.withLock { $0 } }

    static func thread(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Box>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    // MARK: - One connection

    private func serve(_ connection: Int32) {
        var input: [UInt8] = []
        guard let request = Self.request(&input, connection) else { return }
        log.withLock { $0.append(request) }
        if request.headers["upgrade"] == "websocket" { return serveSocket(connection, input) }
        let reply = routes(request) ?? .refusal(404, "NOT_FOUND", "no such route: \(request.line)")
        var head = "HTTP/1.1 \(reply.status) X\r\nContent-Type: \(reply.type)\r\nConnection: close\r\n"
        head += "Content-Length: \(reply.body.count)\r\n"
        for header in reply.headers { head += header + "\r\n" }
        Self.send(Array((head + "\r\n").utf8) + reply.body, connection)
    }

    private static func request(_ input: inout [UInt8], _ connection: Int32) -> Request? {
        while true {
            let text = String(decoding: input, as: UTF8.self)
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 {
                let lines = parts[0].split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let pair = line.split(separator: ":", maxSplits: 1)
                    headers[pair[0].lowercased()] = String(pair[1].drop { $0 == " " })
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                let bodyStart = parts[0].utf8.count + 4
                if input.count >= bodyStart + length {
                    let body = (try? JSON(parsing: Array(input[bodyStart..<(bodyStart + length)]))) ?? .null
                    input.removeFirst(bodyStart + length)
                    let line = lines[0].split(separator: " ").prefix(2).joined(separator: " ")
                    return Request(line: line, headers: headers, body: body)
                }
            }
            guard receive(&input, connection) else { return nil }
        }
    }

    private func serveSocket(_ connection: Int32, _ rest: [UInt8]) {
        Self.send(
            Array("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".utf8),
            connection)
        func send(_ packet: SocketIOPacket) {
            var frame: [UInt8] = []
            WebSocketEncoder.append(.text, packet.encoded(), to: &frame)
            Self.send(frame, connection)
        }
        send(.open(["sid": "e", "pingInterval": 25000, "pingTimeout": 60000]))
        var decoder = WebSocketDecoder(role: .server, maxMessageSize: 1 << 20)
        decoder.feed(rest)
        while true {
            while let message = try? decoder.next() {
                switch message {
                case .text(let text):
                    guard let packet = SocketIOPacket(text: text) else { continue }
                    if case .connect = packet { send(.connect(["sid": "s"])) }
                    replies(packet).forEach(send)
                case .close: return
                case .binary, .ping, .pong: break
                }
            }
            var input: [UInt8] = []
            guard Self.receive(&input, connection) else { return }
            decoder.feed(input)
        }
    }

    private static func receive(_ input: inout [UInt8], _ connection: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(connection, &buffer, buffer.count, 0)
        if count > 0 { input += buffer[..<count] }
        return count > 0
    }

    static func send(_ bytes: [UInt8], _ connection: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(connection, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count <= 0 { return }
            sent += count
        }
    }
}
