/// The newest events of one session, for readers who come back: 2000 events or 4 MiB, whichever is less
/// (control-plane §3.2, `GET …/events`).
///
/// Generic over what the caller keeps: runner events, or their encoded frames. A bound breached drops the oldest.
public struct EventRing<Event: Sendable>: Sendable {
    /// Events after a number.
    public struct Page: Sendable {
        /// In order of their numbers.
        public var items: [Event]
        /// The newest number the ring has seen, 0 if none: a reader who has it has everything.
        public var lastSeq: Int
        /// Whether events the reader asked for are gone: it has to start again from a snapshot.
        public var truncated: Bool
        /// Whether there is more than `limit`: ask again after the last of ``items``.
        public var hasMore: Bool
    }

    private struct Entry: Sendable {
        var seq: Int
        var bytes: Int
        var event: Event
    }

    public let maxEvents: Int
    public let maxBytes: Int
    /// The number of the newest event, 0 before the first.
    public private(set) var lastSeq: Int
    /// What the events kept count for.
    public private(set) var bytes = 0
    /// The number of the newest event that was dropped, or the one the ring began after.
    private var goneSeq: Int
    private var entries: [Entry] = []
    /// Entries before it are dropped, and cleared away together.
    private var head = 0

    /// - Parameter lastSeq: the number of the last event before the ring, when numbering goes on after a restart.
    public init(maxEvents: Int = 2000, maxBytes: Int = 4 * 1024 * 1024, lastSeq: Int = 0) {
        self.maxEvents = maxEvents
        self.maxBytes = maxBytes
        self.lastSeq = lastSeq
        goneSeq = lastSeq
    }

    public var count: Int { entries.count - head }

    /// Keeps an event. The caller owes rising numbers; `bytes` is what it counts for, by its encoded length or near it.
    public mutating func append(_ event: Event, seq: Int, bytes size: Int) {
        precondition(seq > lastSeq, "events are numbered upwards")
        lastSeq = seq
        entries.append(Entry(seq: seq, bytes: size, event: event))
        bytes += size
        while count > maxEvents || (bytes > maxBytes && count > 0) {
            bytes -= entries[head].bytes
            goneSeq = entries[head].seq
            head += 1
        }
        if head > 64, head * 2 >= entries.count {
            entries.removeFirst(head)
            head = 0
        }
    }

    /// The events with numbers above `afterSeq`, at most `limit` of them.
    public func events(afterSeq: Int, limit: Int = 500) -> Page {
        let first = index(after: afterSeq)
        let end = min(entries.count, first + max(0, limit))
        return Page(
            items: entries[first..<end].map(\.event), lastSeq: lastSeq, truncated: afterSeq < goneSeq,
            hasMore: end < entries.count)
    }

    private func index(after seq: Int) -> Int {
        var low = head
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].seq <= seq { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension EventRing<RunnerEvent> {
    /// Keeps a runner event, counted by the length of its terminal data, or of its JSON.
    public mutating func append(_ event: RunnerEvent) {
        let size: Int
        if case .terminalChunk(let chunk) = event.body {
            size = chunk.data.utf8.count + 256
        } else {
            size = event.encoded().count
        }
        append(event, seq: event.sequence, bytes: size)
    }
}
