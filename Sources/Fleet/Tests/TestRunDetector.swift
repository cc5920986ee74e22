/// Notices that a session runs tests, and how they end (control-plane §7.7).
///
/// Best are commands whose exit is known (``commandStarted(_:shell:at:)``, ``processStarted(argv:at:)``); of a command
/// that was only seen (``commandSeen(shell:at:)``) the summary in the output tells. One run is open at a time: what
/// starts inside it belongs to it. A run that stays open for 30 minutes, or to the end, is closed with exit code -1.
///
/// A plain value: the caller reports news in order, calls ``wake(at:)`` at ``deadline``, and redacts `command` before
/// it is sent. Every method returns `TEST_RUN_STARTED` and `TEST_RUN_FINISHED` bodies.
public struct TestRunDetector: Sendable {
    public static let patience = Duration.seconds(30 * 60)
    /// How long after a summary a run is over whose exit nobody sees: there may be another summary.
    public static let settling = Duration.seconds(5)

    private enum Owner: Equatable, Sendable {
        case process
        case command(String)
        case seen
    }

    private struct Run: Sendable {
        var owner: Owner
        var startedAt: MonotonicTime
        var summary: TestSummary
        var families: [TestCommand.Family]
        /// Whether its output comes by itself, and the terminal's does not count.
        var hasOwnOutput = false
        var settlesAt: MonotonicTime?
    }

    private var run: Run?

    public init() {}

    public var isRunning: Bool { run != nil }

    /// When ``wake(at:)`` is due; `nil` while no run is open.
    public var deadline: MonotonicTime? {
        run.map { run in min(run.startedAt + Self.patience, run.settlesAt ?? run.startedAt + Self.patience) }
    }

    // MARK: - The session's own process

    /// Reports the start of the session's program, which may itself be a test (provider `command`).
    public mutating func processStarted(argv: [String], at now: MonotonicTime) -> [RunnerEvent.Body] {
        start(SimpleCommand.all(inArgv: argv), text: ShellWords.join(argv), .process, at: now)
    }

    /// Reports its end, which ends whatever is open.
    public mutating func processExited(code: Int, at now: MonotonicTime) -> [RunnerEvent.Body] {
        run?.owner == .process ? finish(code: code, at: now) : sessionEnded(at: now)
    }

    // MARK: - Commands of an agent

    /// Reports a command whose end will be reported too, by an id of the caller's choice.
    public mutating func commandStarted(_ id: String, shell text: String, at now: MonotonicTime) -> [RunnerEvent.Body] {
        start(SimpleCommand.all(inShell: text), text: text, .command(id), at: now)
    }

    /// The same for a command that is known by its words.
    public mutating func commandStarted(_ id: String, argv: [String], at now: MonotonicTime) -> [RunnerEvent.Body] {
        start(SimpleCommand.all(inArgv: argv), text: ShellWords.join(argv), .command(id), at: now)
    }

    /// Reports output that is known to be a command's. From then on the terminal's is not read for it.
    public mutating func commandOutput(_ id: String, _ bytes: [UInt8], at now: MonotonicTime) {
        guard var run, run.owner == .command(id) else { return }
        if !run.hasOwnOutput {
            run.hasOwnOutput = true
            run.summary = TestSummary(run.families)
        }
        _ = run.summary.feed(bytes)
        self.run = run
    }

    /// Reports the end of a command. `code` is `nil` if it cannot be told.
    public mutating func commandFinished(_ id: String, code: Int?, at now: MonotonicTime) -> [RunnerEvent.Body] {
        guard run?.owner == .command(id) else { return [] }
        return finish(code: code, at: now)
    }

    /// Reports a command that nobody will see the end of, as a line typed into a shell.
    public mutating func commandSeen(shell text: String, at now: MonotonicTime) -> [RunnerEvent.Body] {
        var bodies: [RunnerEvent.Body] = []
        // The shell takes another line: the run before it is over.
        if let run, run.owner == .seen, run.summary.counts != nil { bodies = finish(code: nil, at: now) }
        return bodies + start(SimpleCommand.all(inShell: text), text: text, .seen, at: now)
    }

    // MARK: - Terminal, time, end

    /// Takes output of the session's terminal.
    public mutating func output(_ bytes: [UInt8], at now: MonotonicTime) {
        guard run != nil, run?.hasOwnOutput == false else { return }
        if run?.summary.feed(bytes) == true, run?.owner == .seen { run?.settlesAt = now + Self.settling }
    }

    /// Reacts to the passing of time.
    public mutating func wake(at now: MonotonicTime) -> [RunnerEvent.Body] {
        guard let run, let deadline, now >= deadline else { return [] }
        return finish(code: run.settlesAt.map { now >= $0 } == true ? nil : -1, at: now)
    }

    /// Reports that the session is over: an open run is closed.
    public mutating func sessionEnded(at now: MonotonicTime) -> [RunnerEvent.Body] {
        guard var run else { return [] }
        if run.owner == .seen { run.summary.finish() }
        self.run = run
        return finish(code: run.owner == .seen && run.summary.counts != nil ? nil : -1, at: now)
    }

    // MARK: - Private

    private mutating func start(
        _ commands: [SimpleCommand], text: String, _ owner: Owner, at now: MonotonicTime
    ) -> [RunnerEvent.Body] {
        guard run == nil else { return [] }
        let tests = commands.compactMap(TestCommand.init)
        guard !tests.isEmpty else { return [] }
        let families = tests.map(\.family)
        run = Run(owner: owner, startedAt: now, summary: TestSummary(families), families: families)
        let files = tests.flatMap(\.files)
        return [.testRunStarted(TestRunStart(command: text, testFiles: files.isEmpty ? nil : files))]
    }

    private mutating func finish(code: Int?, at now: MonotonicTime) -> [RunnerEvent.Body] {
        guard var run else { return [] }
        run.summary.finish()
        self.run = nil
        let counts = run.summary.counts ?? TestCounts()
        let nanoseconds = max(0, now.nanoseconds - run.startedAt.nanoseconds)
        return [
            .testRunFinished(
                TestRunFinish(
                    exitCode: code ?? (counts.failed > 0 ? 1 : 0), passed: counts.passed, failed: counts.failed,
                    skipped: counts.skipped, duration: Double(nanoseconds / 1_000_000)))
        ]
    }
}
