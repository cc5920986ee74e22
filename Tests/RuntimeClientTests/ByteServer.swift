import Glibc
import Synchronization

/// A server that sends exactly the bytes it is told to, and remembers what it was asked.
final class ByteServer: Sendable {
    enum Step: Sendable {
        case send([UInt8])
        /// Waits until this much of a request's body has come; requests are read to the end of their head anyway.
        case pause(Duration)
        /// Closes with a reset, so that what is under way is lost.
        case reset
        /// Keeps the connection until the client closes it.
        case hold

        static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
    }

    struct Request: Sendable, Equatable {
        /// `POST /api/chat`
        var line: String
        var headers: [String: String]
        var body: String
    }

    let port: UInt16
    private let listener: Int32
    private let script: @Sendable (Request) -> [Step]
    private let log = Mutex<[Request]>([])
    /// Connections that the client has closed while they were held.
    private let left = Atomic(0)

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { log.withLock { $0 } }
    var clientsThatLeft: Int { left.load(ordering: .sequentiallyConsistent) }

    init(_ script: @escaping @Sendable (Request) -> [Step]) {
        self.script = script
        (listener, port) = Self.listen(backlog: 64)
        let listener = listener
        Thread.start { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    // Here and not in `stop`, so that the number is not another listener's while this thread still asks.
                    close(listener)
                    return
                }
                Thread.start { self.serve(connection) }
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    static func listen(backlog: Int32) -> (descriptor: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                precondition(
                    bind(listener, generic, size) == 0 && Glibc.listen(listener, backlog) == 0, "a port is free")
                getsockname(listener, generic, &size)
            }
        }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var on: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        guard let request = Self.read(connection) else { return }
        log.withLock { $0.append(request) }
        for step in script(request) {
            switch step {
            case .send(let bytes):
                var sent = 0
                while sent < bytes.count {
                    let count = bytes.withUnsafeBytes {
                        Glibc.send(connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
                    }
                    guard count > 0 else { return }
                    sent += count
                }
            case .pause(let duration):
                var polled = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
                poll(
                    &polled, 1,
                    Int32(duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000))
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
                return
            case .hold:
                var byte: UInt8 = 0
                _ = Glibc.read(connection, &byte, 1)
                left.add(1, ordering: .sequentiallyConsistent)
            }
        }
        // So that nothing unread makes a reset of the end.
        shutdown(connection, Int32(SHUT_WR))
        var buffer = [UInt8](repeating: 0, count: 4096)
        while Glibc.read(connection, &buffer, buffer.count) > 0 {}
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
                }
                let length = headers["content-length"].flatMap { Int($0) } ?? 0
                if bytes.count - end.upperBound >= length {
                    let words = lines[0].split(separator: " ")
                    return Request(
                        line: "\(words[0]) \(words[1])", headers: headers,
                        body: String(decoding: bytes[end.upperBound...], as: UTF8.self))
                }
            }
            let count = Glibc.read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }
}

enum Thread {
    static func start(_ body: @escaping @Sendable () -> Void) {
        precondition(DetachedThread.run(body), "a thread can be started")
    }
}

@testable import RuntimeClient

/// Whole answers, as bytes.
enum Answer {
    static func json(_ body: String, status: String = "200 OK", headers: String = "") -> [ByteServer.Step] {
        [
            .send(
                "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                    + headers + "\r\n" + body)
        ]
    }

    static let streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"

    /// A body that ends with the connection.
    static func stream(_ body: String) -> [ByteServer.Step] {
        [.send(streamHead + "Connection: close\r\n\r\n" + body)]
    }

    /// A chunked body in pieces; without `isWhole` its last chunk is missing.
    static func chunked(_ pieces: [[UInt8]], isWhole: Bool = true) -> [ByteServer.Step] {
        [.send(streamHead + "Transfer-Encoding: chunked\r\n\r\n")]
            + pieces.map { .send(Array("\(String($0.count, radix: 16))\r\n".utf8) + $0 + Array("\r\n".utf8)) }
            + (isWhole ? [.send("0\r\n\r\n")] : [])
    }

    static let session = "event: session\ndata: {\"session_id\":\"s-1\"}\n\n"
    static let done = "event: done\ndata: {\"session_id\":\"s-1\",\"usage\":null,\"finish_reason\":\"stop\"}\n\n"

    static let chatSession =
        #"{"id":"s-1","created_at":"2026-01-05T10:00:00.000001Z","updated_at":"2026-01-05T10:00:00.000002Z","#
        + #""messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"","tool_calls":"#
        + #"[{"id":"c","name":"ls","arguments":{}}]},{"role":"tool","content":"x","tool_name":"ls","tool_call_id":"c","name":null}]}"#

    static let config =
        #"{"config_path":"/h/config.json","backup1_path":"/h/config.json.bak1","backup2_path":"/h/config.json.bak2","#
        + #""config_format":"config.json","running":{"llm":{"model":"m"}},"disk":{},"raw":"{}","disk_parse_error":null}"#
}
