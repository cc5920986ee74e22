/// Finds the test runs of one session and what came of them (control-plane §7.7).
///
/// A plain value. Report commands when they start and end, each under a key of its own, and the output in between;
/// call ``wake(at:)`` at ``nextWake``. Runs inside a run belong to the outer one.
public struct TestRunDetector: Equatable, Sendable {
    /// After which an open run is given up.
    public static let longest = Duration.seconds(30 * 60)
    /// How long after the last line of a summary a run has ended whose exit nobody sees.
    public static let settling = Duration.seconds(1)

    private struct Run: Equatable, Sendable {
        var key: String
        var startedAt: MonotonicTime
        var isExitVisible: Bool
        var summary: TestSummary
        var lines = OutputLines()
        var settlesAt: MonotonicTime?
    }

    private var run: Run?

    public init() {}

    /// Whether a run is open: output need only be fed then.
    public var isRunning: Bool { run != nil }

    /// Reports that a process started. `isExitVisible` says whether ``ended(_:exitCode:at:)`` will follow.
    public mutating func started(
        _ key: String, argv: [String], isExitVisible: Bool = true, at now: MonotonicTime
    ) -> TestRunStart? {
        start(key, TestCommand(argv: argv), isExitVisible, now)
    }

    /// Reports that a shell text is being run.
    public mutating func started(
        _ key: String, shell text: String, isExitVisible: Bool = true, at now: MonotonicTime
    ) -> TestRunStart? {
        start(key, TestCommand(shell: text), isExitVisible, now)
    }

    private mutating func start(
        _ key: String, _ command: TestCommand?, _ isExitVisible: Bool, _ now: MonotonicTime
    ) -> TestRunStart? {
        guard run == nil, let command else { return nil }
        run = Run(key: key, startedAt: now, isExitVisible: isExitVisible, summary: TestSummary(command.family))
        return command.start
    }

    /// Takes output of the session, escape codes and all.
    public mutating func output(_ bytes: UnsafeRawBufferPointer, at now: MonotonicTime) {
        guard var open = run else { return }
        // Taken out so that its buffers are not copied.
        run = nil
        var summary = open.summary
        var isSummary = false
        open.lines.feed(bytes) { if summary.read($0) { isSummary = true } }
        open.summary = summary
        if isSummary, !open.isExitVisible { open.settlesAt = now + Self.settling }
        run = open
    }

    /// Reports that the command of this key ended. What is no test run, or inside one, ends nothing.
    public mutating func ended(_ key: String, exitCode: Int, at now: MonotonicTime) -> TestRunFinish? {
        guard run?.key == key else { return nil }
        return finish(exitCode: exitCode, at: now)
    }

    /// Reports that the session is over: an open run was cut short.
    public mutating func sessionEnded(at now: MonotonicTime) -> TestRunFinish? {
        run == nil ? nil : finish(exitCode: -1, at: now)
    }

    public var nextWake: MonotonicTime? {
        run.map { min($0.startedAt + Self.longest, $0.settlesAt ?? $0.startedAt + Self.longest) }
    }

    /// Ends a run whose summary has settled, or that has lasted too long.
    public mutating func wake(at now: MonotonicTime) -> TestRunFinish? {
        guard let open = run else { return nil }
        if let settlesAt = open.settlesAt, settlesAt <= now { return finish(exitCode: nil, at: now) }
        if open.startedAt + Self.longest <= now { return finish(exitCode: -1, at: now) }
        return nil
    }

    private mutating func finish(exitCode: Int?, at now: MonotonicTime) -> TestRunFinish? {
        guard var open = run else { return nil }
        run = nil
        if let line = open.lines.finish() { open.summary.read(line) }
        let counts = open.summary.counts ?? .zero
        let (seconds, attoseconds) = (now - open.startedAt).components
        let duration = max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
        return TestRunFinish(
            exitCode: exitCode ?? (counts.failed > 0 ? 1 : 0), passed: counts.passed, failed: counts.failed,
            skipped: counts.skipped, duration: Double(duration))
    }
}
