import Fleet
import Testing

@Suite struct RuntimeTableTests {
    private typealias Samples = RuntimeSamples

    /// Four rows in the four states, spawned a second apart in the reverse order of their ids.
    private func four() -> RuntimeTable {
        let states: [RuntimeState] = [.running, .lost(.pidNotAlive), .forking, .exited(RuntimeExit(code: 0))]
        return RuntimeTable(
            states.enumerated().map { index, state in
                var row = Samples.row(state, of: SessionID("\(index)"))
                row.runtime = index < 2 ? "claude" : "codex"
                row.spawnedAt = Samples.at(Int64(10 - index) * 1000)
                row.updatedAt = Samples.at(Int64(index) * 1000)
                return row
            })
    }

    private func ids(_ rows: [RuntimeLifecycle]) -> [String] { rows.map(\.sessionID.rawValue) }

    @Test func `status gives all rows in the order of their ids`() {
        #expect(ids(four().status()) == ["0", "1", "2", "3"])
        #expect(RuntimeTable().status().isEmpty)
        #expect(RuntimeTable().isEmpty)
    }

    @Test func `filters of status are added up`() {
        let table = four()
        #expect(ids(table.status(ids: ["3", "0", "unknown"])) == ["0", "3"])
        #expect(ids(table.status(ids: ["unknown"])).isEmpty)
        #expect(ids(table.status(runtime: "codex")) == ["2", "3"])
        #expect(ids(table.status(runtime: "Codex")).isEmpty)
        #expect(ids(table.status(ids: ["2", "0"], updatedSince: Samples.at(1000), runtime: "codex")) == ["2"])
    }

    @Test(arguments: [
        ("running", ["0"]), ("RUNNING", ["0"]), ("Lost", ["1"]), ("forking", ["2"]), ("eXited", ["3"]), ("dead", []),
        ("", []),
    ])
    func `status takes the name of a state in any case`(state: String, found: [String]) {
        #expect(ids(four().status(state: state)) == found)
    }

    @Test func `updated since is inclusive to the millisecond`() {
        let table = four()
        #expect(ids(table.status(updatedSince: Samples.at(2000))) == ["2", "3"])
        #expect(ids(table.status(updatedSince: Samples.at(2001))) == ["3"])
        let within = PreciseTime(nanoseconds: Samples.at(2000).nanoseconds + 999_999)
        #expect(ids(table.status(updatedSince: within)) == ["2", "3"])
        #expect(ids(table.status(updatedSince: Samples.at(3001))).isEmpty)
        let early = RuntimeTable([
            RuntimeLifecycle(
                sessionID: "e", runtime: "x", target: .headless, spawnedAt: PreciseTime(nanoseconds: -1_000_000))
        ])
        #expect(early.status(updatedSince: PreciseTime(nanoseconds: -1)).count == 1)
        #expect(early.status(updatedSince: PreciseTime(nanoseconds: 0)).isEmpty)
    }

    @Test func `counts follow the facts`() {
        var table = four()
        var expected = RuntimeTable.Counts()
        expected.forking = 1
        expected.running = 1
        expected.exited = 1
        expected.lost = 1
        #expect(table.counts == expected)
        table.apply(.lost(.pidReuseDetected), of: "0", at: Samples.at(0))
        table.apply(.abandoned(reason: "no"), of: "2", at: Samples.at(0))
        table.apply(Samples.accepted, of: "9", at: Samples.at(0))
        expected.running = 0
        expected.lost = 2
        #expect(table.counts == expected)
        #expect(table.count == 4)
        #expect(ids(table.status()) == ["0", "1", "3", "9"])
    }

    @Test func `an accepted session is not accepted again, and only a forking one is abandoned`() {
        var table = four()
        let before = table
        for id: SessionID in ["0", "1", "3"] {
            #expect(table.apply(Samples.accepted, of: id, at: Samples.at(0)) == false)
            #expect(table.apply(.abandoned(reason: "no"), of: id, at: Samples.at(0)) == false)
        }
        #expect(table.apply(Samples.running, of: "unknown", at: Samples.at(0)) == false)
        #expect(table.apply(.abandoned(reason: "no"), of: "unknown", at: Samples.at(0)) == false)
        #expect(table == before)
    }

    @Test func `an id is free again after its spawn was abandoned`() {
        var table = RuntimeTable()
        table.apply(Samples.accepted, of: "a", at: Samples.at(0))
        table.apply(.abandoned(reason: "no"), of: "a", at: Samples.at(1))
        #expect(table.isEmpty)
        #expect(table.apply(Samples.accepted, of: "a", at: Samples.at(2)) == true)
    }

