/// When a process started: what tells it from others that had its pid (daemon-ipc §8.1).
public struct ProcessStart: Hashable, Sendable {
    /// Seconds since 1970, as the wire has it.
    public var epochSeconds: Int64
    /// Clock ticks after boot; unlike the above they do not move when the clock is set (§8.2).
    public var ticks: UInt64?
    public var bootID: String?

    public init(epochSeconds: Int64, ticks: UInt64? = nil, bootID: String? = nil) {
        self.epochSeconds = epochSeconds
        self.ticks = ticks
        self.bootID = bootID
    }

    /// The start of a process that began `ticks` after boot (§8.2).
    ///
    /// `bootTime` is `btime` of `/proc/stat`, read once at the start; `ticksPerSecond` is the system's `CLK_TCK`.
    public init(ticks: UInt64, bootID: String?, bootTime: Int64, ticksPerSecond: Int64) {
        self.init(
            epochSeconds: bootTime &+ Int64(clamping: ticks / UInt64(max(1, ticksPerSecond))), ticks: ticks,
            bootID: bootID)
    }

    /// Whether both are of the same process: by ticks and boot where both have them, else within two seconds.
    public func matches(_ other: ProcessStart) -> Bool {
        if let ticks, let otherTicks = other.ticks, let bootID, let otherBootID = other.bootID {
            return ticks == otherTicks && bootID == otherBootID
        }
        let (difference, overflows) = epochSeconds.subtractingReportingOverflow(other.epochSeconds)
        return !overflows && difference.magnitude <= 2
    }
}

/// What `/proc` says of a pid (§8.2).
public enum ProcessReading: Hashable, Sendable {
    /// There is no such process, or only what is left of one (states `Z` and `X`).
    case gone
    /// Nobody may know: `/proc` hides it. Never taken for dead.
    case unreadable
    case running(ProcessStart)

    public var start: ProcessStart? {
        if case .running(let start) = self { return start }
        return nil
    }
}

/// Looks at processes for the rules, which do not.
public protocol ProcessView {
    /// What is under that pid now. Asked for the pids of sessions and shells, so it should be quick.
    func reading(of pid: UInt32) -> ProcessReading
}

/// What is remembered of a process (§8.4): a row of the table `process_liveness`.
public struct ProcessLiveness: Hashable, Sendable {
    public var pid: UInt32
    public var start: ProcessStart?
    public var lastSeenAt: Timestamp

    public init(pid: UInt32, start: ProcessStart?, lastSeenAt: Timestamp) {
        self.pid = pid
        self.start = start
        self.lastSeenAt = lastSeenAt
    }

    /// Whether that process is alive; `nil` when nobody knows (§8.3).
    public static func isAlive(_ pid: UInt32, stored: ProcessStart?, _ reading: ProcessReading) -> Bool? {
        guard pid != 0 else { return nil }
        switch reading {
        case .gone: return false
        case .unreadable: return nil
        case .running(let start): return stored?.matches(start) ?? true
        }
    }

    /// Whether the pid is still the process that was seen; `nil` unless both starts are known (§2.3).
    public func identityMatches(_ reading: ProcessReading) -> Bool? {
        guard let start, let current = reading.start else { return nil }
        return start.matches(current)
    }
}
