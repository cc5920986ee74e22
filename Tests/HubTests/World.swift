import Bytes
import Fleet
import Glibc
import HTTP
import Reactor

@testable import Hub

/// Calls `body` on the loop, which all tests share, and gives what it returns.
func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { continuation.resume(returning: body()) } }
}

/// Lets the loop take everything that was sent before.
func turn() async {
    Loop.runInBackground()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        // A timer fires after the sockets of its turn have been read.
        Loop.post { _ = LoopTimer(after: 0) { continuation.resume() } }
    }
}

/// Waits for a condition of the loop's.
func eventually(
    within limit: Duration = .seconds(10), _ condition: @escaping @Sendable @Loop () -> Bool
) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if await onLoop(condition) { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await onLoop(condition)
}

/// A journal in memory that keeps the promises of a real one: order, uniqueness, nothing told before it is committed.
@Loop
final class MemoryJournal: @Loop Journal {
    enum Manner: Sendable, Equatable {
        case soon
        /// Nothing is committed before `commit`.
        case held
        case failing(JournalError)
    }

    var manner = Manner.soon
    /// Whether pages that were read wait for `deliver`.
    var holdsReads = false
    private(set) var events: [JournalEvent] = []
    private var nextRow: Int64 = 1
    private var waiting: [(events: [JournalEvent], completion: (Result<[Int64], JournalError>) -> Void)] = []
    private var pages: [() -> Void] = []

    nonisolated init() {}

    var waitingCount: Int { waiting.count }
    var pageCount: Int { pages.count }

    func append(_ events: [JournalEvent], completion: @escaping (Result<[Int64], JournalError>) -> Void) {
        waiting.append((events, completion))
        if manner != .held { Loop.post { self.commit(1) } }
    }

    /// Commits the oldest calls that wait, or refuses them.
    func commit(_ count: Int = .max) {
        for _ in 0..<min(count, waiting.count) {
            let item = waiting.removeFirst()
            if case .failing(let error) = manner {
                item.completion(.failure(error))
                continue
            }
            var rowids: [Int64] = []
            for var event in item.events {
                if let known = events.first(where: { $0.id == event.id }) {
                    rowids.append(known.rowid)
                    continue
                }
                event.rowid = nextRow
                nextRow += 1
                events.append(event)
                rowids.append(event.rowid)
            }
            item.completion(.success(rowids))
        }
    }

    /// Begins with what another journal holds.
    func take(over other: MemoryJournal) {
        events = other.events
        nextRow = other.nextRow
    }

    /// Forgets everything before a row.
    func forget(before rowid: Int64) { events.removeAll { $0.rowid < rowid } }

    func read(since rowid: Int64, limit: Int, completion: @escaping (Result<JournalPage, JournalError>) -> Void) {
        let rest = events.filter { $0.rowid > rowid }
        let page = JournalPage(events: Array(rest.prefix(limit)), more: rest.count > limit)
        pages.append { completion(.success(page)) }
        if !holdsReads { Loop.post { self.deliver() } }
    }

    /// Hands over the oldest page that was read.
    func deliver() { if !pages.isEmpty { pages.removeFirst()() } }

    func oldest(completion: @escaping (Result<Int64?, JournalError>) -> Void) {
        let oldest = events.first?.rowid
        Loop.post { [answer = Unshared(completion)] in answer.value(.success(oldest)) }
    }
}

/// Carries a value of the loop through a closure that may be sent.
private struct Unshared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

/// Notes what it is asked, and answers as it is told to.
@Loop
final class FakeRunner: @Loop SessionRunner {
    private(set) var story: [String] = []
    private(set) var resolutions: [ApprovalResolution] = []
    var refusal: RunnerError?

    nonisolated init() {}

    private func answer(_ word: String, _ completion: Completion) {
        story.append(word)
        if let refusal { completion(.failure(refusal)) } else { completion(.success(())) }
    }

    func start(_ config: SessionConfig, completion: @escaping Completion) {
        answer("start \(config.title)", completion)
    }
    func input(_ bytes: [UInt8], to session: SessionID, completion: @escaping Completion) {
        answer("input \(String(decoding: bytes, as: UTF8.self))", completion)
    }
    func resize(_ session: SessionID, to size: TerminalSize, completion: @escaping Completion) {
        answer("resize \(size.columns)x\(size.rows)", completion)
    }
    func stop(_ session: SessionID, graceful: Bool, completion: @escaping Completion) {
        answer(graceful ? "stop" : "stop now", completion)
    }
    func pause(_ session: SessionID, completion: @escaping Completion) { answer("pause", completion) }
    func resume(_ session: SessionID, completion: @escaping Completion) { answer("resume", completion) }
    func signal(_ session: SessionID, _ signal: Signal, completion: @escaping Completion) {
        answer("signal \(signal.name)", completion)
    }
    func resolveApproval(
        _ resolution: ApprovalResolution, of session: SessionID, completion: @escaping Completion
    ) {
        resolutions.append(resolution)
        answer("\(resolution.decision.rawValue) \(resolution.approvalID)", completion)
    }
}