    @Test func `a row that another program wrote is taken as it is`() {
        var table = RuntimeTable()
        let row = Samples.row(.running, of: "x", target: .tmux(Samples.pane))
        #expect(table.apply(.adopted(row), of: "x", at: Samples.at(5000)) == true)
        #expect(table["x"] == row)
        #expect(table.apply(.adopted(row), of: "y", at: Samples.at(5000)) == false)
        #expect(table.running == [row])
    }

    @Test func `an event of the journal is taken at its time`() {
        var table = RuntimeTable()
        let accepted = JournalEvent(
            rowid: 1, id: "1", at: Samples.spawned.timestamp, source: .runtime, sessionID: "a",
            body: .runtime(Samples.accepted))
        let running = JournalEvent(
            rowid: 2, id: "2", at: Samples.at(7).timestamp, source: .runtime, sessionID: "a", sequence: 1,
            body: .runtime(Samples.running))
        #expect(table.apply(accepted) == true)
        #expect(table.apply(running) == true)
        #expect(table["a"]?.updatedAt == Samples.at(7))
        let other = JournalEvent(
            id: "3", at: Samples.at(8).timestamp, sessionID: "a",
            body: .terminalResized(TerminalSize(columns: 80, rows: 24)))
        #expect(table.apply(other) == false)
    }

    @Test func `a sweep goes from the one spawned first`() {
        var table = RuntimeTable()
        for (index, id) in ["c", "a", "b"].enumerated() {
            var row = Samples.row(.running, of: SessionID(id))
            row.spawnedAt = Samples.at(Int64(index) * 10)
            table.apply(.adopted(row), of: row.sessionID, at: Samples.at(0))
        }
        #expect(ids(table.running) == ["c", "a", "b"])
        table.apply(.lost(.pidNotAlive), of: "a", at: Samples.at(99))
        #expect(ids(table.running) == ["c", "b"])
        #expect(table.forking.isEmpty)
    }

    @Test func `the lost of a day, the newest first`() {
        var table = RuntimeTable()
        for (id, time) in [("d", 5), ("a", 10), ("c", 20), ("b", 20), ("e", 30)] {
            table.apply(.adopted(Samples.row(.running, of: SessionID(id))), of: SessionID(id), at: Samples.at(0))
            table.apply(.lost(.pidNotAlive), of: SessionID(id), at: Samples.at(Int64(time)))
        }
        #expect(ids(table.recentLost(since: Samples.at(10))) == ["e", "b", "c", "a"])
        #expect(ids(four().recentLost(since: Samples.at(1001))).isEmpty)
    }

    @Test func `a pane is known by its own name before its address`() {
        var row = Samples.row(.running, of: "a", target: .tmux(Samples.pane))
        let elsewhere = PaneAddress(session: "agents", window: 2, pane: 0)
        #expect(RuntimeTable([row]).occupant(of: nil, at: Samples.pane)?.sessionID == "a")
        #expect(RuntimeTable([row]).occupant(of: "%9", at: Samples.pane)?.sessionID == "a")
        #expect(RuntimeTable([row]).occupant(of: "%9", at: elsewhere) == nil)
        row.paneID = "%7"
        #expect(RuntimeTable([row]).occupant(of: "%7", at: elsewhere)?.sessionID == "a")
        #expect(RuntimeTable([row]).occupant(of: "%9", at: Samples.pane) == nil)
        #expect(RuntimeTable([row]).occupant(of: nil, at: Samples.pane)?.sessionID == "a")
    }

    @Test func `the dead and the headless are in no pane`() {
        let table = RuntimeTable([
            Samples.row(.exited(RuntimeExit()), of: "a", target: .tmux(Samples.pane)),
            Samples.row(.lost(.pidNotAlive), of: "b", target: .tmux(Samples.pane)), Samples.row(.running, of: "c"),
        ])
        #expect(table.occupant(of: nil, at: Samples.pane) == nil)
        let forking = RuntimeTable([Samples.row(.forking, of: "d", target: .tmux(Samples.pane))])
        #expect(forking.occupant(of: nil, at: Samples.pane)?.sessionID == "d")
    }

    @Test func `whatever the facts, the table is what its rows say`() {
        var random = Seeded(11)
        var table = RuntimeTable()
        for step in 0..<5000 {
            let id = SessionID("\(random.int(0...40))")
            var fact = random.pick(Samples.facts)
            if case .adopted(var row) = fact {
                row.sessionID = id
                fact = .adopted(row)
            }
            table.apply(fact, of: id, at: Samples.at(Int64(step)))
        }
        #expect(table == RuntimeTable(table.status()))
        #expect(table.count == table.counts.forking + table.counts.running + table.counts.exited + table.counts.lost)
    }
}
