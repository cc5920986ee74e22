import Fleet
import Reactor

/// The calendar's time, as facts carry it.
enum WallTime {
    static var now: Timestamp { Timestamp(milliseconds: SystemClock.milliseconds) }
}
