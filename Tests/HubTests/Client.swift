import Bytes
import Glibc

/// A client with a blocking socket: one request after another, and a stream of events to the end of its patience.
final class Client {
    enum Failure: Error, Equatable {
        case closed
        case timedOut
        case malformed(String)
        case refused(Int32)
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ port: UInt16, timeout: Int = 10) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result != 0 { throw Failure.refused(errno) }
    }

    deinit { Glibc.close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure.closed
        }
    }

    /// Whether anything came that nobody has read, without waiting.
    var hasNews: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !buffer.isEmpty || poll(&item, 1, 0) > 0
    }

    private func fill() throws {
        let bytes = [UInt8](unsafeUninitializedCapacity: 65_536) { space, count in
            count = recv(descriptor, space.baseAddress, space.count, 0)
            if count < 0 { count = errno == EAGAIN ? -1 : 0 }
            if count < 0 { count = 0; timedOut = true }
        }
        if timedOut { throw Failure.timedOut }
        if bytes.isEmpty { throw Failure.closed }
        buffer += bytes
    }
    private var timedOut = false

    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<end].filter { $0 != 13 }, as: UTF8.self)
            }
            try fill()
        }
    }

    private func readHead() throws -> Response {
        let parts = try readLine().split(separator: " ", maxSplits: 2)
        guard parts.count > 1, let status = Int(parts[1]) else { throw Failure.malformed("\(parts)") }
        var response = Response(status: status)
        while case let line = try readLine(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed(line) }
            response.headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return response
    }

    func readResponse() throws -> Response {
        var response = try readHead()
        if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try read(length)
        } else if response["transfer-encoding"] == "chunked" {
            while case let chunk = try readChunk(), !chunk.isEmpty { response.body += chunk }
        }
        return response
    }

    private func readChunk() throws -> [UInt8] {
        guard let size = Int(try readLine(), radix: 16) else { throw Failure.malformed("chunk size") }
        defer { _ = try? readLine() }
        return try read(size)
    }

    func request(
        _ method: String, _ path: String, _ body: String = "", host: String = "localhost", headers: String = ""
    ) throws -> Response {
        try send(method, path, body, host: host, headers: headers)
        return try readResponse()
    }

    func send(
        _ method: String, _ path: String, _ body: String = "", host: String = "localhost", headers: String = ""
    ) throws {
        let length = method == "GET" ? "" : "Content-Length: \(body.utf8.count)\r\n"
        try send("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\(length)\(headers)\r\n\(body)")
    }

    func get(_ path: String) throws -> Response { try request("GET", path) }
    func post(_ path: String, _ body: String = "{}") throws -> Response { try request("POST", path, body) }

    // MARK: - Server-sent events

    private var events: [UInt8] = []

    /// Opens a stream of events.
    func listen(_ path: String, headers: String = "") throws {
        try send("GET", path, headers: "Accept: text/event-stream\r\n\(headers)")
        let head = try readHead()
        guard head.status == 200 else { throw Failure.malformed("status \(head.status)") }
        guard try nextBlock() == [": ok"] else { throw Failure.malformed("no greeting") }
    }

    /// The lines of the next message.
    private func nextBlock() throws -> [String] {
        while true {
            if let end = events.indices.dropLast().first(where: { events[$0] == 10 && events[$0 + 1] == 10 }) {
                let block = String(decoding: events[..<end], as: UTF8.self)
                events.removeFirst(end + 2)
                return block.split(separator: "\n").map(String.init)
            }
            let chunk = try readChunk()
            if chunk.isEmpty { throw Failure.closed }
            events += chunk
        }
    }

    /// The next event: its name and what it says.
    func nextEvent() throws -> (name: String, id: Int?, data: JSON) {
        while true {
            let lines = try nextBlock()
            func value(_ field: String) -> String? {
                lines.first { $0.hasPrefix(field + ": ") }.map { String($0.dropFirst(field.count + 2)) }
            }
            guard let name = value("event") else { continue }
            return (name, value("id").flatMap { Int($0) }, try JSON(parsing: Array((value("data") ?? "").utf8)))
        }
    }
}

struct Response {
    var status: Int
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    init(status: Int) { self.status = status }

    subscript(name: String) -> String? { headers[name] }
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    var code: String? { json["error"]?["code"]?.string }
}
