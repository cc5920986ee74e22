import CUV
import Glibc

/// What is told of a stream's news. Calls come on the loop, in order; `closed` is the last.
@Loop
public protocol ByteStreamDelegate: AnyObject {
    /// Bytes arrived. They are only valid during the call.
    func streamReceived(_ stream: ByteStream, _ bytes: UnsafeRawBufferPointer)
    /// The peer will send no more. The stream still writes.
    func streamEnded(_ stream: ByteStream)
    /// Everything written so far is in the kernel's hands, after some of it had to wait, or was so much that it might have.
    func streamDrained(_ stream: ByteStream)
    /// The stream is gone, by `close()` or by an error of the peer or the network.
    func streamClosed(_ stream: ByteStream)
}

/// A connected TCP or Unix socket, or a PTY's master side.
///
/// What is written in one turn of the loop leaves in one system call at its end. An idle stream owns no buffer.
@Loop
public final class ByteStream {
    private enum State { case open, finishing, closing, closed }

    public weak var delegate: (any ByteStreamDelegate)?

    private let handle: UnsafeMutableRawPointer
    private var pending: [UInt8] = []
    private var inFlight = 0
    private var isDirty = false
    /// Whether some of what was written had to wait, or was much, since the last time everything had left.
    private var hadToWait = false
    private var isReading = false
    private var state = State.open

    /// From here on a writer may wait for its bytes to leave, and hears when they have.
    private static let muchToWrite = 64 << 10
    /// How long a peer that was said goodbye to may take nothing of what is left.
    private static let lingerTime: Int64 = 5_000

    var handlePointer: UnsafeMutablePointer<uv_handle_t> { handle.assumingMemoryBound(to: uv_handle_t.self) }
    private var stream: UnsafeMutablePointer<uv_stream_t> { handle.assumingMemoryBound(to: uv_stream_t.self) }

    /// Takes over an initialised event-library stream. Reading starts with `resume()`.
    init(adopting handle: UnsafeMutableRawPointer) {
        self.handle = handle
        // The handle keeps its stream alive until the library has let go of it.
        stream.pointee.data = Unmanaged.passRetained(self).toOpaque()
    }

    /// Takes over a descriptor that can be polled, such as a PTY's master side.
    public convenience init(descriptor: Int32) throws(ReactorError) {
        let pipe = UnsafeMutablePointer<uv_pipe_t>.allocate(capacity: 1)
        uv_pipe_init(Loop.executor.uv, pipe, 0)
        let result = uv_pipe_open(pipe, descriptor)
        self.init(adopting: UnsafeMutableRawPointer(pipe))
        if result < 0 {
            close()
            throw ReactorError("cannot watch the descriptor", code: result)
        }
    }

    public var isOpen: Bool { state == .open }

    /// Bytes written that the kernel has not taken yet.
    public var backlog: Int {
        // The library knows how much of what is in flight has left since.
        pending.count + (inFlight > 0 ? uv_stream_get_write_queue_size(stream) : 0)
    }

    // MARK: - Reading

    public func resume() {
        guard state == .open || state == .finishing, !isReading else { return }
        isReading = true
        let result = uv_read_start(
            stream,
            { _, _, buffer in Loop.assumeIsolated { ReadBuffer.shared.lend(buffer!) } },
            { handle, count, buffer in
                nonisolated(unsafe) let handle = handle!
                nonisolated(unsafe) let base = buffer!.pointee.base
                Loop.assumeIsolated {
                    Unmanaged<ByteStream>.fromOpaque(handle.pointee.data).takeUnretainedValue()
                        .received(count, UnsafeRawPointer(base))
                }
            })
        if result < 0 { close() }
    }

    /// Stops reading: the kernel's buffers fill, and then the peer waits.
    public func pause() {
        guard isReading else { return }
        isReading = false
        uv_read_stop(stream)
    }

