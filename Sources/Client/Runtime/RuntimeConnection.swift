import Glibc

/// One connection over a Unix socket: blocking for its caller, with a time-out on every wait.
///
/// Not `Sendable`: it belongs to the thread that opened it.
final class RuntimeConnection {
    private let descriptor: Int32
    /// Called about ten times a second while the other side is awaited.
    var onWait: (() -> Void)?

    private static let slice = Duration.milliseconds(100)

    init(to path: String, timeout: Duration) throws(RuntimeRPCError) {
        guard path.utf8.count <= RuntimeRPCClient.pathLimit else { throw .pathTooLong(path) }
        // An empty address would be one of the abstract kind, and not a file at all.
        guard !path.isEmpty else { throw .unavailable(path: path, error: ENOENT) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .unavailable(path: path, error: errno) }
        // A full backlog makes the kernel wait for so long; a non-blocking socket would be refused at once.
        let (seconds, attoseconds) = timeout.components
        var patience = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let error = errno
            close(descriptor)
            throw error == EAGAIN
                ? .timedOut(doing: "connecting to \(path)") : .unavailable(path: path, error: error)
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Sends all of the bytes. A daemon that hangs up meanwhile may have answered: its answer is still to be read.
    func send(_ bytes: [UInt8], timeout: Duration) throws(RuntimeRPCError) {
        let deadline = ContinuousClock.now + timeout
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                return Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                guard Poll.wait(descriptor, events: POLLOUT, until: deadline) else {
                    throw .timedOut(doing: "sending the request")
                }
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Reads the one line of the answer, without its line feed.
    func line(limit: Int, timeout: Duration, doing: String) throws(RuntimeRPCError) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        var line: [UInt8] = []
        while true {
            let start = line.count
            let isOver = try receive(&line, until: deadline, doing: doing)
            if let end = line[start...].firstIndex(of: UInt8(ascii: "\n")) {
                line.removeSubrange(end...)
                return line
            }
            if isOver {
                // A line that ends with the stream is one, too, when it is whole; decoding will tell.
                guard !line.isEmpty else { throw .connectionLost }
                return line
            }
            guard line.count <= limit else { throw .answerTooLong(limit: limit) }
        }
    }

    /// Appends what arrives next; true at the end of the stream.
    private func receive(
        _ line: inout [UInt8], until deadline: ContinuousClock.Instant, doing: String
    ) throws(RuntimeRPCError) -> Bool {
        while true {
            let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 { line.append(contentsOf: buffer[..<count]) }
                return count
            }
            if count >= 0 { return count == 0 }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                let next = onWait == nil ? deadline : min(deadline, .now + Self.slice)
                if !Poll.wait(descriptor, events: POLLIN, until: next) {
                    guard ContinuousClock.now < deadline else { throw .timedOut(doing: doing) }
                    onWait?()
                }
            default: throw .connectionLost
            }
        }
    }
}
