import Fleet
import Glibc
import Reactor

@testable import Running

/// Calls `body` on the loop, which all tests share, and gives what it returns.
func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { continuation.resume(returning: body()) } }
}

/// Waits for a condition of the loop's; whoever asks says with `#expect` what it means that it never came.
func eventually(
    within limit: Duration = .seconds(20), _ condition: @escaping @Sendable @Loop () -> Bool
) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if await onLoop(condition) { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await onLoop(condition)
}

/// Keeps recordings in memory, and settles them when it is told to.
@Loop
final class FakeRecording: SessionRecording {
    enum Manner: Sendable, Equatable {
        case soon
        /// Nothing is settled before `settle` is called.
        case held
        case failing(String)
    }

    var manner: Manner
    private(set) var bytes: [UInt8] = []
    private(set) var sizes: [TerminalSize] = []
    private(set) var isOpen = false
    private(set) var isClosed = false
    private(set) var mostPending = 0
    private var pending: [(token: UInt64, count: Int)] = []
    private var news: (@Loop (RecordingNews) -> Void)?

    init(_ manner: Manner) { self.manner = manner }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var pendingBytes: Int { pending.reduce(0) { $0 + $1.count } }

    func open(_ config: SessionConfig, at time: Timestamp, news: @escaping @Loop (RecordingNews) -> Void) {
        isOpen = true
        self.news = news
    }

    func append(_ bytes: [UInt8], of session: SessionID, at time: Timestamp, token: UInt64) -> Int {
        self.bytes += bytes
        pending.append((token, bytes.count))
        mostPending = max(mostPending, pendingBytes)
        if manner != .held { Loop.post { self.settle() } }
        return pendingBytes
    }

    func resize(_ session: SessionID, to size: TerminalSize, at time: Timestamp) { sizes.append(size) }

    func close(_ session: SessionID) {
        isClosed = true
        news?(.closed)
        news = nil
    }

    /// Says of everything so far that it is written, or lost.
    func settle() {
        guard let last = pending.last else { return }
        pending = []
        if case .failing(let reason) = manner {
            news?(.settled(token: last.token, failure: reason))
        } else {
            news?(.settled(token: last.token, failure: nil))
        }
    }
}

/// Hears what a runner tells, in order.
@Loop
final class FakeSink: @Loop SessionSink {
    private(set) var events: [RunnerEvent] = []
    /// Everything in a word each.
    private(set) var story: [String] = []
    /// Told of each word.
    var heard: (@Loop (String) -> Void)?

    nonisolated init() {}

    func publish(_ event: RunnerEvent) {
        events.append(event)
        switch event.body {
        case .sessionStateChanged(let change): story.append(change.newState.rawValue)
        case .terminalChunk: if story.last != "output" { story.append("output") }
        default: story.append(event.kind.rawValue)
        }
        heard?(story.last ?? "")
    }

    func note(_ body: JournalEvent.Body, of session: SessionID, at time: Timestamp) {
        story.append(body.type.lowercased())
    }

    var kinds: Set<RunnerEvent.Kind> { Set(events.map(\.kind)) }
    var end: SessionEnd? {
        for case .sessionEnded(let end) in events.map(\.body) { return end }
        return nil
    }
    /// Why it ended, as the last change of state says.
    var reason: String? {
        for case .sessionStateChanged(let change) in events.map(\.body).reversed() { return change.reason }
        return nil
    }
    var chunks: [TerminalChunk] {
        events.compactMap { if case .terminalChunk(let chunk) = $0.body { chunk } else { nil } }
    }
    var output: String { chunks.map(\.data).joined() }
    var ticks: [UsageTick] { events.compactMap { if case .usageTick(let tick) = $0.body { tick } else { nil } } }
    var alerts: [Alert] { events.compactMap { if case .alertRaised(let alert) = $0.body { alert } else { nil } } }
    func hasReached(_ state: SessionState) -> Bool { story.contains(state.rawValue) }
}