    private func received(_ count: Int, _ base: UnsafeRawPointer?) {
        if count > 0 {
            if state == .finishing { return }
            delegate?.streamReceived(self, UnsafeRawBufferPointer(start: base, count: count))
        } else if count < 0 {
            pause()
            // A PTY whose last process has closed it answers EIO; that is its end of file.
            if count == Int(UV_EOF.rawValue) || count == Int(UV_EIO.rawValue) {
                // What is still to be sent may be what the peer waits for.
                if state != .finishing { delegate?.streamEnded(self) } else if backlog == 0 { close() }
            } else {
                close()
            }
        }
    }

    // MARK: - Writing

    /// Queues bytes; they leave at the end of this turn. The caller watches `backlog` and decides what to do when it grows.
    public func write(_ bytes: [UInt8]) {
        guard state == .open else { return }
        if pending.isEmpty, bytes.count > 4096 {
            pending = bytes
        } else {
            if pending.isEmpty { pending = SpareBuffers.shared.take() }
            pending.append(contentsOf: bytes)
        }
        markDirty()
    }

    /// As `write`, filling the queue in place.
    public func write(_ fill: (inout [UInt8]) -> Void) {
        guard state == .open else { return }
        if pending.isEmpty { pending = SpareBuffers.shared.take() }
        fill(&pending)
        markDirty()
    }

    private func markDirty() {
        guard !isDirty, !pending.isEmpty else { return }
        isDirty = true
        WriteQueue.shared.add(self)
    }

    /// Hands what is pending to the kernel, as much as it takes.
    fileprivate func flush() {
        isDirty = false
        guard state == .open || state == .finishing, inFlight == 0, !pending.isEmpty else { return }
        var bytes = pending
        pending = []
        var written = 0
        let result = bytes.withUnsafeBytes { bytes -> Int32 in
            var buffer = uv_buf_t(
                base: UnsafeMutablePointer(mutating: bytes.baseAddress!.assumingMemoryBound(to: CChar.self)),
                len: bytes.count)
            return uv_try_write(stream, &buffer, 1)
        }
        if result >= 0 {
            written = Int(result)
        } else if result != UV_EAGAIN.rawValue {
            close()
            return
        }
        if written < bytes.count || bytes.count >= Self.muchToWrite { hadToWait = true }
        if written < bytes.count {
            queue(bytes[written...])
            return
        }
        bytes.removeAll(keepingCapacity: true)
        SpareBuffers.shared.giveBack(bytes)
        flushed()
    }

    private func queue(_ rest: ArraySlice<UInt8>) {
        let request = WriteRequest(rest)
        inFlight = rest.count
        let result = request.start(on: stream) { [self] status in
            inFlight = 0
            if status < 0 {
                close()
            } else if pending.isEmpty {
                flushed()
            } else {
                flush()
            }
        }
        if result < 0 { close() }
    }

    /// Nothing waits any more.
    private func flushed() {
        if hadToWait {
            hadToWait = false
            delegate?.streamDrained(self)
        }
        guard state == .finishing, pending.isEmpty, inFlight == 0 else { return }
        shutDown()
    }

    // MARK: - Closing

    /// Closes when everything written has left, and gives the peer a moment to read it: closing a socket at once while
    /// the peer still sends would make the kernel throw our last words away.
    public func finish() {
        guard state == .open else { return }
        state = .finishing
        linger()
        if pending.isEmpty, inFlight == 0 { shutDown() }
    }

    /// Gives up on a peer that takes nothing any more; one that is slow gets all of it.
    private func linger() {
        let before = backlog
        _ = LoopTimer(after: Self.lingerTime) { [weak self] in
            guard let self, state == .finishing else { return }
            if backlog < before { linger() } else { close() }
        }
    }

    private func shutDown() {
        let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
        let result = uv_shutdown(request, stream) { request, _ in request!.deallocate() }
        if result < 0 {
            request.deallocate()
            close()
            return
        }
        isReading = false
        resume()
    }

