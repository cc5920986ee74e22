import Fleet
import Glibc

/// The calendar's clock, as finely as chat sessions are ordered by it (chat-runtime §0.3).
enum ChatTime {
    static var now: PreciseTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return PreciseTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension PreciseTime {
    /// Without what is finer than a microsecond.
    var wholeMicroseconds: PreciseTime { PreciseTime(nanoseconds: nanoseconds - (nanoseconds % 1000 + 1000) % 1000) }

    static func + (left: PreciseTime, microseconds: Int64) -> PreciseTime {
        PreciseTime(nanoseconds: left.nanoseconds &+ microseconds &* 1000)
    }
}
