import Bytes
import Fleet
import Glibc
import Reactor
import Synchronization
import Testing
import Tmux
import Wire

@testable import Supervision

/// A fleet that writes down at once, and a database that holds nothing but what a test puts in.
@Loop private final class Desk: RuntimeFleet, RuntimeRecords {
    var facts: [RuntimeFact] = []
    var foreign: [RuntimeLifecycle] = []
    var sweeps = 0
    private var rowid: Int64 = 0

    func record(_ event: JournalEvent, completion: @escaping @Loop (Result<Int64, JournalError>) -> Void) {
        if case .runtime(let fact) = event.body { facts.append(fact) }
        rowid += 1
        let rowid = rowid
        // As the journal does: later, and in order.
        _ = LoopTimer(after: 0) { completion(.success(rowid)) }
    }

    func admit(_ config: SessionConfig, completion: @escaping @Loop (Result<Void, RunnerError>) -> Void) {
        completion(.failure(.noRunnerAvailable))
    }

    func isLive(_ session: SessionID) -> Bool { false }
    func whenShown(_ session: SessionID, _ body: @escaping @Loop () -> Void) { body() }
    func shutDown(stoppingAll: Bool) {}

    func events(
        since: UInt64, through: UInt64, completion: @escaping @Loop (Result<[RuntimeEvent], JournalError>) -> Void
    ) { completion(.success([])) }

    func foreignRows(
        known: Set<SessionID>, completion: @escaping @Loop (Result<[RuntimeLifecycle], JournalError>) -> Void
    ) { completion(.success(foreign.filter { !known.contains($0.sessionID) })) }

    func prune(at time: Timestamp, completion: @escaping @Loop (UInt64?) -> Void) { completion(nil) }
    func swept(at time: PreciseTime) { sweeps += 1 }
}

private let session = SessionID("019cad10-4e20-7b31-a6f0-5d2c9be01a01")

/// A row of this very process, which is certainly alive.
private func row(
    ticks: UInt64? = 500, startTime: Int64 = 1_000, bootID: String? = nil, runtimePID: Int32 = getpid(),
    session: SessionID = session
) -> RuntimeLifecycle {
    RuntimeLifecycle(
        sessionID: session, runtime: "claude", state: .running, target: .headless, shimPID: 1,
        runtimePID: UInt32(runtimePID), startTime: PreciseTime(nanoseconds: startTime * 1_000_000_000),
        startTicks: ticks, bootID: bootID ?? ProcessIdentity.bootID, spawnedAt: PreciseTime(nanoseconds: 0))
}

@Loop private func service(
    _ desk: Desk, _ rows: [RuntimeLifecycle], observe: @escaping @Sendable (Int32) -> ProcessObservation?
) -> RuntimeService {
    RuntimeService(
        settings: SupervisionSettings(
            version: VersionInfo(version: "0", gitSHA: "0"), socketPath: "/nowhere", socketLabel: "/nowhere",
            shimPath: "/nowhere", logRoot: "/nowhere", environment: [("PATH", "/nowhere")],
            launchers: LauncherTable(), sweep: RuntimeSettings(), migrations: []),
        fleet: desk, records: desk, tmux: TmuxServer(environment: [("PATH", "/nowhere")]), rows: rows,
        log: RuntimeEventLog(), lastSweep: nil, observe: observe)
}

/// Starts a service over these rows and tells what it wrote down by the time it would answer clients.
private func startedWith(
    _ rows: [RuntimeLifecycle], foreign: [RuntimeLifecycle] = [],
    observe: @escaping @Sendable (Int32) -> ProcessObservation?
) async -> (facts: [RuntimeFact], states: [RuntimeState], sweeps: Int) {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in
        Loop.post {
            let desk = Desk()
            desk.foreign = foreign
            let service = service(desk, rows, observe: observe)
            service.start {
                continuation.resume(returning: (desk.facts, service.table.status().map(\.state), desk.sweeps))
            }
        }
    }
}

@Suite struct SweepTests {
    @Test func `a runtime that is what it was stays running`() async {
        let result = await startedWith([row()]) { _ in ProcessObservation(startTicks: 500) }
        #expect(result.facts.isEmpty)
        #expect(result.states == [.running])
        #expect(result.sweeps == 1)
    }

    @Test func `a clock that was set makes no stranger of a runtime`() async {
        let hours: Int64 = 3600 * 1_000_000_000
        for step in [-5 * hours, 5 * hours] {
            let result = await startedWith([row()]) { _ in
                ProcessObservation(startTicks: 500, startTime: PreciseTime(nanoseconds: 1_000_000_000_000 + step))
            }
            #expect(result.states == [.running])
        }
    }

    @Test func `another process under its pid is found`() async {
        let result = await startedWith([row()]) { _ in ProcessObservation(startTicks: 501) }
        #expect(result.facts == [.lost(.pidReuseDetected)])
        #expect(result.states == [.lost(.pidReuseDetected)])
    }

