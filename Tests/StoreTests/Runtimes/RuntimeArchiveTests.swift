import Fleet
import Testing

@testable import Store

@Suite struct RuntimeArchiveTests {
    private typealias Bench = RuntimeBench

    private let accepted = RuntimeFact.accepted(
        runtime: "claude", target: .headless, paneID: nil, spawnedAt: RuntimeBench.spawned)

    /// A row as another program writes it: the columns of the contract and nothing else.
    private func foreign(_ columns: [String: SQLValue]) -> DerivedWrite {
        let defaults: [String: SQLValue] = [
            "session_id": .text(Bench.id(1).rawValue), "runtime": "claude", "state": "Running",
            "spawned_at": "2026-03-02T08:15:30+00:00", "updated_at": "2026-03-02T08:15:31.5+00:00",
        ]
        let all = defaults.merging(columns) { $1 }.sorted { $0.key < $1.key }
        let names = all.map(\.key).joined(separator: ", ")
        let places = all.map { _ in "?" }.joined(separator: ", ")
        return DerivedWrite("INSERT INTO lifecycle (\(names)) VALUES (\(places))", all.map(\.value))
    }

    private func lost(_ numbers: ClosedRange<Int>, atMs: (Int) -> Int64 = { Int64($0) }) -> [JournalEvent] {
        numbers.map {
            Bench.event(.lost(.pidNotAlive), of: Bench.id($0), id: "l\($0)", sequence: $0, atMs: atMs($0))
        }
    }

    @Test func `a new database is empty, and its numbers begin at one`() throws {
        let contents = try Bench().load()
        #expect(contents.rows.isEmpty && contents.tail.isEmpty && contents.problems.isEmpty)
        #expect(contents.firstSequence == nil)
        #expect(contents.lastSequence == 0)
        #expect(contents.lastSweep == nil)
        #expect(contents.log == RuntimeEventLog())
    }

    @Test func `numbering continues after a restart`() throws {
        let home = TemporaryHome()
        var bench = try Bench(home: home)
        try bench.append(lost(1...5))
        bench.bench.journal.close()
        let contents = try Bench(home: home).load()
        #expect(contents.log.nextSequence == 6)
        #expect(contents.tail.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(contents.tail.first?.event == .lost(Bench.id(1), .pidNotAlive))
    }

    @Test func `no number is given twice, even when the events are gone`() throws {
        var bench = try Bench()
        try bench.append(lost(1...5))
        try bench.write([DerivedWrite("DELETE FROM runtime_event")])
        let contents = try bench.load()
        #expect(contents.firstSequence == nil)
        #expect(contents.lastSequence == 5)
        #expect(contents.log.answer(since: 2) == .expired(oldest: 5))
    }

    @Test func `events come in pages`() throws {
        var bench = try Bench()
        try bench.append(lost(1...9))
        let pages = try bench.archive { archive in
            try [archive.events(since: 0, limit: 3), archive.events(since: 7), archive.events(since: 9)]
        }
        #expect(pages.map { $0.map(\.sequence) } == [[1, 2, 3], [8, 9], []])
        #expect(try bench.archive { try $0.events(since: .max) }.isEmpty)
    }

    @Test func `an event that somebody spoilt does not hide the others`() throws {
        var bench = try Bench()
        try bench.append(lost(1...3))
        try bench.write([DerivedWrite("UPDATE runtime_event SET payload = 'x' WHERE seq = 2")])
        #expect(try bench.load().tail.map(\.sequence) == [1, 3])
    }

    @Test func `the time of the last sweep is kept`() throws {
        var bench = try Bench()
        let time = PreciseTime(nanoseconds: Bench.spawned.nanoseconds + 4_217_000)
        try bench.write(RuntimeProjection.sweepWritten(at: Bench.spawned))
        try bench.write(RuntimeProjection.sweepWritten(at: time))
        #expect(try bench.load().lastSweep == time)
        let rows = try bench.bench.reader().rows("SELECT key, value, updated_at FROM rtm_metadata") { row in
            (0..<3).map { row.text($0) }
        }
        let text = "2026-03-02T08:15:30.004217+00:00"
        #expect(rows == [["last_probe_sweep_at", text, text]])
    }

    // MARK: - Retention