@Loop
final class FakeArchive: RecordingArchive {
    var output: [SessionID: [UInt8]] = [:]
    nonisolated init() {}

    func length(of part: RecordingPart, of session: SessionID, then completion: @escaping @Loop (Int?) -> Void) {
        completion(output[session]?.count)
    }
    func read(
        _ part: RecordingPart, of session: SessionID, from offset: Int, count: Int,
        then completion: @escaping @Loop ([UInt8]?) -> Void
    ) {
        completion(output[session].map { Array($0.dropFirst(offset).prefix(count)) })
    }
}

@Loop
final class FakeHealth: DaemonHealth {
    var isJournalWritable = true
    private(set) var isShutDown = false
    nonisolated init() {}
    func checks(then completion: @escaping @Loop ([HealthCheck]) -> Void) {
        completion([
            HealthCheck(name: "disk", isOK: true, detail: "room enough"),
            HealthCheck(name: "web", isOK: false, detail: "no page", fix: "install it"),
        ])
    }
    func shutDown() { isShutDown = true }
}

/// A hub put together with fakes, and served on a port.
@Loop
final class World {
    let journal = MemoryJournal()
    let runner = FakeRunner()
    let archive = FakeArchive()
    let health = FakeHealth()
    let hub: Hub
    let server: HTTPServer
    private(set) var port: UInt16 = 0
    private var numberings: [SessionID: RunnerEventNumbering] = [:]

    private init(_ change: (inout HubSettings) -> Void) {
        var settings = HubSettings(
            version: "1.2.3", pid: 42, startedAt: Timestamp(milliseconds: 1000), userHome: "/home/me",
            webRoot: "/nowhere")
        settings.providers = [.command, .mock]
        change(&settings)
        hub = Hub(settings: settings, journal: journal, runner: runner, archive: archive, health: health)
        server = HubHTTP(hub).makeServer()
        port = (try? server.listen(host: "127.0.0.1", port: 0)) ?? 0
    }

    nonisolated static func open(_ change: @escaping @Sendable (inout HubSettings) -> Void = { _ in }) async -> World {
        await onLoop { World(change) }
    }

    nonisolated func connect() async throws -> Client { try Client(await onLoop { [self] in port }) }

    /// Admits a session over HTTP and gives its id.
    nonisolated func start(_ client: Client, name: String? = nil) throws -> SessionID {
        let named = name.map { ",\"name\":\"\($0)\"" } ?? ""
        let answer = try client.post("/api/runner/sessions", "{\"providerId\":\"mock\"\(named)}")
        guard answer.status == 201, let id = answer.json["sessionId"]?.string else {
            throw Client.Failure.malformed("\(answer.status) \(answer.text)")
        }
        return SessionID(id)
    }

    /// Reports what a runner would, in the order of the calls.
    func report(_ bodies: [RunnerEvent.Body], of session: SessionID) {
        for body in bodies {
            let event = numberings[
                session, default: RunnerEventNumbering(sessionID: session, orgID: "local", repoRef: nil)
            ]
            .next(body, at: WallTime.now)
            hub.publish(event)
        }
    }

    /// Reports, and waits until all of it is shown.
    nonisolated func tell(_ bodies: [RunnerEvent.Body], of session: SessionID) async {
        await onLoop { [self] in report(bodies, of: session) }
        _ = await eventually { [self] in journal.waitingCount == 0 }
    }
}

extension RunnerEvent.Body {
    static let starting: [RunnerEvent.Body] = [
        .sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)),
        .sessionStateChanged(StateChange(from: .preparingWorkspace, to: .startingProvider)),
        .sessionStateChanged(StateChange(from: .startingProvider, to: .running)),
        .sessionStarted(SessionStart(providerID: .mock, workspacePath: "/")),
    ]
    static let ending: [RunnerEvent.Body] = [
        .usageTick(
            UsageTick(providerID: .mock, units: UsageMetrics(agentSeconds: 2, commandsRun: 1), intervalMs: 2000)),
        .sessionStateChanged(StateChange(from: .running, to: .completed)),
        .sessionEnded(
            SessionEnd(
                finalState: .completed, exitCode: 0, totalDurationMs: 2000,
                totalUsage: UsageMetrics(agentSeconds: 2, commandsRun: 1))),
    ]
    static func chunk(_ text: String, at offset: Int) -> RunnerEvent.Body {
        .terminalChunk(TerminalChunk(data: text, offset: offset, bytes: text.utf8.count))
    }
    static func touched(_ path: String) -> RunnerEvent.Body { .fileTouched(FileTouch(path: path, reason: .write)) }
    static func approval(_ id: ApprovalID, of session: SessionID) -> RunnerEvent.Body {
        .approvalRequested(
            ApprovalRequest(
                approvalID: id, sessionID: session, category: .merge, summary: "push", risk: .medium,
                requestedAt: Timestamp(milliseconds: 5)))
    }
}
