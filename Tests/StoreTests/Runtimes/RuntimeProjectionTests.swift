import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct RuntimeProjectionTests {
    private typealias Bench = RuntimeBench

    private let session = RuntimeBench.id(1)
    private let accepted = RuntimeFact.accepted(
        runtime: "claude", target: .tmux(RuntimeBench.pane), paneID: "%7", spawnedAt: RuntimeBench.spawned)
    private let running = RuntimeFact.running(
        shimPID: 48210, runtimePID: .max, startTime: RuntimeBench.spawned, startTicks: .max, bootID: "b1")

    /// The columns of the one row, by the names of the contract.
    private func row(_ bench: RuntimeBench) throws -> [String] {
        let names = RuntimeLifecycle.columns.split(separator: ", ").count
        return try bench.bench.reader().rows("SELECT \(RuntimeLifecycle.columns) FROM lifecycle") { row in
            (0..<Int32(names)).map { row.isNull($0) ? "-" : row.text($0) }
        }.first ?? []
    }

    @Test func `a row stands in the words of the contract`() throws {
        var bench = try Bench()
        try bench.append([Bench.event(accepted, of: session, id: "e1")])
        let forking = [
            session.rawValue, "claude", "Forking", "-", "-", "-", #""agents:2.1""#, "-", "-", "-",
            "2026-03-02T08:15:30+00:00", "2026-03-02T08:15:30+00:00", "tmux:agents:2.1", "%7", "-", "-", "-", "-",
            "-", "-",
        ]
        #expect(try row(bench) == forking)
        try bench.append([Bench.event(running, of: session, id: "e2", sequence: 1, atMs: 120)])
        let placement = PanePlacement(server: "4711.1795000000", pid: 48210)
        try bench.append([Bench.event(.placed(placement), of: session, id: "e2a", atMs: 125)])
        let begun = try row(bench)
        #expect(Array(begun[18...19]) == ["4711.1795000000", "48210"])
        #expect(
            Array(begun[2...5]) == ["Running", "48210", "4294967295", "2026-03-02T08:15:30+00:00"])
        #expect(begun[11] == "2026-03-02T08:15:30.120+00:00")
        #expect(Array(begun[14...15]) == ["-1", "b1"])
        try bench.append([Bench.event(.lost(.pidReuseDetected), of: session, id: "e3", sequence: 2, atMs: 130)])
        try bench.append([Bench.event(.lateExit(RuntimeExit(signal: 9)), of: session, id: "e4", atMs: 140)])
        let lost = try row(bench)
        #expect(
            Array(lost[2...2] + lost[7...9] + lost[11...11] + lost[16...17])
                == ["Lost", "-", "-", "PidReuseDetected", "2026-03-02T08:15:30.130+00:00", "-", "9"])
    }

    @Test func `the cursor has the payload of the wire`() throws {
        var bench = try Bench()
        try bench.append([
            Bench.event(accepted, of: session, id: "e1"), Bench.event(running, of: session, id: "e2", sequence: 1),
            Bench.event(.terminated(RuntimeExit(code: 3), .shimExit), of: session, id: "e3", sequence: 2, atMs: 5),
        ])
        let rows = try bench.bench.reader().rows(
            "SELECT seq, ts_ms, kind, session_id, event_rowid, payload FROM runtime_event ORDER BY seq"
        ) { row in (0..<6).map { row.text($0) } }
        #expect(
            rows == [
                [
                    "1", "1772439330000", "running", session.rawValue, "2",
                    #"{"session_id":"\#(session)","runtime_pid":4294967295,"start_time":"2026-03-02T08:15:30Z"}"#,
                ],
                [
                    "2", "1772439330005", "terminated", session.rawValue, "3",
                    #"{"session_id":"\#(session)","exit_code":3,"signal":null,"evidence":"shim_exit"}"#,
                ],
            ])
    }

    @Test func `an event that comes twice is applied once`() throws {
        var bench = try Bench()
        let first = [
            Bench.event(accepted, of: session, id: "e1"), Bench.event(.abandoned(reason: "no"), of: session, id: "e2"),
        ]
        #expect(try bench.append(first) == .appended(rowids: [1, 2]))
        #expect(try bench.load().rows.isEmpty)
        // The duplicate would bring the row back.
        #expect(try bench.append([first[0]]) == .appended(rowids: [1]))
        #expect(try bench.load().rows.isEmpty)
        // In a group with a new one, each is treated by itself.
        let other = Bench.event(accepted, of: Bench.id(2), id: "e3")
        #expect(try bench.append([first[0], other, first[1]]) == .appended(rowids: [1, 3, 2]))
        #expect(try bench.load().rows.map(\.sessionID) == [Bench.id(2)])
    }

    @Test func `one event by itself brings its writes along`() throws {
        let bench = try Bench()
        let event = Bench.event(accepted, of: session, id: "e1")
        try bench.bench.journal.append(event.row, derived: RuntimeProjection.writes(for: event), token: 1)
        #expect(bench.bench.result(of: 1) == .committed(rowid: 1))
        #expect(try bench.load().rows.map(\.sessionID) == [session])
    }

    @Test func `events of others derive nothing`() {
        let body = JournalEvent.Body.terminalResized(TerminalSize(columns: 80, rows: 24))
        let event = JournalEvent(id: "e", at: Timestamp(milliseconds: 1), sessionID: session, body: body)
        #expect(RuntimeProjection.writes(for: event).isEmpty)
        #expect(RuntimeProjection.writes(for: Bench.event(.lateExit(RuntimeExit()), of: session, id: "e")).isEmpty)
    }

    @Test(arguments: 1...6)
    func `whatever the facts, reading back gives the rows of the table`(seed: Int) throws {
        var random = SeededGenerator(UInt64(seed))
        var bench = try Bench()
        var table = RuntimeTable()
        var log = RuntimeEventLog()
        var sent: [JournalEvent] = []
        for _ in 0..<60 {
            var group: [JournalEvent] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                if let again = sent.randomElement(using: &random), Int.random(in: 0..<5, using: &random) == 0 {
                    group.append(again)
                    continue
                }
                let session = Bench.id(Int.random(in: 0..<8, using: &random))
                let fact = fact(for: session, &random)
                let event = Bench.event(
                    fact, of: session, id: "e\(sent.count)",
                    sequence: fact.event(of: session) == nil ? nil : Int(log.takeSequence()),
                    atMs: Int64(sent.count) * 7)
                sent.append(event)
                group.append(event)
                table.apply(event)
                if let told = fact.event(of: session), let sequence = event.sequence {
                    log.append(told, sequence: UInt64(sequence), at: event.at)
                }
            }
            try bench.append(group)
        }
        let contents = try bench.load()
        #expect(contents.problems.isEmpty)
        #expect(contents.rows == table.status())
        #expect(contents.table == table)
        #expect(contents.log == log)
        // And so does playing the journal again.
        var replayed = RuntimeTable()
        try bench.bench.reader().replay { entry in
            guard let payload = try? JSON(parsing: entry.payload),
                let body = try? JournalEvent.Body(type: entry.type, payload: payload)
            else { return }
            replayed.apply(
                JournalEvent(
                    rowid: entry.rowid, id: EventID(entry.id), at: Timestamp(milliseconds: entry.atMs),
                    source: .runtime, sessionID: entry.sessionId.map { SessionID($0) }, body: body))
        }
        #expect(replayed == table)
    }

    private func fact(for session: SessionID, _ random: inout SeededGenerator) -> RuntimeFact {
        let exit = RuntimeExit(
            code: Bool.random(using: &random) ? Int32.random(in: -9...300, using: &random) : nil,
            signal: Bool.random(using: &random) ? Int32.random(in: 1...64, using: &random) : nil)
        let time = PreciseTime(nanoseconds: Int64.random(in: 0...2_000_000_000_000_000_000, using: &random))
        let odd = PaneAddress(session: #"a "b": c"#, window: 0, pane: .max)
        let target = [RuntimeTarget.headless, .tmux(Bench.pane), .tmux(odd)].randomElement(using: &random) ?? .headless
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1: return .accepted(runtime: "claude", target: target, paneID: "%1", spawnedAt: time)
        case 2: return .abandoned(reason: "no")
        case 3, 4:
            return .running(
                shimPID: .random(in: 0...(.max), using: &random), runtimePID: .random(in: 0...(.max), using: &random),
                startTime: time,
                startTicks: Bool.random(using: &random) ? .random(in: 0...(.max), using: &random) : nil,
                bootID: Bool.random(using: &random) ? "boot" : nil)
        case 5: return .terminated(exit, Bool.random(using: &random) ? .shimExit : .processExit)
        case 6: return .lost(LostEvidence.allCases.randomElement(using: &random) ?? .pidNotAlive)
        case 7: return .lateExit(exit)
        case 8: return .placed(PanePlacement(server: "7.\(Int.random(in: 0..<3, using: &random))", pid: 9))
        default:
            var row = RuntimeLifecycle(sessionID: session, runtime: "codex", target: target, spawnedAt: time)
            row.state =
                [.forking, .running, .exited(exit), .lost(.pidNotAlive)].randomElement(using: &random) ?? .running
            row.updatedAt = PreciseTime(nanoseconds: time.nanoseconds + 1)
            row.startTime = time
            if case .lost = row.state, exit.isKnown { row.lateExit = exit }
            return .adopted(row)
        }
    }
}
