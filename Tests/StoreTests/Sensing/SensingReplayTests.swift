import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingReplayTests {
    private typealias Bench = SensingBench

    /// What a daemon does at its start: it mends, replays and writes what follows.
    private func catchUp(_ bench: inout SensingBench, at now: Timestamp = Bench.noon) throws -> SensingState {
        let contents = try bench.load()
        try bench.write(contents.repairs)
        var state = contents.state()
        var cursor = contents.cursor
        while true {
            let replay = try bench.archive { try $0.replayable(since: cursor, limit: 3) }
            let effects = replay.items.flatMap {
                state.apply(
                    $0.event, rowid: $0.rowid, receivedAt: now, project: Bench.project, processes: FakeProcesses())
            }
            cursor = replay.cursor
            try bench.write(SensingProjection.writes(replaying: effects, upTo: cursor))
            #expect(try bench.cursor() == String(cursor))
            if !replay.hasMore { return state }
        }
    }

    @Test func `an event that was inserted with plain SQL is applied once, though it is a second older`() throws {
        let home = TemporaryHome()
        var bench = try Bench(home: home)
        var state = SensingState()
        try bench.tell(Bench.event(.sessionStart, 0, id: "e1", pid: 7), &state)
        bench.bench.journal.close()

        bench = try Bench(home: home)
        try bench.insert("sql-1", "pre_tool_use", recordedAt: "2026-02-25T11:59:59Z", pid: 7)
        for _ in 0..<2 {
            bench.bench.journal.close()
            bench = try Bench(home: home)
            let caughtUp = try catchUp(&bench)
            #expect(caughtUp["s1"]?.toolsInFlight == 1)
            #expect(try bench.load().session()?.toolsInFlight == 1)
            #expect(try bench.cursor() == "2")
        }
    }

    @Test func `replay goes by rowid and leaves out what has no lasting effect`() throws {
        var bench = try Bench()
        try bench.insert("a", "post_tool_use", recordedAt: "2026-02-25T12:00:09Z")
        try bench.insert("b", "pre_tool_use", recordedAt: "2026-02-25T12:00:05Z")
        for (index, type) in ["shell_cwd", "subagent_start", "subagent_stop", "teammate_idle"].enumerated() {
            try bench.insert("x\(index)", .text(type))
        }
        try bench.insert("c", "config_change", session: nil)
        try bench.append(Bench.event(.stop, 7, id: "d"))
        try bench.bench.journal.append(record("other", type: "stop"), token: 700)
        #expect(bench.bench.result(of: 700) == .committed(rowid: 9))
        let replay = try bench.archive { try $0.replayable(since: 0) }
        #expect(replay.items.map(\.rowid) == [1, 2, 8])
        #expect(replay.items.map(\.event.eventID) == ["a", "b", "d"])
        #expect(replay.problems.isEmpty)
        #expect(replay.cursor == 9 && !replay.hasMore)
        let rest = try bench.archive { try $0.replayable(since: 2) }
        #expect(rest.items.map(\.rowid) == [8])
        let none = try bench.archive { try $0.replayable(since: 9) }
        #expect(none.items.isEmpty && none.cursor == 9)
        // A cursor beyond everything stays where it is.
        #expect(try bench.archive { try $0.replayable(since: 50) }.cursor == 50)
    }

    @Test func `a row that cannot be read is reported and does not stop the others`() throws {
        var bench = try Bench()
        try bench.insert("a", "pre_tool_use")
        try bench.insert("b", "nap")
        try bench.insert("c", "pre_tool_use", payload: "secret words")
        try bench.insert("d", "pre_tool_use", payload: .null)
        try bench.insert("e", "pre_tool_use", recordedAt: "soon")
        try bench.insert("f", "pre_tool_use", session: "")
        try bench.insert("g", .null, payload: #"{"event_type":"pre_tool_use"}"#)
        try bench.insert("h", "nap")
        let replay = try bench.archive { try $0.replayable(since: 0) }
        #expect(replay.items.map(\.event.eventID) == ["a", "g"])
        #expect(
            replay.problems.map(\.column) == [
                "event_type", "payload", "payload", "recorded_at", "session_id", "event_type",
            ])
        #expect(replay.problems.allSatisfy { $0.isSkipped })
        #expect(replay.problems.first?.key == "rowid 2")
        #expect(!replay.problems.contains { $0.description.contains("secret") })
        #expect(replay.cursor == 8)

        let state = try { () throws in
            try bench.sql("INSERT INTO daemon_meta VALUES ('last_applied_event_rowid', '0')")
            return try catchUp(&bench)
        }()
        #expect(state["s1"]?.toolsInFlight == 2)
        #expect(try bench.cursor() == "8")
    }

    @Test func `long replays come in pages`() throws {
        var bench = try Bench()
        for number in 0..<7 { try bench.insert("e\(number)", number % 3 == 1 ? "nap" : "pre_tool_use") }
        var cursor: Int64 = 0
        var pages: [[Int64]] = []
        var hasMore = true
        while hasMore {
            let replay = try bench.archive { try $0.replayable(since: cursor, limit: 2) }
            pages.append(replay.items.map(\.rowid))
            cursor = replay.cursor
            hasMore = replay.hasMore
        }
        #expect(pages == [[1], [3, 4], [6], [7]])
        #expect(cursor == 7)
    }

    // MARK: - Where a replay begins

    @Test func `with a cursor it begins there`() throws {
        var bench = try Bench()
        for number in 1...4 { try bench.insert("e\(number)", "pre_tool_use") }
        try bench.sql("INSERT INTO daemon_meta VALUES ('last_applied_event_rowid', '2')")
        #expect(try bench.load().cursor == 2)
        #expect(try bench.load().repairs.filter { $0.sql.text.contains("daemon_meta (key") }.isEmpty)
        // Whether there are sessions or not.
        try bench.sql(
            "INSERT INTO sessions (session_id, state, updated_at) VALUES ('s1', 'ready', '2026-02-25T12:00:00Z')")
        #expect(try bench.load().cursor == 2)
        #expect(try catchUp(&bench)["s1"]?.toolsInFlight == 2)
    }

    @Test(arguments: [
        ("2026-02-25T12:00:02Z", 2), ("2026-02-25T13:00:02.9+01:00", 2), ("2026-02-25T12:00:01.999999999+00:00", 1),
        ("2026-02-25T11:59:00Z", 0), ("2027-01-01T00:00:00Z", 4), ("never", 0),
    ])
    func `without one but with sessions it begins behind what these have seen`(updatedAt: String, cursor: Int64) throws
    {
        var bench = try Bench()
        try bench.insert("e1", "pre_tool_use", recordedAt: "2026-02-25T12:00:01Z")
        try bench.insert("e2", "pre_tool_use", recordedAt: "2026-02-25T12:00:02+00:00")
        try bench.insert("e3", "pre_tool_use", recordedAt: "soon")
        try bench.append(Bench.event(.preToolUse, 9.4, id: "e4"))
        try bench.insert("e5", "shell_cwd", recordedAt: "2026-02-25T11:00:00Z")
        try bench.sql(
            "INSERT INTO sessions (session_id, state, updated_at) VALUES ('old', 'idle', '2020-01-01T00:00:00Z')")
        try bench.sql(
            "INSERT INTO sessions (session_id, state, updated_at) VALUES ('s1', 'idle', ?)", [.text(updatedAt)])
        // The old one has a time that counts where the other has none.
        let contents = try bench.load()
        #expect(contents.cursor == cursor)
        try bench.write(contents.repairs)
        #expect(try bench.cursor() == String(cursor))
        #expect(try bench.load().repairs.isEmpty)
    }

    @Test func `without sessions old history is left alone`() throws {
        var bench = try Bench()
        #expect(try bench.load() == SensingArchive.Contents())
        try bench.insert("e1", "pre_tool_use")
        try bench.bench.journal.append(record("other"), token: 700)
        #expect(bench.bench.result(of: 700) == .committed(rowid: 2))
        #expect(try catchUp(&bench).cursor == 2)
        #expect(try bench.cursor() == "2")
        #expect(try bench.load().sessions.isEmpty)
    }

    @Test func `the event behind which it begins is found on any page`() throws {
        var bench = try Bench()
        let count = SensingArchive.pageSize + 5
        try bench.append((1...count).map { Bench.event(.preToolUse, Double($0), id: "e\($0)") })
        try bench.sql(
            "INSERT INTO sessions (session_id, state, updated_at) VALUES ('s1', 'idle', '2026-02-25T12:00:02Z')")
        #expect(try bench.load().cursor == 2)
    }

    @Test(arguments: ["", "many", "1.5", "99999999999999999999"])
    func `a cursor that is no number is none`(text: String) throws {
        var bench = try Bench()
        try bench.insert("e1", "pre_tool_use")
        try bench.sql("INSERT INTO daemon_meta VALUES ('last_applied_event_rowid', ?)", [.text(text)])
        let contents = try bench.load()
        #expect(contents.cursor == 1)
        #expect(contents.problems.map(\.table) == ["daemon_meta"])
        try bench.write(contents.repairs)
        #expect(try bench.cursor() == "1")
    }

    @Test func `a cursor beyond all events is taken back, so that new ones are applied`() throws {
        var bench = try Bench()
        try bench.insert("e1", "pre_tool_use")
        try bench.sql("INSERT INTO daemon_meta VALUES ('last_applied_event_rowid', '77')")
        var state = try catchUp(&bench)
        #expect(state.cursor == 1)
        try bench.tell(Bench.event(.preToolUse, 1, id: "e2"), &state)
        #expect(try bench.load().session()?.toolsInFlight == 1)
        #expect(try bench.cursor() == "2")
    }

    @Test func `rowids are not used again when all events are gone`() throws {
        var bench = try Bench()
        var state = SensingState()
        try bench.tell(Bench.event(.preToolUse, 0, id: "e1"), &state)
        try bench.sql("DELETE FROM events")
        #expect(try bench.load().cursor == 1)
        try bench.insert("e2", "pre_tool_use", recordedAt: "2026-02-25T12:00:01Z")
        #expect(try catchUp(&bench)["s1"]?.toolsInFlight == 2)
        #expect(try bench.cursor() == "2")
    }
}
