/// Cuts the output of a terminal into `TERMINAL_CHUNK`s: as few as a reader can do with, as soon as an eye can tell
/// (control-plane §2.7).
///
/// What comes after a pause is sent at once, so that an echo does not wait. What follows within 16 ms is collected and
/// sent when they are over, or when 16 KiB are there. A UTF-8 sequence is never torn: its beginning waits for the rest.
///
/// A plain value: the caller feeds every byte once, in order, passes the time, and calls ``wake(at:)`` at ``deadline``.
/// Chunks are contiguous: each begins at the offset where the one before ended.
public struct TerminalChunker: Sendable {
    /// How long output is collected after a chunk.
    public static let window = Duration.milliseconds(16)

    /// Offset after the last byte that is in a chunk: what was fed and is not before it is still held here.
    public private(set) var sentOffset: Int
    private var pending: [UInt8] = []
    /// How many of `pending` end between two scalars. The rest, at most three bytes, began a sequence.
    private var complete = 0
    private var windowEnd: MonotonicTime?

    /// - Parameter offset: where the first byte stands in the recorded output.
    public init(offset: Int = 0) { sentOffset = offset }

    /// When ``wake(at:)`` is due; `nil` while nothing waits.
    public var deadline: MonotonicTime? {
        // The beginning of a sequence waits as long as it takes: only another byte or the end can prove it wrong.
        complete > 0 ? windowEnd : nil
    }

    // MARK: - Behaviour

    /// Takes the next bytes of the program, and returns what is to be sent now.
    public mutating func feed(_ bytes: [UInt8], at now: MonotonicTime) -> [TerminalChunk] {
        guard !bytes.isEmpty else { return [] }
        let isOpen = windowEnd.map { now < $0 } ?? false
        if pending.isEmpty, !isOpen {
            // Nothing to join it with: decoded where it stands.
            var chunks: [TerminalChunk] = []
            let taken = bytes.withUnsafeBufferPointer { Self.cut($0, all: true, offset: &sentOffset, into: &chunks) }
            if taken < bytes.count { pending.append(contentsOf: bytes[taken...]) }
            if !chunks.isEmpty { windowEnd = now + Self.window }
            return chunks
        }
        pending.append(contentsOf: bytes)
        complete = pending.withUnsafeBufferPointer { UTF8Boundary.cut($0, at: $0.count) }
        guard !isOpen || pending.count >= EventLimits.chunkBytes else { return [] }
        return send(all: !isOpen, at: now)
    }

    /// Reacts to the passing of time: returns what was collected, once it is due.
    public mutating func wake(at now: MonotonicTime) -> [TerminalChunk] {
        guard let deadline, now >= deadline else { return [] }
        return send(all: true, at: now)
    }

    /// Returns everything that is left, for the end of the output or of the view. A torn sequence becomes U+FFFD.
    public mutating func flush() -> [TerminalChunk] {
        complete = pending.count
        var chunks: [TerminalChunk] = []
        take(all: true, into: &chunks)
        windowEnd = nil
        return chunks
    }

    // MARK: - Cutting

    private mutating func send(all: Bool, at now: MonotonicTime) -> [TerminalChunk] {
        var chunks: [TerminalChunk] = []
        take(all: all, into: &chunks)
        if !chunks.isEmpty { windowEnd = now + Self.window }
        return chunks
    }

    private mutating func take(all: Bool, into chunks: inout [TerminalChunk]) {
        let taken = pending.withUnsafeBufferPointer { buffer in
            Self.cut(
                UnsafeBufferPointer(rebasing: buffer[..<complete]), isWhole: true, all: all, offset: &sentOffset,
                into: &chunks)
        }
        complete -= taken
        if taken == pending.count {
            pending.removeAll(keepingCapacity: pending.capacity <= 1 << 18)
        } else {
            pending.removeFirst(taken)
        }
    }

    /// Appends the chunks of `bytes` and says how many bytes they stand for. What is left began a sequence, unless the
    /// caller knows that the bytes are whole; without `all`, less than a full chunk is left too.
    private static func cut(
        _ bytes: UnsafeBufferPointer<UInt8>, isWhole: Bool = false, all: Bool, offset: inout Int,
        into chunks: inout [TerminalChunk]
    ) -> Int {
        let end = isWhole ? bytes.count : UTF8Boundary.cut(bytes, at: bytes.count)
        var start = 0
        while start < end, all || end - start >= EventLimits.chunkBytes {
            var size = EventLimits.chunkBytes
            while true {
                let stop = end - start <= size ? end : UTF8Boundary.cut(bytes, at: start + size)
                let data = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<stop]), as: UTF8.self)
                if data.utf8.count > EventLimits.chunkBytes {
                    // Some of it is not UTF-8: one such byte may become the three of U+FFFD, but never more.
                    size = EventLimits.chunkBytes / 3
                    continue
                }
                chunks.append(TerminalChunk(data: data, offset: offset, bytes: stop - start))
                offset += stop - start
                start = stop
                break
            }
        }
        return start
    }
}