    @Test func `only what is both old and too much is dropped`() throws {
        var bench = try Bench()
        let count = 10_040
        // The first twenty are two weeks old, the others of now.
        let fortnight: Int64 = 14 * 24 * 3600 * 1000
        try bench.append(lost(1...count) { $0 <= 20 ? -fortnight : 0 })
        let now = Bench.spawned.timestamp
        try bench.write(RuntimeProjection.prune(at: now))
        #expect(try bench.archive { try $0.firstSequence() } == 21)
        // Old, and few enough.
        try bench.write(RuntimeProjection.prune(at: now + 2 * fortnight))
        #expect(try bench.archive { try $0.firstSequence() } == UInt64(count - 10_000 + 1))
        try bench.write(RuntimeProjection.prune(at: now + 3 * fortnight))
        #expect(try bench.archive { try $0.firstSequence() } == 41)
        let contents = try bench.load()
        #expect(contents.tail.count == 10_000)
        #expect(contents.lastSequence == 10_040)
        #expect(contents.log.answer(since: 39) == .expired(oldest: 40))
    }

    @Test func `a young event keeps the older ones behind it`() throws {
        var bench = try Bench()
        let week: Int64 = 7 * 24 * 3600 * 1000
        try bench.append(lost(1...10_010) { $0 == 3 ? 0 : $0 == 2 ? -week : -week - 1 })
        try bench.write(RuntimeProjection.prune(at: Bench.spawned.timestamp))
        // The second is exactly a week old, which is not older.
        #expect(try bench.archive { try $0.firstSequence() } == 2)
    }

    @Test func `pruning the journal leaves the cursor alone`() throws {
        var bench = try Bench()
        try bench.append(lost(1...9))
        try bench.bench.journal.prune(Retention(keepNewest: 0, olderThanMs: .max / 4, cursor: 9), token: 900)
        #expect(bench.bench.result(of: 900) == .applied(rows: 9))
        #expect(try bench.archive { try $0.events(since: 0) }.count == 9)
    }

    // MARK: - Rows of others

    @Test func `a row of another program is found until it is adopted`() throws {
        var bench = try Bench()
        try bench.append([Bench.event(accepted, of: Bench.id(2), id: "e1")])
        try bench.write([foreign(["shim_pid": 5, "runtime_pid": 6, "start_time": "2026-03-02T08:15:30.12Z"])])
        #expect(try bench.load().rows.map(\.sessionID) == [Bench.id(2)])
        let found = try bench.archive { try $0.foreignRows() }
        let row = try #require(found.rows.first)
        #expect(found.rows.count == 1 && found.problems.isEmpty)
        #expect(row.state == .running && row.runtimePID == 6 && row.target == .headless)
        #expect(try bench.archive { try $0.foreignRows { $0 == Bench.id(1) } }.rows.isEmpty)
        try bench.append([Bench.event(.adopted(row), of: row.sessionID, id: "e2")])
        #expect(try bench.archive { try $0.foreignRows() }.rows.isEmpty)
        #expect(try bench.load().rows == [row] + [try #require(RuntimeLifecycle(accepted, of: Bench.id(2)))])
    }

