import Fleet
import Reactor

/// Reads along with one session: finds test runs, raises alerts, meters usage (control-plane §7.7 to §7.9).
///
/// Each report gives the events that follow from it.
struct WorkObserver {
    /// The key of the session's own program, for the detector of test runs.
    private static let program = "program"

    private let argv: [String]
    private let roomPath: String?
    private var detector = TestRunDetector()
    private var alerts: AlertRules
    private var meter: UsageMeter
    private var lastSequence: Int?

    init(_ config: SessionConfig, limit: Duration?, at now: MonotonicTime) {
        argv = config.command?.argv ?? []
        roomPath = config.roomPath
        alerts = AlertRules(
            agentID: config.agentID, repo: config.repoRef.repoPath, limit: limit,
            startedAt: now)
        meter = UsageMeter(providerID: config.providerID)
    }

    /// What all ticks add up to.
    var totalUsage: UsageMetrics { meter.total }
    var nextUsageTick: MonotonicTime? { meter.nextTick }

    /// When `wake` may have something to say.
    var deadline: MonotonicTime? { [detector.nextWake, alerts.nextWake].compactMap { $0 }.min() }

    /// An event of the session was published.
    mutating func saw(_ event: RunnerEvent, at now: MonotonicTime) -> [RunnerEvent.Body] {
        lastSequence = event.sequence
        switch event.body {
        case .sessionStateChanged(let change): meter.entered(change.newState, at: now)
        case .fileTouched(let touch): meter.touched(touch)
        case .approvalRequested: meter.approvalRequested()
        case .terminalChunk(let chunk):
            if let lost = chunk.lost,
                let alert = alerts.throttled(lost, sequence: event.sequence, id: Self.newAlertID(), at: now)
            {
                return [.alertRaised(alert)]
            }
        default: break
        }
        return raise(alerts.observed(event, id: Self.newAlertID(), at: now))
    }

    /// The program runs.
    mutating func started(at now: MonotonicTime) -> [RunnerEvent.Body] {
        guard !argv.isEmpty else { return [] }
        meter.commands(1)
        return detector.started(Self.program, argv: argv, at: now).map { [.testRunStarted($0)] } ?? []
    }

    /// The agent ran a command of its own.
    mutating func commandRun() { meter.commands(1) }

    /// Output was recorded.
    mutating func read(_ bytes: [UInt8], at now: MonotonicTime) {
        meter.output(bytes.count)
        if detector.isRunning { bytes.withUnsafeBytes { detector.output($0, at: now) } }
    }

    mutating func redacted(_ secrets: Int, at now: MonotonicTime) -> [RunnerEvent.Body] {
        raise(alerts.secretsRedacted(secrets, sequence: lastSequence, id: Self.newAlertID(), at: now))
    }

    /// The recording has stopped growing; the session goes on unrecorded.
    func recordingFailed(_ reason: String) -> [RunnerEvent.Body] {
        [
            .alertRaised(
                Alert(
                    alertID: Self.newAlertID(), severity: .error, category: .performance, title: "Recording stopped",
                    description: "Output is no longer recorded: \(reason)."))
        ]
    }

    /// The program has ended, or is given up when `end` is `nil`.
    mutating func finish(_ end: ProcessEnd?, at now: MonotonicTime) -> [RunnerEvent.Body] {
        if let code = end?.exitCode, let finish = detector.ended(Self.program, exitCode: code, at: now) {
            return [.testRunFinished(finish)]
        }
        if let finish = detector.sessionEnded(at: now) { return [.testRunFinished(finish)] }
        // A program that somebody killed has not failed by itself.
        guard case .code(let code)? = end, !argv.isEmpty else { return [] }
        return raise(
            alerts.commandEnded(argv: argv, exitCode: code, sequence: lastSequence, id: Self.newAlertID(), at: now))
    }

    mutating func wake(at now: MonotonicTime) -> [RunnerEvent.Body] {
        var events: [RunnerEvent.Body] = []
        if let finish = detector.wake(at: now) { events.append(.testRunFinished(finish)) }
        while let alert = alerts.wake(id: Self.newAlertID(), at: now) { events.append(.alertRaised(alert)) }
        return events
    }

    mutating func usageTick(at now: MonotonicTime) -> UsageTick? { meter.tick(at: now) }
    mutating func finalUsageTick(at now: MonotonicTime) -> UsageTick? { meter.finish(at: now) }

    func room(of path: String) -> String? { FileRoom.of(path, sessionRoom: roomPath) }

    private func raise(_ alert: Alert?) -> [RunnerEvent.Body] { alert.map { [.alertRaised($0)] } ?? [] }

    private static func newAlertID() -> AlertID { AlertID(randomBytes: randomID()) }
}
