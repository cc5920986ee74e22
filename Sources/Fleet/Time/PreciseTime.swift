/// A moment of the calendar to the nanosecond, as runtime-rpc writes times (§2.1).
public struct PreciseTime: Hashable, Comparable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static func < (left: PreciseTime, right: PreciseTime) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment without what is finer than a millisecond.
    public var timestamp: Timestamp { Timestamp(milliseconds: nanoseconds / 1_000_000) }

    public init(_ timestamp: Timestamp) { self.init(nanoseconds: timestamp.milliseconds &* 1_000_000) }
}
