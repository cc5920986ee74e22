/// A moment of the clock that never jumps, for deadlines: nanoseconds since some start of the caller's choice.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public init(milliseconds: Int64) { nanoseconds = milliseconds &* 1_000_000 }

    /// Whole milliseconds, rounded up: a timer set for them never fires early.
    public var millisecondsRoundedUp: Int64 { (nanoseconds + 999_999) / 1_000_000 }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool { left.nanoseconds < right.nanoseconds }

    public static func + (left: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return MonotonicTime(nanoseconds: seconds < 0 ? .min : .max) }
        let (sum, sumOverflow) = left.nanoseconds.addingReportingOverflow(product + attoseconds / 1_000_000_000)
        return MonotonicTime(nanoseconds: sumOverflow ? (seconds < 0 ? .min : .max) : sum)
    }

    public static func - (left: MonotonicTime, right: MonotonicTime) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

/// One moment as both clocks show it: the calendar's for what is written down, the other for deadlines.
public struct Moment: Equatable, Sendable {
    public var wall: Timestamp
    public var monotonic: MonotonicTime

    public init(wall: Timestamp, monotonic: MonotonicTime) {
        self.wall = wall
        self.monotonic = monotonic
    }

    /// Both clocks moved on by the same time.
    public static func + (left: Moment, duration: Duration) -> Moment {
        let (seconds, attoseconds) = duration.components
        return Moment(
            wall: left.wall + (seconds * 1000 + attoseconds / 1_000_000_000_000_000),
            monotonic: left.monotonic + duration)
    }
}
