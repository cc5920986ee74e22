import CSystem
import Glibc

/// The two ends of a pipe, both closed when a program is started that does not get them.
struct PipeEnds {
    var reading: Int32
    var writing: Int32

    init() throws(ReactorError) {
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) < 0 { throw ReactorError("no pipe could be made", code: errno) }
        // A program started meanwhile closes all that it was not given, so the moment before this matters to nobody.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = ends[0]
        writing = ends[1]
    }

    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}

/// Our end of a pipe that a program writes to.
@Loop
final class PipeReader {
    private var watcher: DescriptorWatcher?
    private var received: (@Loop (UnsafeRawBufferPointer) -> Void)?
    private var ended: (@Loop () -> Void)?

    /// One read's size, and how many of them a readable pipe gets before others have their turn.
    private static let size = 64 << 10
    private static let readsAtOnce = 4
    /// All reads share it: what arrives is used up within the call.
    private static let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 1)

    /// Owns the descriptor. `ended` is told once, by the writers' end; after `close()` nothing is told.
    init(
        _ descriptor: Int32, received: @escaping @Loop (UnsafeRawBufferPointer) -> Void,
        ended: @escaping @Loop () -> Void
    ) {
        drover_set_nonblocking(descriptor)
        self.received = received
        self.ended = ended
        let watcher = DescriptorWatcher(descriptor) { [weak self] _ in self?.read() }
        self.watcher = watcher
        watcher.watch(.readable)
    }

    private func read() {
        for _ in 0..<Self.readsAtOnce {
            guard let watcher else { return }
            let count = Glibc.read(watcher.descriptor, Self.buffer.baseAddress, Self.size)
            if count > 0 {
                received?(UnsafeRawBufferPointer(rebasing: Self.buffer[..<count]))
                if count < Self.size { return }
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                return
            } else {
                let ended = ended
                close()
                ended?()
                return
            }
        }
    }

    func close() {
        watcher?.close()
        watcher = nil
        received = nil
        ended = nil
    }
}

/// Our end of a pipe that a program reads from.
@Loop
final class PipeWriter {
    private var watcher: DescriptorWatcher?
    private var pending: [UInt8] = []
    private var sent = 0
    private var isFinishing = false

    /// Owns the descriptor.
    init(_ descriptor: Int32) {
        drover_set_nonblocking(descriptor)
        watcher = DescriptorWatcher(descriptor) { [weak self] _ in self?.flush() }
    }

    /// Bytes that the pipe has not taken.
    var backlog: Int { pending.count - sent }

    func write(_ bytes: [UInt8]) {
        guard watcher != nil, !isFinishing, !bytes.isEmpty else { return }
        pending += bytes
        flush()
    }

    /// Closes once everything is written.
    func finish() {
        isFinishing = true
        flush()
    }

    private func flush() {
        guard let watcher else { return }
        while sent < pending.count {
            let count = pending.withUnsafeBytes {
                Glibc.write(watcher.descriptor, $0.baseAddress! + sent, $0.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                watcher.watch(.writable)
                return
            }
            // The reader has closed its end: nobody wants the rest.
            if count < 0 { return close() }
            sent += count
        }
        pending.removeAll(keepingCapacity: pending.capacity < 64 << 10)
        sent = 0
        if isFinishing { close() } else { watcher.watch([]) }
    }

    func close() {
        watcher?.close()
        watcher = nil
        pending = []
        sent = 0
    }
}
