import Glibc

/// One TCP connection to the daemon: blocking for its caller, with a time-out on every wait.
///
/// Not `Sendable`: it belongs to the thread that opened it.
public final class Connection {
    public let descriptor: Int32
    /// Called about ten times a second while the other side is awaited, so that a command can show that it lives.
    public var onWait: (() -> Void)?

    private static let slice = Duration.milliseconds(100)

    /// Connects to the first of the host's addresses that answers.
    public init(to address: DaemonAddress, timeout: Duration) throws(ClientError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &list) == 0, let list else {
            throw .daemonNotRunning(url: address.url)
        }
        defer { freeaddrinfo(list) }
        let deadline = ContinuousClock.now + timeout
        var hasTimedOut = false
        var candidate: UnsafeMutablePointer<addrinfo>? = list
        while let info = candidate?.pointee {
            candidate = info.ai_next
            let kind = info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            let descriptor = socket(info.ai_family, kind, info.ai_protocol)
            guard descriptor >= 0 else { continue }
            if connect(descriptor, info.ai_addr, info.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else {
                    close(descriptor)
                    continue
                }
                guard Poll.wait(descriptor, events: POLLOUT, until: deadline) else {
                    hasTimedOut = true
                    close(descriptor)
                    continue
                }
                var failure: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0, failure == 0 else {
                    close(descriptor)
                    continue
                }
            }
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            self.descriptor = descriptor
            return
        }
        throw hasTimedOut ? .timedOut(doing: "connecting to \(address.url)") : .daemonNotRunning(url: address.url)
    }

    deinit {
        close(descriptor)
    }

    /// Sends all of the bytes.
    public func send(_ bytes: [UInt8], timeout: Duration) throws(ClientError) {
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
                    throw .timedOut(doing: "sending to the daemon")
                }
            } else if errno != EINTR {
                throw .connectionLost
            }
        }
    }

    /// What has arrived, without waiting: `nil` when nothing has, an empty array when the other side has finished.
    public func receiveAvailable() throws(ClientError) -> [UInt8]? {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if received < 0 { failure = errno }
                count = max(0, received)
            }
            switch failure {
            case 0: return bytes
            case EAGAIN: return nil
            case EINTR: continue
            default: throw .connectionLost
            }
        }
    }

    /// Waits for bytes; an empty array when the other side has finished.
    public func receive(until deadline: ContinuousClock.Instant, doing: String) throws(ClientError) -> [UInt8] {
        while true {
            if let bytes = try receiveAvailable() { return bytes }
            let next = onWait == nil ? deadline : min(deadline, .now + Self.slice)
            if !Poll.wait(descriptor, events: POLLIN, until: next) {
                guard ContinuousClock.now < deadline else { throw .timedOut(doing: doing) }
                onWait?()
            }
        }
    }
}
