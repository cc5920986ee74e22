/// Measures what one session uses and tells it every 30 s (control-plane §7.9).
///
/// A plain value. Seconds count in RUNNING only; waiting and pausing are free. The ticks add up to ``total`` exactly,
/// since each is the difference of two rounded totals.
public struct UsageMeter: Equatable, Sendable {
    public static let interval = Duration.seconds(30)
    /// Distinct paths that are counted in one interval.
    static let pathLimit = 10_000

    private let providerID: ProviderID
    private var runningSince: MonotonicTime?
    private var runningMs: Int64 = 0
    private var bytes = 0
    private var touchedBefore = 0
    private var touched: Set<String> = []
    private var commandsRun = 0
    private var approvalsRequested = 0
    private var tickedAt: MonotonicTime?
    private var ticked = UsageMetrics.zero

    public init(providerID: ProviderID) { self.providerID = providerID }

    // MARK: What happens

    /// Reports the state of the session. The first RUNNING starts the ticks.
    public mutating func entered(_ state: SessionState, at now: MonotonicTime) {
        settle(at: now)
        runningSince = state == .running ? now : nil
        if state == .running, tickedAt == nil { tickedAt = now }
    }

    /// Reports bytes of terminal output.
    public mutating func output(_ count: Int) { bytes += count }

    /// Reports a touched file; only what was written or deleted counts, once in an interval.
    public mutating func touched(_ touch: FileTouch) {
        guard touch.reason == .write || touch.reason == .delete, touched.count < Self.pathLimit else { return }
        touched.insert(touch.path)
    }

    /// Reports simple commands that were run.
    public mutating func commands(_ count: Int = 1) { commandsRun += count }

    public mutating func approvalRequested() { approvalsRequested += 1 }

    // MARK: Ticks

    /// All that was ticked so far; after ``finish(at:)`` all there is.
    public var total: UsageMetrics { ticked }

    public var nextTick: MonotonicTime? { tickedAt.map { $0 + Self.interval } }

    /// The tick that is due, if one is.
    public mutating func tick(at now: MonotonicTime) -> UsageTick? {
        guard let due = nextTick, due <= now else { return nil }
        return take(at: now)
    }

    /// The last tick, for the interval that was not full, and the end of all ticks. `nil` if nothing was left to tell.
    public mutating func finish(at now: MonotonicTime) -> UsageTick? {
        defer { tickedAt = nil }
        settle(at: now)
        runningSince = nil
        if tickedAt == nil {
            // It never ran; what it wrote all the same is told.
            guard measured != ticked else { return nil }
            tickedAt = now + .milliseconds(-1)
        }
        guard let last = tickedAt, now > last || measured != ticked else { return nil }
        return take(at: max(now, last + .milliseconds(1)))
    }

    private mutating func take(at now: MonotonicTime) -> UsageTick? {
        guard let last = tickedAt else { return nil }
        settle(at: now)
        let measured = measured
        let units = UsageMetrics(
            agentSeconds: Self.rounded(measured.agentSeconds - ticked.agentSeconds),
            terminalKb: Self.rounded(measured.terminalKb - ticked.terminalKb),
            filesTouched: measured.filesTouched - ticked.filesTouched,
            commandsRun: measured.commandsRun - ticked.commandsRun,
            approvalsRequested: measured.approvalsRequested - ticked.approvalsRequested)
        ticked += units
        touchedBefore = measured.filesTouched
        touched = []
        tickedAt = now
        let (seconds, attoseconds) = (now - last).components
        let elapsed = Double(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        return UsageTick(providerID: providerID, units: units, intervalMs: max(1, elapsed))
    }

    private var measured: UsageMetrics {
        UsageMetrics(
            agentSeconds: Double(runningMs) / 1000, terminalKb: Self.rounded(Double(bytes) / 1024),
            filesTouched: touchedBefore + touched.count, commandsRun: commandsRun,
            approvalsRequested: approvalsRequested)
    }

    private mutating func settle(at now: MonotonicTime) {
        guard let since = runningSince, now > since else { return }
        let (seconds, attoseconds) = (now - since).components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        runningMs += milliseconds
        runningSince = since + .milliseconds(milliseconds)
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