    /// Closes now; what the kernel has not taken is lost.
    public func close() {
        guard state != .closing, state != .closed else { return }
        state = .closing
        isReading = false
        pending = []
        uv_close(handlePointer) { handle in
            nonisolated(unsafe) let handle = handle!
            Loop.assumeIsolated {
                let stream = Unmanaged<ByteStream>.fromOpaque(handle.pointee.data).takeRetainedValue()
                stream.state = .closed
                stream.delegate?.streamClosed(stream)
                stream.delegate = nil
                UnsafeMutableRawPointer(handle).deallocate()
            }
        }
    }
}

// MARK: - Buffers

/// The one buffer that all reads share: what arrives is used up within the callback.
@Loop
private final class ReadBuffer {
    static let shared = ReadBuffer()
    private static let size = 64 * 1024
    private let storage = UnsafeMutablePointer<CChar>.allocate(capacity: size)

    func lend(_ buffer: UnsafeMutablePointer<uv_buf_t>) {
        buffer.pointee = uv_buf_t(base: storage, len: Self.size)
    }
}

/// Buffers that streams write into during a turn and give back at its end: an idle stream owns none, and a busy one does
/// not grow its own anew each turn.
@Loop
private final class SpareBuffers {
    static let shared = SpareBuffers()
    /// Kept in all: a thousand connections that are written to in one turn find theirs again.
    private static let limit = 4 << 20
    private static let largest = 64 * 1024
    private var buffers: [[UInt8]] = []
    private var size = 0

    func take() -> [UInt8] {
        if let buffer = buffers.popLast() {
            size -= buffer.capacity
            return buffer
        }
        var buffer: [UInt8] = []
        buffer.reserveCapacity(2048)
        return buffer
    }

    func giveBack(_ buffer: consuming [UInt8]) {
        guard size < Self.limit, (512...Self.largest).contains(buffer.capacity) else { return }
        size += buffer.capacity
        buffers.append(buffer)
    }
}

/// The streams with something to write this turn.
@Loop
private final class WriteQueue {
    static let shared = WriteQueue()
    private var streams: [ByteStream] = []

    func add(_ stream: ByteStream) {
        if streams.isEmpty { Loop.executor.atTurnEnd { WriteQueue.shared.flush() } }
        streams.append(stream)
    }

    private func flush() {
        let dirty = streams
        streams.removeAll(keepingCapacity: dirty.count < 4096)
        for stream in dirty { stream.flush() }
    }
}

/// Bytes that the kernel did not take at once, on their way.
@Loop
private final class WriteRequest {
    private let request = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    private let bytes: UnsafeMutableBufferPointer<CChar>
    private var completion: (@Loop (Int32) -> Void)?

    init(_ rest: ArraySlice<UInt8>) {
        bytes = .allocate(capacity: rest.count)
        rest.withUnsafeBytes { UnsafeMutableRawBufferPointer(bytes).copyMemory(from: $0) }
    }

    func start(on stream: UnsafeMutablePointer<uv_stream_t>, _ completion: @escaping @Loop (Int32) -> Void) -> Int32 {
        self.completion = completion
        request.pointee.data = Unmanaged.passRetained(self).toOpaque()
        var buffer = uv_buf_t(base: bytes.baseAddress, len: bytes.count)
        let result = uv_write(request, stream, &buffer, 1) { request, status in
            nonisolated(unsafe) let request = request!
            Loop.assumeIsolated {
                Unmanaged<WriteRequest>.fromOpaque(request.pointee.data).takeRetainedValue().finished(status)
            }
        }
        if result < 0 { Unmanaged<WriteRequest>.fromOpaque(request.pointee.data).takeRetainedValue().release() }
        return result
    }

    private func finished(_ status: Int32) {
        let completion = completion
        release()
        completion?(status)
    }

    private func release() {
        completion = nil
        bytes.deallocate()
        request.deallocate()
    }
}
