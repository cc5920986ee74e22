import Fleet

/// So many events in a window that begins with the first one after the last window's end (control-plane §4.4).
public struct FixedWindow: Equatable, Sendable {
    public let limit: Int
    public let length: Duration
    private var start: MonotonicTime?
    private var count = 0

    public init(limit: Int, length: Duration) {
        self.limit = limit
        self.length = length
    }

    /// 20 joins of all kinds in 5000 ms per socket.
    public static var joins: FixedWindow { FixedWindow(limit: 20, length: .milliseconds(5000)) }

    /// 100 events of any kind in 10 s per socket.
    public static var inbound: FixedWindow { FixedWindow(limit: 100, length: .seconds(10)) }

    /// Whether one more is allowed now; it counts if it is.
    public mutating func admits(at now: MonotonicTime) -> Bool {
        if let start, now - start <= length {
            guard count < limit else { return false }
            count += 1
        } else {
            start = now
            count = 1
        }
        return true
    }
}