    private static let panes: [([String: SQLValue], RuntimeTarget)] = [
        (["tmux_pane": #""agents:2.1""#], .tmux(RuntimeBench.pane)),
        (["tmux_pane": "agents:2.1"], .tmux(RuntimeBench.pane)),
        (["tmux_pane": #""a\"b:0.1""#], .tmux(PaneAddress(session: "a\"b", window: 0, pane: 1))),
        ([:], .headless),
    ]

    @Test(arguments: panes)
    func `a pane is read with and without quotes`(columns: [String: SQLValue], target: RuntimeTarget) throws {
        var bench = try Bench()
        try bench.write([foreign(columns)])
        let found = try bench.archive { try $0.foreignRows() }
        #expect(found.rows.first?.target == target)
        #expect(found.problems.isEmpty)
    }

    private static let states: [([String: SQLValue], RuntimeState)] = [
        (["state": "Forking"], RuntimeState.forking), (["state": "running"], .running),
        (["state": "Exited", "exit_code": 3], .exited(RuntimeExit(code: 3))),
        (["state": "Exited", "exit_signal": 9], .exited(RuntimeExit(signal: 9))),
        (["state": "Exited"], .exited(RuntimeExit())),
        (["state": "Lost", "lost_evidence": "PidNotAlive"], .lost(.pidNotAlive)),
        (["state": "Lost", "lost_evidence": "pid_reuse_detected"], .lost(.pidReuseDetected)),
        (["state": "Lost", "lost_evidence": "ShimDiedBeforeReport"], .lost(.shimDiedBeforeReport)),
    ]

    @Test(arguments: states)
    func `states are read as others write them`(columns: [String: SQLValue], state: RuntimeState) throws {
        var bench = try Bench()
        try bench.write([foreign(columns)])
        #expect(try bench.archive { try $0.foreignRows() }.rows.first?.state == state)
    }

    @Test(arguments: ["2026-03-02T08:15:30Z", "2026-03-02 09:15:30+01:00", "2026-03-02T08:15:30.000000000+00:00"])
    func `times are read with any offset`(text: String) throws {
        var bench = try Bench()
        try bench.write([foreign(["spawned_at": .text(text), "session_id": .text(Bench.id(1).rawValue.uppercased())])])
        let row = try bench.archive { try $0.foreignRows() }.rows.first
        #expect(row?.spawnedAt == Bench.spawned)
        #expect(row?.sessionID == Bench.id(1))
    }

    @Test(arguments: [
        ("session_id", "nobody"), ("runtime", ""), ("state", "Sleeping"), ("spawned_at", "yesterday"),
        ("spawned_at", "2026-03-02T08:15:30"),
    ])
    func `a row that makes no sense is passed over and reported`(column: String, value: String) throws {
        var bench = try Bench()
        try bench.write([foreign([column: .text(value)]), foreign(["session_id": .text(Bench.id(9).rawValue)])])
        let found = try bench.archive { try $0.foreignRows() }
        #expect(found.rows.map(\.sessionID) == [Bench.id(9)])
        #expect(found.problems.map(\.column) == [column])
        #expect(found.problems.first?.isSkipped == true)
        #expect(found.problems.first?.description.contains("\"\(value)\"") == true)
    }

    @Test func `lost without a reason makes no sense`() throws {
        var bench = try Bench()
        try bench.write([foreign(["state": "Lost"])])
        #expect(try bench.archive { try $0.foreignRows() }.problems.map(\.column) == ["lost_evidence"])
    }

    @Test func `a column that makes no sense counts as empty and is reported`() throws {
        var bench = try Bench()
        try bench.write([
            foreign([
                "shim_pid": -1, "runtime_pid": 4_294_967_296, "start_time": "soon", "tmux_pane": "left",
                "updated_at": "x",
            ])
        ])
        let found = try bench.archive { try $0.foreignRows() }
        let row = try #require(found.rows.first)
        #expect(row.shimPID == nil && row.runtimePID == nil && row.startTime == nil && row.target == .headless)
        #expect(row.updatedAt == row.spawnedAt)
        #expect(
            Set(found.problems.map(\.column)) == ["shim_pid", "runtime_pid", "start_time", "tmux_pane", "updated_at"])
        #expect(found.problems.allSatisfy { !$0.isSkipped })
    }

    // MARK: - Schema

    @Test func `doctor hears of the migrations by name`() throws {
        let new = try Bench().archive { try $0.migrations() }
        #expect(new.applied == ["lifecycle", "probe state"])
        #expect(new.pending.isEmpty)
        let plain = try JournalBench()
        let old = try withExtendedLifetime(plain) { try RuntimeArchive(plain.reader()).migrations() }
        #expect(old.applied.isEmpty)
        #expect(old.pending == ["lifecycle", "probe state"])
    }

    @Test func `a journal that was there before gets the tables`() throws {
        let home = TemporaryHome()
        let old = try JournalBench(home: home)
        try old.journal.append(record("e1"), token: 1)
        #expect(old.result(of: 1) == .committed(rowid: 1))
        old.journal.close()
        var bench = try Bench(home: home)
        #expect(
            try bench.append([Bench.event(accepted, of: Bench.id(1), id: "e2")]) == .appended(rowids: [2]))
        #expect(try bench.load().rows.count == 1)
    }
}
