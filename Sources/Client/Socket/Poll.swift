import Glibc

/// Waits for any of a few descriptors.
public enum Poll {
    /// Returns which of them can be read (or have ended); an empty array when the time is over or a signal came.
    public static func readable(_ descriptors: [Int32], timeout: Duration?) -> [Bool] {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let ready = poll(&polled, nfds_t(polled.count), timeout.map { milliseconds($0) } ?? -1)
        guard ready > 0 else { return [Bool](repeating: false, count: descriptors.count) }
        return polled.map { $0.revents != 0 }
    }

    /// Waits until one descriptor is ready for `events`; false when the time is over.
    static func wait(_ descriptor: Int32, events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return false }
            var polled = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let ready = poll(&polled, 1, milliseconds(left))
            if ready > 0 { return true }
            if ready < 0 && errno != EINTR { return false }
        }
    }

    /// Rounded up, so that waiting never spins.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        if seconds < 0 { return 0 }
        if seconds > 1_000_000 { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
