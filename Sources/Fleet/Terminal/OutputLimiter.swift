/// Keeps the output that viewers get of one session within 512 KiB/s (control-plane §2.7).
///
/// A burst passes at once; then chunks wait for their turn, in a short queue. When the queue is full its oldest chunks
/// are dropped, and one chunk in their place says how many bytes are missing: its `offset` and `bytes` are those of
/// the gap, and `lost` equals `bytes`. The recording has them all.
public struct OutputLimiter: Equatable, Sendable {
    /// Bytes of data a second.
    public let rate: Int
    /// Bytes that pass at once after a pause.
    public let burst: Int
    /// Bytes that wait.
    public let backlog: Int

    private var tokens: Int
    private var filledAt: MonotonicTime?
    private var queue: [TerminalChunk] = []
    private var queuedBytes = 0
    /// The gap before the queue.
    private var gap: (offset: Int, bytes: Int)?
    /// Bytes dropped so far.
    public private(set) var lostBytes = 0

    public init(rate: Int = 512 * 1024, burst: Int = 1024 * 1024, backlog: Int = 128 * 1024) {
        precondition(rate > 0 && burst >= 2 * EventLimits.chunkBytes, "a burst holds at least two chunks")
        self.rate = rate
        self.burst = burst
        self.backlog = backlog
        tokens = burst
    }

    /// Whether chunks are waiting.
    public var isThrottling: Bool { !queue.isEmpty || gap != nil }

    /// Takes the next chunk and gives those that leave now.
    public mutating func offer(_ chunk: TerminalChunk, at now: MonotonicTime) -> [TerminalChunk] {
        queue.append(chunk)
        queuedBytes += chunk.data.utf8.count
        let chunks = release(at: now)
        if queuedBytes > backlog {
            // Half of them at once, so that there are few gaps rather than one before each chunk.
            while queuedBytes > backlog / 2, !queue.isEmpty { drop() }
        }
        return chunks
    }

    /// When ``release(at:)`` is due; `nil` while nothing waits.
    public var nextRelease: MonotonicTime? {
        guard let filledAt, isThrottling else { return nil }
        let missing = max(0, nextCost - tokens)
        return filledAt + .nanoseconds((missing * 1_000_000_000 + rate - 1) / rate)
    }

    /// Gives the chunks whose turn has come.
    public mutating func release(at now: MonotonicTime) -> [TerminalChunk] {
        fill(at: now)
        var chunks: [TerminalChunk] = []
        while isThrottling, tokens >= nextCost { chunks.append(next()) }
        return chunks
    }

    /// Gives all that waits: the session is over, and its last words matter.
    public mutating func finish() -> [TerminalChunk] {
        var chunks: [TerminalChunk] = []
        while isThrottling { chunks.append(next()) }
        return chunks
    }

    // MARK: Private

    private mutating func fill(at now: MonotonicTime) {
        guard let last = filledAt, now > last else {
            filledAt = filledAt ?? now
            return
        }
        let nanoseconds = now.nanoseconds - last.nanoseconds
        // Longer pauses than it takes to fill the burst are all alike.
        guard nanoseconds / 1_000_000_000 <= Int64(burst / rate + 1) else {
            tokens = burst
            filledAt = now
            return
        }
        let earned = Int(nanoseconds) * rate / 1_000_000_000
        guard earned > 0 else { return }
        tokens = min(burst, tokens + earned)
        // The time that has not earned a whole byte counts for the next.
        filledAt = tokens == burst ? now : last + .nanoseconds(earned * 1_000_000_000 / rate)
    }

    private var nextCost: Int {
        // A mark leaves together with the chunk behind it, not before the gap has its full size.
        (gap.map { Self.mark($0).data.utf8.count } ?? 0) + (queue.first?.data.utf8.count ?? 0)
    }

    private mutating func next() -> TerminalChunk {
        let chunk: TerminalChunk
        if let gap {
            self.gap = nil
            chunk = Self.mark(gap)
        } else {
            chunk = queue.removeFirst()
            queuedBytes -= chunk.data.utf8.count
        }
        tokens -= chunk.data.utf8.count
        return chunk
    }

    private mutating func drop() {
        let chunk = queue.removeFirst()
        queuedBytes -= chunk.data.utf8.count
        let bytes = chunk.bytes ?? chunk.data.utf8.count
        gap = (gap?.offset ?? chunk.offset ?? 0, (gap?.bytes ?? 0) + bytes)
        lostBytes += bytes
    }

    /// Says what is missing. CAN ends an escape sequence that the gap may have cut.
    private static func mark(_ gap: (offset: Int, bytes: Int)) -> TerminalChunk {
        TerminalChunk(
            data: "\u{18}\u{1B}[0m\r\n[\(gap.bytes) bytes of output not shown]\r\n", offset: gap.offset,
            bytes: gap.bytes, lost: gap.bytes)
    }

    public static func == (left: OutputLimiter, right: OutputLimiter) -> Bool {
        left.rate == right.rate && left.burst == right.burst && left.backlog == right.backlog
            && left.tokens == right.tokens && left.filledAt == right.filledAt && left.queue == right.queue
            && left.gap?.offset == right.gap?.offset && left.gap?.bytes == right.gap?.bytes
            && left.lostBytes == right.lostBytes
    }
}
