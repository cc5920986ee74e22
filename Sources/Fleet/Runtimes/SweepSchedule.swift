/// When to look at the running rows: at an interval, and at once when the machine has slept (runtime-rpc §4.3).
public struct SweepSchedule: Equatable, Sendable {
    private let settings: RuntimeSettings
    private var lastWake: Moment
    private var nextSweep: MonotonicTime

    /// Begins after the sweep that every start makes.
    public init(_ settings: RuntimeSettings = RuntimeSettings(), at now: Moment) {
        self.settings = settings
        lastWake = now
        nextSweep = now.monotonic + settings.sweepInterval
    }

    /// When ``woke(at:)`` is to be called next.
    public var nextWake: MonotonicTime { min(lastWake.monotonic + settings.resumePollInterval, nextSweep) }

    /// Takes the passing of time, and says whether to sweep now.
    ///
    /// Time asleep does not move the monotonic clock, so a gap shows on the wall clock alone. One that is set forward
    /// looks the same and costs a sweep; set back, it shows nothing.
    public mutating func woke(at now: Moment) -> Bool {
        let hasSlept = Duration.milliseconds(now.wall - lastWake.wall) > settings.resumeGapThreshold
        lastWake = now
        guard hasSlept || now.monotonic >= nextSweep else { return false }
        nextSweep = now.monotonic + settings.sweepInterval
        return true
    }
}
