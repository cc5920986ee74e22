/// What `/proc` said of a pid (runtime-rpc §4.4). Fields that could not be read are `nil`.
public struct ProcessObservation: Hashable, Sendable {
    /// Field 22 of `/proc/<pid>/stat`: clock ticks between boot and start.
    public var startTicks: UInt64?
    /// The same as a time of the calendar, for rows that know nothing better.
    public var startTime: PreciseTime?
    /// Whether it has ended and waits for its parent to notice.
    public var isZombie: Bool

    public init(startTicks: UInt64? = nil, startTime: PreciseTime? = nil, isZombie: Bool = false) {
        self.startTicks = startTicks
        self.startTime = startTime
        self.isZombie = isZombie
    }
}

/// Whether a pid is still the runtime that had it (runtime-rpc §4.4, D-11).
public enum ProcessFinding: Hashable, Sendable, CaseIterable {
    case alive
    case gone
    /// Another process has its pid now.
    case reused
    /// There is a process, and nothing to compare it by. It counts as alive.
    case unknown

    /// How far two readings of one start time may be apart.
    public static let tolerance: Duration = .seconds(2)

    /// Judges what was found under the runtime's pid; `observed` is `nil` when there was no such process.
    ///
    /// Ticks count from boot and do not move with the wall clock, so a row that has them is compared by nothing else:
    /// a clock that is set must never make a stranger of a runtime.
    public static func judge(
        expected: RuntimeLifecycle, observed: ProcessObservation?, currentBootID: String?, isShimAlive: Bool
    ) -> ProcessFinding {
        if let boot = expected.bootID, let currentBootID, boot != currentBootID { return .gone }
        guard let observed else { return .gone }
        let finding = compare(expected, observed)
        // Its parent is the one to tell how it ended; without one nobody will.
        if observed.isZombie, finding != .reused { return isShimAlive ? finding : .gone }
        return finding
    }

    private static func compare(_ expected: RuntimeLifecycle, _ observed: ProcessObservation) -> ProcessFinding {
        if let ticks = expected.startTicks {
            return observed.startTicks.map { $0 == ticks ? .alive : .reused } ?? .unknown
        }
        guard let started = expected.startTime, let found = observed.startTime else { return .unknown }
        let (difference, overflows) = found.nanoseconds.subtractingReportingOverflow(started.nanoseconds)
        return !overflows && difference.magnitude <= 2_000_000_000 ? .alive : .reused
    }
}
