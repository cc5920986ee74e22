import Glibc
import Synchronization

/// Why frames no longer travel.
public enum FrameTransportError: Error, Equatable, Sendable {
    /// The descriptor says no; `reason` is the system's own words.
    case broken(reason: String)
    /// A frame has more bytes than that. The rest of it was passed over.
    case tooLong(limit: Int)
}

/// Carries the frames of a bridge (§6.5), one line of JSON each, between two programs.
///
/// Both directions block and belong to one thread each. `close` may come from anywhere, and ends both.
public protocol FrameTransport: AnyObject, Sendable {
    /// Waits for the next frame; `nil` when the other side has ended. After ``FrameTransportError/tooLong(limit:)`` the
    /// next frame can be read.
    func read() throws(FrameTransportError) -> [UInt8]?
    /// Sends a frame, which has no line feed in it. It waits while the other side does not read.
    func write(_ frame: [UInt8]) throws(FrameTransportError)
    func close()
    /// Whether nobody reads what is written any more.
    var isAbandoned: Bool { get }
}

/// A transport over descriptors: standard input and output, a socket, or the pipes of a child.
public final class DescriptorTransport: FrameTransport {
    /// Bytes of one frame.
    public static let frameLimit = 16 << 20

    private struct Reading {
        var buffer: [UInt8] = []
        /// How far the search for a line's end has come.
        var searched = 0
        var isOver = false
        /// Within a frame that is too long.
        var isSkipping = false
    }

    private let input: Int32
    private let output: Int32
    private let ownsDescriptors: Bool
    private let limit: Int
    /// Held by the one thread that reads.
    private let reading = Mutex(Reading())
    private let isClosed = Atomic(false)
    /// Wakes both directions when the transport is closed: the reading end becomes readable.
    private let wake: PrivatePipe

    /// With `ownsDescriptors` they are closed with the transport.
    public init(input: Int32, output: Int32, ownsDescriptors: Bool, frameLimit: Int = DescriptorTransport.frameLimit) {
        self.input = input
        self.output = output
        self.ownsDescriptors = ownsDescriptors
        limit = frameLimit
        guard let wake = PrivatePipe() else {
            preconditionFailure("a pipe needs two descriptors, and there are none left")
        }
        self.wake = wake
        // What writes to a reader that is gone is told by the call, and not by the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        Glibc.close(wake.read)
        Glibc.close(wake.write)
        guard ownsDescriptors else { return }
        Glibc.close(input)
        if output != input { Glibc.close(output) }
    }

    /// Connects to a bridge that listens on a Unix socket.
    public static func connect(to path: String) throws(FrameTransportError) -> DescriptorTransport {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw .broken(reason: "\(path) cannot be the path of a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .broken(reason: reason()) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard result == 0 else {
            let reason = "\(path): \(reason())"
            Glibc.close(descriptor)
            throw .broken(reason: reason)
        }
        return DescriptorTransport(input: descriptor, output: descriptor, ownsDescriptors: true)
    }

    // MARK: - Frames

    public func read() throws(FrameTransportError) -> [UInt8]? {
        // The lock is never waited for: one thread reads.
        let result = reading.withLock { reading in
            Result<[UInt8]?, FrameTransportError> { () throws(FrameTransportError) in try next(&reading) }
        }
        return try result.get()
    }

    private func next(_ reading: inout Reading) throws(FrameTransportError) -> [UInt8]? {
        while true {
            if let end = reading.buffer[reading.searched...].firstIndex(of: UInt8(ascii: "\n")) {
                let frame = Array(reading.buffer[..<end])
                reading.buffer.removeSubrange(...end)
                reading.searched = 0
                let isTooLong = reading.isSkipping || frame.count > limit
                reading.isSkipping = false
                if isTooLong { throw .tooLong(limit: limit) }
                if frame.contains(where: { $0 > 0x20 }) { return frame }
                continue
            }
            if reading.buffer.count > limit {
                reading.isSkipping = true
                reading.buffer.removeAll()
            }
            reading.searched = reading.buffer.count
            if reading.isOver {
                defer {
                    reading.buffer = []
                    reading.searched = 0
                    reading.isSkipping = false
                }
                if reading.isSkipping { throw .tooLong(limit: limit) }
                return reading.buffer.contains { $0 > 0x20 } ? reading.buffer : nil
            }
            try fill(&reading)
        }
    }

    private func fill(_ reading: inout Reading) throws(FrameTransportError) {
        guard wait(for: Int16(POLLIN), on: input) else {
            reading.isOver = true
            return
        }
        var failure: Int32 = 0
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { bytes in
            let count = Glibc.read(input, bytes.baseAddress, bytes.count)
            if count > 0 { reading.buffer.append(contentsOf: bytes[..<count]) }
            if count < 0 { failure = errno }
            return count
        }
        if count == 0 || failure == ECONNRESET { reading.isOver = true }
        if failure != 0, ![EINTR, EAGAIN, ECONNRESET].contains(failure) {
            throw .broken(reason: String(cString: strerror(failure)))
        }
    }

    public func write(_ frame: [UInt8]) throws(FrameTransportError) {
        let bytes = frame + [UInt8(ascii: "\n")]
        var written = 0
        while written < bytes.count {
            // A descriptor that blocks takes what it has room for, at least a little, once it is writable.
            guard wait(for: Int16(POLLOUT), on: output) else { throw .broken(reason: "the bridge is closed") }
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(output, bytes.baseAddress! + written, min(bytes.count - written, 4096))
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR && errno != EAGAIN {
                throw .broken(reason: Self.reason())
            }
        }
    }

    public func close() {
        guard !isClosed.exchange(true, ordering: .sequentiallyConsistent) else { return }
        var byte: UInt8 = 0
        _ = Glibc.write(wake.write, &byte, 1)
        if ownsDescriptors {
            // The other side sees the end now; the descriptors themselves live as long as somebody may use them.
            shutdown(input, Int32(SHUT_RDWR))
            if output != input { shutdown(output, Int32(SHUT_RDWR)) }
        }
    }

    public var isAbandoned: Bool {
        if isClosed.load(ordering: .sequentiallyConsistent) { return true }
        var polled = pollfd(fd: output, events: 0, revents: 0)
        return poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
    }

    /// False when the transport was closed meanwhile.
    private func wait(for events: Int16, on descriptor: Int32) -> Bool {
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            var polled = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polled, 2, -1)
            if count < 0, errno != EINTR { return true }
            if polled[0].revents != 0 { return true }
        }
        return false
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}

/// A pipe that no program inherits.
struct PrivatePipe: Sendable {
    var read: Int32
    var write: Int32

    /// `nil`, with `errno`, when there are no descriptors left.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        read = ends[0]
        write = ends[1]
    }
}
