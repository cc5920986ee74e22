import Bytes
import Fleet
import Reactor

/// A scripted agent for tests and demonstrations: deterministic, without a process (`providerId: "mock"`).
@Loop
public final class MockProvider: Provider {
    public init() {}

    public func start(
        _ config: SessionConfig, environment: [(String, String)], delegate: any ProviderDelegate,
        completion: @escaping @Loop (Result<any ProviderProcess, ProviderStartError>) -> Void
    ) {
        let agent = MockAgent(config, delegate: delegate)
        completion(.success(agent))
        agent.begin()
    }
}

/// One scripted agent.
@Loop
private final class MockAgent: ProviderProcess {
    private let config: SessionConfig
    private let script: MockSpec
    private let delegate: any ProviderDelegate
    private var steps: [@Loop (MockAgent) -> Void] = []
    private var isPaused = false
    private var isSuspended = false
    private var hasEnded = false
    private var line = 0

    let processIdentity: Fleet.ProcessIdentity? = nil
    let inputBacklog = 0

    init(_ config: SessionConfig, delegate: any ProviderDelegate) {
        self.config = config
        self.delegate = delegate
        script = config.mock ?? MockSpec()
    }

    func begin() {
        switch script.script {
        case .all: steps = Self.everyEvent
        case .hold: steps = [{ $0.say("ready\r\n") }]
        case .flood: steps = [{ $0.flood() }]
        }
        scheduleStep()
    }

    private func scheduleStep() {
        _ = LoopTimer(after: Int64(script.stepMs)) { [self] in step() }
    }

    private func step() {
        guard !hasEnded else { return }
        if isPaused || isSuspended {
            scheduleStep()
            return
        }
        guard !steps.isEmpty else { return }
        let step = steps.removeFirst()
        step(self)
        if !steps.isEmpty { scheduleStep() }
    }

    private func say(_ text: String) { delegate.providerWrote(Array(text.utf8)) }

    private func flood() {
        var text = ""
        for _ in 0..<64 {
            line += 1
            text += "line \(line) of an agent that has much to say\r\n"
        }
        say(text)
        steps.append { $0.flood() }
    }

    private func end(_ end: ProcessEnd) {
        guard !hasEnded else { return }
        hasEnded = true
        delegate.providerEnded(end)
    }

    private var approval: ApprovalRequest {
        ApprovalRequest(
            approvalID: ApprovalID(rawValue: "approval-\(config.sessionID.rawValue)"), sessionID: config.sessionID,
            category: .merge, summary: "push to main", risk: .medium, context: ["command": "git push origin main"],
            requestedAt: WallClock.now)
    }

    // MARK: - ProviderProcess

    func write(_ bytes: [UInt8]) { if !hasEnded { delegate.providerWrote(bytes) } }

    func resize(_ size: TerminalSize) { if !hasEnded { say("size \(size.columns)x\(size.rows)\r\n") } }

    func signal(_ signal: Signal) {
        switch signal {
        case .stop: isSuspended = true
        case .continue: isSuspended = false
        default: end(.signal(signal))
        }
    }

    func pauseOutput() { isPaused = true }
    func resumeOutput() { isPaused = false }

    // MARK: - The script of all events

    private static let everyEvent: [@Loop (MockAgent) -> Void] = [
        { $0.say("\u{1B}[1mmock agent\u{1B}[0m at work\r\n") },
        { $0.delegate.providerReported(.fileTouched(path: "Sources/main.swift", reason: .read)) },
        { $0.delegate.providerReported(.fileTouched(path: "Sources/main.swift", reason: .write)) },
        { $0.delegate.providerReported(.fileTouched(path: "Sources/old.swift", reason: .delete)) },
        { $0.delegate.providerReported(.commandRun) },
        {
            $0.delegate.providerReported(
                .testRunStarted(TestRunStart(command: "swift test", testFiles: ["Tests/MainTests.swift"])))
        },
        { $0.say("Test run with 3 tests failed\r\n") },
        {
            $0.delegate.providerReported(
                .testRunFinished(TestRunFinish(exitCode: 1, passed: 2, failed: 1, skipped: 0, duration: 42)))
        },
        { $0.delegate.providerReported(.approvalRequested($0.approval)) },
        {
            $0.delegate.providerReported(
                .approvalResolved(
                    ApprovalResolution(
                        approvalID: $0.approval.approvalID, decision: .allow, resolvedBy: "mock",
                        note: "the script allows it")))
        },
        { $0.say("pushed\r\n") },
        {
            $0.delegate.providerReported(
                .diff(
                    DiffSummary(files: [
                        .init(path: "Sources/main.swift", status: .modified, additions: 4, deletions: 1)
                    ])))
        },
        { $0.end(.code(0)) },
    ]
}
