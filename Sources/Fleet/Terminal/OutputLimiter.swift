/// Keeps a flood of output from drowning its viewers: 512 KiB a second, after a first 1 MiB (control-plane §2.7).
///
/// A token bucket. Within it, chunks pass at once and unchanged. Beyond it, only the newest 64 KiB wait; what is older
/// is left out, and one chunk with `lost` stands in its place, so that offsets stay contiguous. What waits is sent in
/// one piece when the bucket has enough for all of it: a flood is seen as pages with one mark between them.
///
/// A plain value: the caller passes chunks in order (with `offset` and `bytes`) and the time, and calls ``wake(at:)``
/// at ``deadline``. Nothing is lost but the view: the recording has every byte.
public struct OutputLimiter: Sendable {
    /// Bytes of data a second.
    public static let rate = 512 * 1024
    /// Bytes of data after a pause.
    public static let burst = 1024 * 1024
    /// Bytes of data that may wait.
    public static let backlog = 64 * 1024

    /// Bytes of the program that were left out so far.
    public private(set) var lostBytes = 0
    private var tokens = OutputLimiter.burst
    /// `tokens` are as of this time.
    private var filledAt: MonotonicTime?
    private var waiting: [TerminalChunk] = []
    private var waitingBytes = 0
    private var lost: (offset: Int, bytes: Int)?

    public init() {}

    /// Whether output waits or was left out and not yet marked.
    public var isLimiting: Bool { !waiting.isEmpty || lost != nil }

    /// When ``wake(at:)`` is due; `nil` while nothing waits.
    public var deadline: MonotonicTime? {
        guard let filledAt, isLimiting else { return nil }
        let missing = max(0, waitingBytes - tokens)
        return filledAt + .nanoseconds((missing * 1_000_000_000 + Self.rate - 1) / Self.rate)
    }

    // MARK: - Behaviour

    /// Takes the next chunks of the session, and returns what may be sent now.
    public mutating func admit(_ chunks: [TerminalChunk], at now: MonotonicTime) -> [TerminalChunk] {
        guard !chunks.isEmpty else { return [] }
        fill(at: now)
        let size = chunks.reduce(0) { $0 + $1.data.utf8.count }
        if waiting.isEmpty, size <= tokens {
            tokens -= size
            return chunks
        }
        var sent: [TerminalChunk] = []
        for chunk in chunks {
            wait(chunk)
            // Asked after each: the beginning of what came together may pass before its end has to wait.
            if waitingBytes <= tokens { release(into: &sent) }
        }
        return sent
    }

    /// Reacts to the passing of time: returns what waited, once it may be sent.
    public mutating func wake(at now: MonotonicTime) -> [TerminalChunk] {
        guard let deadline, now >= deadline else { return [] }
        fill(at: now)
        var sent: [TerminalChunk] = []
        if waitingBytes <= tokens { release(into: &sent) }
        return sent
    }

    /// Returns what waits, whatever the bucket says: for the end of the output.
    public mutating func flush() -> [TerminalChunk] {
        var sent: [TerminalChunk] = []
        release(into: &sent)
        return sent
    }

    /// The chunk that stands for bytes that were left out. It first ends whatever escape sequence was cut (CAN).
    public static func mark(offset: Int, bytes: Int) -> TerminalChunk {
        TerminalChunk(
            data: "\u{18}\u{1B}[0;2m\r\n[… \(bytes) bytes not shown …]\r\n\u{1B}[0m", offset: offset, bytes: bytes,
            lost: bytes)
    }

    // MARK: - The bucket

    private mutating func fill(at now: MonotonicTime) {
        guard let before = filledAt else {
            filledAt = now
            return
        }
        let passed = now.nanoseconds - before.nanoseconds
        guard passed > 0 else { return }
        if passed >= 4_000_000_000 {
            tokens = Self.burst
            filledAt = now
            return
        }
        // Only whole tokens are taken, with the time they took: the rest of the time counts for the next one.
        let gained = Int(passed) * Self.rate / 1_000_000_000
        tokens += gained
        filledAt = before + .nanoseconds(gained * 1_000_000_000 / Self.rate)
        if tokens >= Self.burst {
            tokens = Self.burst
            filledAt = now
        }
    }

    private mutating func wait(_ chunk: TerminalChunk) {
        waiting.append(chunk)
        waitingBytes += chunk.data.utf8.count
        var dropped = 0
        while waitingBytes > Self.backlog, dropped < waiting.count {
            let oldest = waiting[dropped]
            waitingBytes -= oldest.data.utf8.count
            let bytes = oldest.bytes ?? oldest.data.utf8.count
            lost = (lost?.offset ?? oldest.offset ?? 0, (lost?.bytes ?? 0) + bytes)
            lostBytes += bytes
            dropped += 1
        }
        if dropped > 0 { waiting.removeFirst(dropped) }
    }

    private mutating func release(into sent: inout [TerminalChunk]) {
        if let lost {
            sent.append(Self.mark(offset: lost.offset, bytes: lost.bytes))
            self.lost = nil
        }
        sent += waiting
        tokens -= waitingBytes
        waiting.removeAll(keepingCapacity: true)
        waitingBytes = 0
    }
}
