import Bytes
import Glibc

/// A peer with a blocking socket, which says exactly the bytes it is told to say.
final class Client {
    enum Failure: Error, Equatable {
        case closed
        case timedOut
        case malformed(String)
        case refused(Int32)
    }

    private let descriptor: Int32
    private let kept: (any Sendable)?
    private var buffer: [UInt8] = []
    private var hasEnded = false

    /// - Parameter receiveBuffer: Bytes the kernel keeps for us, for a peer that reads slowly.
    init(_ port: UInt16, receiveBuffer: Int32? = nil, timeout: Int = 10, keeping kept: (any Sendable)? = nil) throws {
        self.kept = kept
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
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

    // MARK: - Saying

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 { throw errno == EAGAIN ? Failure.timedOut : Failure.closed }
            sent += count
        }
    }

    /// Sends what the peer takes within a moment, and tells how much that was.
    func sendWhatIsTaken(_ bytes: [UInt8], patience: Int32 = 500) -> Int {
        var sent = 0
        while sent < bytes.count {
            var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&item, 1, patience) > 0 else { break }
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if count < 0 { if errno == EAGAIN { continue } else { break } }
            sent += count
        }
        return sent
    }

    /// Says that nothing more will come, and still listens.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Goes away without a word: the peer gets a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        var any = sockaddr()
        any.sa_family = sa_family_t(AF_UNSPEC)
        connect(descriptor, &any, socklen_t(MemoryLayout<sockaddr>.size))
    }

    // MARK: - Listening

    /// Whether anything came that nobody has read, without waiting.
    var hasNews: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return !buffer.isEmpty || poll(&item, 1, 0) > 0
    }

    private func fill(_ size: Int = 65_536) throws {
        if hasEnded { throw Failure.closed }
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { space, count in
            count = max(0, recv(descriptor, space.baseAddress, space.count, 0))
            if count == 0 { hasEnded = true }
        }
        if bytes.isEmpty { throw errno == EAGAIN && !hasBeenClosed ? Failure.timedOut : Failure.closed }
        buffer += bytes
    }

    /// Whether the end is an orderly one or a reset rather than silence.
    private var hasBeenClosed: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&item, 1, 0) > 0
    }

    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeFirst(end + 1) }
                guard end > 0, buffer[end - 1] == 13 else { throw Failure.malformed("a line without CR") }
                return String(decoding: buffer[..<(end - 1)], as: UTF8.self)
            }
            try fill()
        }
    }

    /// Everything up to the end of the connection.
    func readToEnd() throws -> [UInt8] {
        do { while true { try fill() } } catch Failure.closed {
            defer { buffer = [] }
            return buffer
        }
    }

    /// Reads up to `pieces` portions of at most `size` bytes, however many come.
    func readSome(_ size: Int) throws -> Int {
        try fill(size)
        defer { buffer = [] }
        return buffer.count
    }

    func isClosedByPeer() throws -> Bool {
        do {
            try fill()
            return false
        } catch Failure.closed { return true }
    }

    /// Reads one answer, its body by length or by chunks.
    func readResponse(toHead: Bool = false) throws -> Response {
        let parts = try readLine().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else {
            throw Failure.malformed("status line \(parts)")
        }
        var response = Response(status: status, reason: String(parts[2]))
        while case let line = try readLine(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else { throw Failure.malformed("header \(line)") }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            response.headers.append((line[..<colon].lowercased(), String(value)))
        }
        if toHead || status < 200 || status == 204 || status == 304 { return response }
        if response["transfer-encoding"] == "chunked" {
            while true {
                guard let size = Int(try readLine(), radix: 16) else { throw Failure.malformed("chunk size") }
                response.body += try read(size)
                guard try readLine().isEmpty else { throw Failure.malformed("chunk end") }
                if size == 0 { return response }
                response.chunks.append(size)
            }
        }
        if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = try read(length)
        } else {
            response.body = try readToEnd()
        }
        return response
    }

    /// Says and listens.
    func exchange(_ text: String) throws -> Response {
        try send(text)
        return try readResponse()
    }

    // MARK: - WebSocket

    /// Sends one masked frame.
    func send(_ opcode: WebSocketOpcode, _ payload: [UInt8] = [], isFinal: Bool = true) throws {
        try send(Self.frame(opcode, payload, isFinal: isFinal))
    }

    static func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8] = [], isFinal: Bool = true) -> [UInt8] {
        var output: [UInt8] = []
        WebSocketEncoder.append(opcode, payload, isFinal: isFinal, mask: 0x1234_5678, to: &output)
        return output
    }

    /// Reads one frame of the server's: never masked, never in pieces.
    func readFrame() throws -> (opcode: WebSocketOpcode?, payload: [UInt8]) {
        let head = try read(2)
        guard head[0] & 0xF0 == 0x80, head[1] & 0x80 == 0 else { throw Failure.malformed("frame \(head)") }
        var length = Int(head[1])
        if length == 126 { length = try read(2).reduce(0) { $0 << 8 | Int($1) } }
        if length == 127 { length = try read(8).reduce(0) { $0 << 8 | Int($1) } }
        return (WebSocketOpcode(rawValue: head[0] & 15), try read(length))
    }

    /// Reads a close frame and gives its code.
    func readClose() throws -> Int {
        let frame = try readFrame()
        guard frame.opcode == .close else { throw Failure.malformed("not a close frame but \(frame)") }
        return frame.payload.count < 2 ? 1005 : Int(frame.payload[0]) << 8 | Int(frame.payload[1])
    }
}

struct Response {
    var status: Int
    var reason: String
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Sizes of the chunks it came in.
    var chunks: [Int] = []

    init(status: Int, reason: String) {
        self.status = status
        self.reason = reason
    }

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
    var closes: Bool { self["connection"] == "close" }
}
