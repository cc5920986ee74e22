/// A set of ids that may say yes to one that is not in it, of a hundred to about one, and never says no to one that is
/// (a Bloom filter): what asks a database whether it has an id need not ask when it has not.
public struct KnownIDs: Sendable {
    /// Ids that it takes before it says yes too often.
    public let capacity: Int
    public private(set) var count = 0
    private var words: [UInt64]

    private static let bitsPerID = 10
    private static let probes = 7

    public init(capacity: Int) {
        self.capacity = max(1, capacity)
        words = [UInt64](repeating: 0, count: (self.capacity * Self.bitsPerID + 63) / 64)
    }

    public var isFull: Bool { count >= capacity }

    public mutating func insert(_ id: String) {
        count += 1
        for bit in bits(of: id) { words[bit >> 6] |= 1 << UInt64(bit & 63) }
    }

    public func mayContain(_ id: String) -> Bool {
        bits(of: id).allSatisfy { words[$0 >> 6] & 1 << UInt64($0 & 63) != 0 }
    }

    /// Two halves of one hash make all the others.
    private func bits(of id: String) -> some Sequence<Int> {
        let hash = UInt64(bitPattern: Int64(id.hashValue))
        let (start, step) = (hash & 0xFFFF_FFFF, hash >> 32 | 1)
        let total = UInt64(words.count) * 64
        return (0..<UInt64(Self.probes)).lazy.map { Int((start &+ $0 &* step) % total) }
    }
}