/// A runner with one session, a recording and somebody who listens.
@Loop
final class Stage {
    let recording: FakeRecording
    let sink = FakeSink()
    let runner: LocalRunner
    let config: SessionConfig
    private(set) weak var session: RunningSession?

    init(_ config: SessionConfig, _ manner: FakeRecording.Manner, _ limits: SessionLifecycle.Limits) {
        self.config = config
        recording = FakeRecording(manner)
        runner = LocalRunner(
            providers: [.command: CommandProvider(), .mock: MockProvider()], recording: recording,
            environment: SessionEnvironment(of: [("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("DAEMON_ONLY", "x")]),
            limits: limits)
        runner.sink = sink
    }

    /// Starts a program.
    nonisolated static func run(
        _ argv: [String], cwd: String = "/", environment: [String: String] = [:], manner: FakeRecording.Manner = .soon,
        limits: SessionLifecycle.Limits = SessionLifecycle.Limits(grace: .milliseconds(200))
    ) async -> Stage {
        await start(
            SessionConfig(
                sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .command,
                repoRef: .local(path: "/", name: nil, defaultBranch: nil), environment: environment,
                command: CommandSpec(argv: argv, cwd: cwd, size: TerminalSize(columns: 90, rows: 20))),
            manner: manner, limits: limits)
    }

    /// Starts a scripted agent.
    nonisolated static func play(
        _ script: MockSpec.Script, stepMs: Int = 1, manner: FakeRecording.Manner = .soon
    ) async -> Stage {
        await start(
            SessionConfig(
                sessionID: SessionID(randomBytes: randomID()), orgID: "local", providerID: .mock,
                repoRef: .local(path: "/", name: nil, defaultBranch: nil),
                mock: MockSpec(script: script, stepMs: stepMs)),
            manner: manner, limits: SessionLifecycle.Limits(grace: .milliseconds(200)))
    }

    nonisolated static func start(
        _ config: SessionConfig, manner: FakeRecording.Manner, limits: SessionLifecycle.Limits,
        _ then: @escaping @Sendable @Loop (Stage) -> Void = { _ in }
    ) async -> Stage {
        await onLoop {
            let stage = Stage(config, manner, limits)
            stage.runner.start(config) { _ in }
            then(stage)
            return stage
        }
    }

    /// Asks the runner something; gives the refusal.
    nonisolated func ask(
        _ body:
            @escaping @Sendable @Loop (LocalRunner, SessionID, @escaping (Result<Void, RunnerError>) -> Void) -> Void
    ) async -> RunnerError? {
        await onLoop { [self] in
            var answer: Result<Void, RunnerError>?
            body(runner, config.sessionID) { answer = $0 }
            switch answer {
            case .success: return nil
            case .failure(let error): return error
            case nil: return .internal("no answer")
            }
        }
    }

    nonisolated func type(_ text: String) async -> RunnerError? {
        await ask { $0.input(Array(text.utf8), to: $1, completion: $2) }
    }
    nonisolated func stop(graceful: Bool = true) async -> RunnerError? {
        await ask { $0.stop($1, graceful: graceful, completion: $2) }
    }

    nonisolated var ended: Bool {
        get async { await eventually { [self] in sink.end != nil && runner.sessionCount == 0 } }
    }
    nonisolated func reached(_ state: SessionState) async -> Bool {
        await eventually { [self] in sink.hasReached(state) }
    }
    nonisolated func wrote(_ text: String) async -> Bool { await eventually { [self] in sink.output.contains(text) } }
    nonisolated var story: [String] { get async { await onLoop { [self] in sink.story } } }
    nonisolated var output: String { get async { await onLoop { [self] in sink.output } } }
    nonisolated var end: SessionEnd? { get async { await onLoop { [self] in sink.end } } }
    nonisolated var reason: String? { get async { await onLoop { [self] in sink.reason } } }
}
