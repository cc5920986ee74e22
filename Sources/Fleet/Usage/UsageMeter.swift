/// Measures what one session uses and cuts it into ticks of 30 s, from RUNNING to the end (control-plane §7.9).
///
/// It counts in whole thousandths and hands out differences of running totals: the ticks, added as ``UsageMetrics``
/// adds them, are the total exactly, and no rounding piles up.
///
/// A plain value: the caller reports what happened, calls ``wake(at:)`` at ``deadline`` and ``finish(at:)`` once,
/// before the session's last events (§2.4).
public struct UsageMeter: Sendable {
    public static let interval = Duration.seconds(30)
    private static let intervalNanoseconds: Int64 = 30_000_000_000

    public let providerID: ProviderID
    /// Everything in ticks so far.
    public private(set) var ticked = UsageMetrics.zero
    /// When the tick in progress began; `nil` before RUNNING and after the end.
    private var intervalStart: MonotonicTime?
    private var isFinished = false
    /// Since when it is in RUNNING, as far as not yet in `runningNanoseconds`.
    private var runningSince: MonotonicTime?
    private var runningNanoseconds: Int64 = 0
    private var terminalBytes = 0
    private var commands = 0
    private var approvals = 0
    /// Written or deleted in this interval.
    private var files: Set<String> = []
    /// Thousandths that are in ticks.
    private var tickedMilliseconds: Int64 = 0
    private var tickedTerminal = 0

    public init(providerID: ProviderID) { self.providerID = providerID }

    /// When the next tick is due; `nil` before RUNNING and after the end.
    public var deadline: MonotonicTime? { intervalStart.map { $0 + Self.interval } }

    // MARK: - News

    /// Reports the session's state. Ticks begin with the first RUNNING; only time in RUNNING counts.
    public mutating func stateChanged(to state: SessionState, at now: MonotonicTime) {
        guard !isFinished else { return }
        settle(at: now)
        runningSince = state == .running ? now : nil
        if state == .running, intervalStart == nil { intervalStart = now }
    }

    /// Reports output of the program, in its own bytes.
    public mutating func produced(bytes: Int) { terminalBytes += bytes }

    /// Reports a file. Each counts once in an interval, and only if it was written or deleted.
    public mutating func touched(_ file: FileTouch) {
        switch file.reason {
        case .write, .delete: files.insert(file.path)
        case .read, .diff: break
        }
    }

    /// Reports simple commands that were seen.
    public mutating func ran(commands count: Int = 1) { commands += count }

    public mutating func approvalRequested() { approvals += 1 }

    /// Reports an event of the session, if it is one that counts: a state, a file or an approval. Terminal output is
    /// reported by ``produced(bytes:)``, since what viewers get may be less.
    public mutating func observe(_ event: RunnerEvent.Body, at now: MonotonicTime) {
        switch event {
        case .sessionStateChanged(let change): stateChanged(to: change.newState, at: now)
        case .fileTouched(let file): touched(file)
        case .approvalRequested: approvalRequested()
        case .sessionStarted, .sessionEnded, .terminalChunk, .diffSummary, .testRunStarted, .testRunFinished,
            .approvalResolved, .alertRaised, .usageTick:
            break
        }
    }

    // MARK: - Ticks

    /// Reacts to the passing of time: returns the tick that is due. Woken late, it ends at the last full interval, and
    /// stands for as many as have passed.
    public mutating func wake(at now: MonotonicTime) -> UsageTick? {
        guard let intervalStart else { return nil }
        let passed = (now.nanoseconds - intervalStart.nanoseconds) / Self.intervalNanoseconds
        guard passed > 0 else { return nil }
        let end = MonotonicTime(nanoseconds: intervalStart.nanoseconds + passed * Self.intervalNanoseconds)
        settle(at: end)
        self.intervalStart = end
        return tick(milliseconds: Double(passed * Self.intervalNanoseconds / 1_000_000))
    }

    /// Ends the session's usage and returns the tick for the rest of the interval, if there is anything to tell.
    /// Afterwards ``total`` is `SESSION_ENDED.totalUsage`.
    public mutating func finish(at now: MonotonicTime) -> UsageTick? {
        guard !isFinished else { return nil }
        settle(at: now)
        runningSince = nil
        isFinished = true
        let passed = intervalStart.map { max(0, now.nanoseconds - $0.nanoseconds) / 1_000_000 } ?? 0
        intervalStart = nil
        guard passed > 0 || pending != .zero else { return nil }
        return tick(milliseconds: Double(max(1, passed)))
    }

    /// Everything used so far, up to the last time that was reported.
    public var total: UsageMetrics { ticked + pending }

    // MARK: - Private

    /// Counts the time in RUNNING up to now.
    private mutating func settle(at now: MonotonicTime) {
        guard let since = runningSince, now > since else { return }
        runningNanoseconds += now.nanoseconds - since.nanoseconds
        runningSince = now
    }

    private var terminalThousandths: Int { (terminalBytes * 1000 + 512) / 1024 }

    private var pending: UsageMetrics {
        UsageMetrics(
            agentSeconds: Double(runningNanoseconds / 1_000_000 - tickedMilliseconds) / 1000,
            terminalKb: Double(terminalThousandths - tickedTerminal) / 1000, filesTouched: files.count,
            commandsRun: commands, approvalsRequested: approvals)
    }

    private mutating func tick(milliseconds: Double) -> UsageTick {
        let units = pending
        tickedMilliseconds = runningNanoseconds / 1_000_000
        tickedTerminal = terminalThousandths
        files.removeAll()
        commands = 0
        approvals = 0
        ticked += units
        return UsageTick(providerID: providerID, units: units, intervalMs: milliseconds)
    }
}
