/// The numbered events behind the cursor of runtime-rpc §8: which numbers are given, and what a cursor is answered.
///
/// It holds the newest events; the rest is in the database, whose retention it is told of.
public struct RuntimeEventLog: Equatable, Sendable {
    /// An event with its number and its time.
    public struct Record: Hashable, Sendable {
        public var sequence: UInt64
        public var at: Timestamp
        public var event: RuntimeEvent

        public init(sequence: UInt64, at: Timestamp, event: RuntimeEvent) {
            self.sequence = sequence
            self.at = at
            self.event = event
        }
    }

    public enum Answer: Equatable, Sendable {
        /// All there is after the cursor, and the cursor to continue from. None is a reason to wait.
        case events(ArraySlice<Record>, cursor: UInt64)
        /// Events `from < sequence <= through` are asked for, and memory does not reach back so far.
        case older(from: UInt64, through: UInt64)
        /// The cursor points to what is no longer, or not yet, there. `oldest` can be asked for.
        case expired(oldest: UInt64)
    }

    /// How many events are held in memory.
    public static let memoryLimit = 10_000
    /// How many events are never dropped, however old they are (§8).
    public static let retainedCount = 10_000
    /// How old in milliseconds an event must be to be dropped, however many there are: seven days (§8).
    public static let retainedAge: Int64 = 604_800_000

    /// The number of the oldest event that is still there, in memory or in the database; `nil` while there is none.
    public private(set) var firstSequence: UInt64?
    /// The number of the newest event that was appended; 0 before the first.
    public private(set) var lastSequence: UInt64
    /// The number that ``takeSequence()`` gives next.
    public private(set) var nextSequence: UInt64
    private var records: [Record]

    /// Continues a log of which the newest records are at hand, in order.
    public init(firstSequence: UInt64? = nil, lastSequence: UInt64 = 0, tail: [Record] = []) {
        self.firstSequence = firstSequence ?? tail.first?.sequence
        self.lastSequence = max(lastSequence, tail.last?.sequence ?? 0)
        nextSequence = self.lastSequence + 1
        records = tail.suffix(Self.memoryLimit)
    }

    /// The events held in memory.
    public var tail: ArraySlice<Record> { records.suffix(Self.memoryLimit) }

    // MARK: - Numbering

    /// Gives the number of an event that goes into the journal now. No number is given twice.
    public mutating func takeSequence() -> UInt64 {
        defer { nextSequence += 1 }
        return nextSequence
    }

    /// Takes an event that is durable under a number of ``takeSequence()``. They come in order.
    public mutating func append(_ event: RuntimeEvent, sequence: UInt64, at: Timestamp) {
        precondition(sequence > lastSequence, "events are appended in the order of their numbers")
        lastSequence = sequence
        nextSequence = max(nextSequence, sequence + 1)
        if firstSequence == nil { firstSequence = sequence }
        records.append(Record(sequence: sequence, at: at, event: event))
        // In pieces: cutting off one at a time would move all the others each time.
        if records.count >= Self.memoryLimit + Self.memoryLimit / 4 {
            records.removeFirst(records.count - Self.memoryLimit)
        }
    }

    /// Numbers and takes an event that is durable already.
    @discardableResult
    public mutating func append(_ event: RuntimeEvent, at: Timestamp) -> UInt64 {
        let sequence = takeSequence()
        append(event, sequence: sequence, at: at)
        return sequence
    }

    // MARK: - Answering

    /// Answers a cursor; none at all is before everything (D-24).
    public func answer(since cursor: UInt64?) -> Answer {
        let cursor = cursor ?? 0
        // With no event left, the next one is the first; and no event has the number 0.
        let oldest = max(firstSequence ?? lastSequence + 1, 1) - 1
        guard cursor >= oldest, cursor <= lastSequence else { return .expired(oldest: oldest) }
        if cursor == lastSequence { return .events([], cursor: lastSequence) }
        let tail = tail
        guard let first = tail.first, cursor + 1 >= first.sequence || first.sequence == firstSequence else {
            return .older(from: cursor, through: lastSequence)
        }
        let start = records.partitioningIndex { $0.sequence > cursor }
        return .events(records[max(start, tail.startIndex)...], cursor: lastSequence)
    }

    // MARK: - Retention

    /// How many leading events may be dropped: those that are both beyond the newest 10 000 and older than a week (§8).
    public static func droppable(count: Int, leadingOlderThanRetained: Int) -> Int {
        max(0, min(count - retainedCount, leadingOlderThanRetained))
    }

    /// The time before which an event is old enough.
    public static func oldestRetained(at now: Timestamp) -> Timestamp { now + -retainedAge }

    /// How many of these, which are all there are, may be dropped.
    public static func droppable(_ records: some Collection<Record>, at now: Timestamp) -> Int {
        let oldest = oldestRetained(at: now)
        let old = records.prefix { $0.at < oldest }.count
        return droppable(count: records.count, leadingOlderThanRetained: old)
    }

    /// Is told the first number that the database still has, after events were dropped there.
    public mutating func dropped(before first: UInt64) {
        guard let known = firstSequence, first > known else { return }
        firstSequence = min(first, lastSequence)
        records.removeFirst(records.partitioningIndex { $0.sequence >= first })
    }
}
