import Glibc
import Synchronization

/// A server on this machine that says exactly what a test tells it to: one thread a connection, one script a request.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var head: String
        var body: [UInt8]

        /// The request line.
        var line: String { String(head.prefix { $0 != "\r\n" }) }

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
            return nil
        }
    }

    /// One connection. Everything blocks, for at most ten seconds.
    struct Connection: Sendable {
        let descriptor: Int32

        func write(_ text: String) { write(Array(text.utf8)) }

        func write(_ bytes: [UInt8]) {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }

        func chunk(_ text: String) { write("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n") }

        /// Whether the peer closes the connection in time.
        func waitForClose() -> Bool {
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, 0) == 0
        }

        /// Closes with a reset in place of an end.
        func reset() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
    }

    /// Says what to do with a request; `false` closes the connection.
    typealias Script = @Sendable (Connection, Request) -> Bool

    let port: UInt16
    private let listener: Int32
    private let script: Script
    private let accepted = Mutex(0)

    init(_ script: @escaping Script) {
        self.script = script
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(bind(listener, address, length) == 0, "no port is free")
                getsockname(listener, address, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        listen(listener, 128)
        Self.thread { [self] in acceptAll() }
    }

    /// Connections so far.
    var connections: Int { accepted.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)" }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func acceptAll() {
        while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
            accepted.withLock { $0 += 1 }
            var limit = timeval(tv_sec: 10, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            Self.thread { [self] in
                let connection = Connection(descriptor: descriptor)
                while let request = Self.read(descriptor), script(connection, request) {}
                Glibc.close(descriptor)
            }
        }
        Glibc.close(listener)
    }

    private static func read(_ descriptor: Int32) -> Request? {
        var bytes: [UInt8] = []
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        var length = 0
        while true {
            if headEnd == nil, bytes.count >= 4,
                let place = (0...(bytes.count - 4)).first(where: { bytes[$0...].starts(with: end) })
            {
                headEnd = place + 4
                let head = Request(head: String(decoding: bytes[..<place], as: UTF8.self), body: [])
                length = head.header("content-length").flatMap { Int($0) } ?? 0
            }
            if let headEnd, bytes.count >= headEnd + length {
                return Request(
                    head: String(decoding: bytes[..<(headEnd - 4)], as: UTF8.self), body: Array(bytes[headEnd...]))
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        precondition(result == 0, "no thread could be started")
        pthread_detach(thread)
    }
}

/// Lets one thread wait for another, for at most ten seconds.
final class Gate: @unchecked Sendable {
    private var semaphore = sem_t()

    init() { sem_init(&semaphore, 0, 0) }
    func open() { sem_post(&semaphore) }

    /// Whether it was opened in time.
    func wait() -> Bool {
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += 60
        return sem_timedwait(&semaphore, &limit) == 0
    }
}
