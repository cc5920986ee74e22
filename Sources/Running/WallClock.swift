import Fleet
import Reactor

/// The time, as facts and lifecycles want it.
public enum WallClock {
    /// The calendar's time.
    public static var now: Timestamp { Timestamp(milliseconds: SystemClock.milliseconds) }

    /// The calendar's time with the loop's, for rules that set deadlines.
    @Loop static var moment: Moment { Moment(wall: now, monotonic: MonotonicTime(milliseconds: Loop.now)) }
}
