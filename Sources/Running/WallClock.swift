import Fleet
import Glibc
import Reactor

/// The system's clocks.
public enum WallClock {
    /// The calendar's time.
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// The calendar's time with the loop's, for rules that set deadlines.
    @Loop static var moment: Moment { Moment(wall: now, monotonic: MonotonicTime(milliseconds: Loop.now)) }
}

/// Sixteen bytes of the kernel's randomness, for ids.
public func randomBytes(_ count: Int = 16) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        while filled < count {
            let got = getrandom(buffer.baseAddress! + filled, count - filled, 0)
            if got > 0 { filled += got }
        }
    }
}