    @Test func `nobody under its pid is found`() async {
        let result = await startedWith([row()]) { _ in nil }
        #expect(result.facts == [.lost(.pidNotAlive)])
    }

    @Test func `a runtime of an earlier boot is gone`() async {
        let result = await startedWith([row(bootID: "another")]) { _ in ProcessObservation(startTicks: 500) }
        #expect(result.facts == [.lost(.pidNotAlive)])
    }

    @Test func `what cannot be read proves nothing`() async {
        let result = await startedWith([row()]) { _ in ProcessObservation() }
        #expect(result.states == [.running])
    }

    @Test func `a zombie whose shim is dead is gone, one whose shim lives is not yet`() async {
        let dead = await startedWith([row()]) { pid in
            pid == 1 ? nil : ProcessObservation(startTicks: 500, isZombie: true)
        }
        #expect(dead.facts == [.lost(.pidNotAlive)])
        let waiting = await startedWith([row()]) { pid in
            pid == 1 ? ProcessObservation(startTicks: 1) : ProcessObservation(startTicks: 500, isZombie: true)
        }
        #expect(waiting.states == [.running])
    }

    @Test func `one bad row does not keep the others from being looked at`() async {
        let other = SessionID("019cad10-4e20-7b31-a6f0-5d2c9be01a02")
        var odd = row()
        odd.runtimePID = .max
        let result = await startedWith([odd, row(session: other)]) { _ in nil }
        #expect(result.facts == [.lost(.pidNotAlive), .lost(.pidNotAlive)])
    }

    @Test func `rows that another program wrote are taken up and judged`() async {
        let result = await startedWith([], foreign: [row(ticks: nil, startTime: 1_000)]) { _ in
            ProcessObservation(startTicks: 7, startTime: PreciseTime(nanoseconds: 1_001_000_000_000))
        }
        #expect(result.facts == [.adopted(row(ticks: nil, startTime: 1_000))])
        #expect(result.states == [.running])
        let gone = await startedWith([], foreign: [row(ticks: nil)]) { _ in nil }
        #expect(gone.states == [.lost(.pidNotAlive)])
    }
}

@Suite struct RuntimeEnvironmentTests {
    private let ours = [
        EnvironmentVariable(key: "HELIOY_SESSION_ID", value: session.rawValue),
        EnvironmentVariable(key: "HELIOY_RUNTIME", value: "codex"),
        EnvironmentVariable(key: "RTM_SESSION_ID", value: session.rawValue),
        EnvironmentVariable(key: "RTM_RUNTIME_KIND", value: "codex"),
    ]

    private func variables(_ pairs: [(String, String)]) -> [EnvironmentVariable] {
        RuntimeEnvironment.variables(
            pairs.map { EnvironmentVariable(key: $0.0, value: $0.1) }, session: session, runtime: "codex")
    }

    @Test func `nothing asked for is nothing but ours`() {
        #expect(variables([]) == ours)
    }

    @Test func `what is asked for keeps its order, and ours replace their like in place`() {
        let result = variables([("B", "1"), ("RTM_SESSION_ID", "forged"), ("A", "2"), ("B", "3")])
        #expect(
            result == [
                EnvironmentVariable(key: "B", value: "1"), ours[2], EnvironmentVariable(key: "A", value: "2"),
                EnvironmentVariable(key: "B", value: "3"), ours[0], ours[1], ours[3],
            ])
    }

    @Test func `a forged one further back does not win`() {
        let result = variables([("RTM_SESSION_ID", "a"), ("RTM_SESSION_ID", "b")])
        #expect(result.filter { $0.key == "RTM_SESSION_ID" } == [ours[2]])
    }
}

@Suite struct LauncherTableTests {
    @Test func `the configuration adds to the table and replaces in place`() {
        let table = LauncherTable(adding: [
            .init(runtime: "gemini", command: "/opt/gemini"),
            .init(runtime: "claude", command: "cc", arguments: ["-x"]),
        ])
        #expect(table.launchers.map(\.runtime) == ["claude", "codex", "gemini"])
        #expect(table["claude"]?.arguments == ["-x"])
        #expect(table["Claude"] == nil)
    }

    @Test func `a program is looked for in each path in order, and must be one`() {
        let launcher = LauncherTable.Launcher(runtime: "sh")
        #expect(launcher.resolve(searching: ["/nowhere:/bin", "/usr/bin"]) == "/bin/sh")
        #expect(launcher.resolve(searching: ["/nowhere", "/usr/bin:/bin"]) == "/usr/bin/sh")
        #expect(LauncherTable.Launcher(runtime: "x", command: "/etc/passwd").resolve(searching: []) == nil)
        #expect(LauncherTable.Launcher(runtime: "x", command: "/etc").resolve(searching: []) == nil)
        #expect(LauncherTable.Launcher(runtime: "x", command: "no-such-thing").resolve(searching: ["/bin"]) == nil)
    }
}
