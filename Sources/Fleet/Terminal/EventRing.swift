/// The latest events of one session, encoded, for whoever missed some (control-plane §3.2: 2000 events, 4 MiB).
public struct EventRing: Equatable, Sendable {
    public static let eventLimit = 2000
    public static let byteLimit = 4 * 1024 * 1024

    /// Events after a number.
    public struct Slice: Equatable, Sendable {
        /// Encoded events, in order.
        public var items: [[UInt8]]
        /// The number of the last event there is, whether it is among the items or not.
        public var lastSequence: Int
        /// Whether events between the number asked for and the first item are gone.
        public var isTruncated: Bool
    }

    private struct Entry: Equatable, Sendable {
        var sequence: Int
        var bytes: [UInt8]
    }

    private var entries: [Entry] = []
    /// Entries before this index are gone; they are swept out when they are half of all.
    private var first = 0
    public private(set) var byteCount = 0
    public private(set) var lastSequence: Int
    /// The highest number that is gone, or was never here.
    private var lastGone: Int

    /// A ring whose session has come as far as `lastSequence` already: those events are gone.
    public init(lastSequence: Int = 0) {
        self.lastSequence = lastSequence
        lastGone = lastSequence
    }

    public var count: Int { entries.count - first }

    /// Takes the next event. A number that is not above the last is refused, as it came before.
    public mutating func append(_ bytes: [UInt8], sequence: Int) {
        guard sequence > lastSequence else { return }
        lastSequence = sequence
        entries.append(Entry(sequence: sequence, bytes: bytes))
        byteCount += bytes.count
        while count > Self.eventLimit || byteCount > Self.byteLimit {
            byteCount -= entries[first].bytes.count
            lastGone = entries[first].sequence
            entries[first].bytes = []
            first += 1
        }
        if first > Self.eventLimit / 2, first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// Up to `limit` events with numbers above `sequence`.
    public func after(_ sequence: Int, limit: Int) -> Slice {
        var low = first
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        let items = entries[low..<min(entries.count, low + max(0, limit))].map(\.bytes)
        return Slice(items: items, lastSequence: lastSequence, isTruncated: lastGone > sequence)
    }

    public static func == (left: EventRing, right: EventRing) -> Bool {
        left.lastSequence == right.lastSequence && left.lastGone == right.lastGone
            && left.entries[left.first...] == right.entries[right.first...]
    }
}
