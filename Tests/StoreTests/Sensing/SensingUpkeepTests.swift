import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingUpkeepTests {
    private typealias Bench = SensingBench

    // MARK: - Shells and processes

    @Test func `empty tables are made anew of the events of a day`() throws {
        var bench = try Bench()
        try bench.append(
            [
                Bench.shell(9, 1, id: "e1"), Bench.shell(8, 2, id: "e2"),
                Bench.shell(9, 0, id: "e3", metadata: ["tmux_pane": "%5"]), Bench.shell(7, -90_000, id: "e4"),
                Bench.event(.stop, 5, id: "e5", pid: 6), Bench.event(.stop, 3, id: "e6"),
            ])
        try bench.insert(
            "sql", "shell_cwd", recordedAt: "2026-02-25T12:00:01Z", session: nil, pid: 5,
            payload: #"{"cwd":"/x","tty":"/dev/pts/5"}"#)
        try bench.insert("bad", "shell_cwd", session: nil, pid: 4, payload: "x")
        try bench.insert("old", "shell_cwd", recordedAt: "2026-02-24T11:59:59+00:00", session: nil, pid: 3)
        try bench.bench.journal.append(record("other"), token: 700)
        _ = bench.bench.result(of: 700)
        let events = try bench.archive { try $0.events(since: Bench.at(-86_400)) }
        #expect(events.map(\.eventID) == ["e1", "e2", "e3", "e5", "e6", "sql"])
        var state = try bench.load().state()
        let effects = state.rebuild(from: events.map { ($0, $0.cwd) }, receivedAt: Bench.at(10))
        #expect(state.shells.keys.sorted() == [5, 8, 9])
        #expect(state.shells[9]?.tmuxPane == "%5")
        #expect(state.liveness.keys.sorted() == [5, 6, 8, 9])
        try bench.write(effects)
        let again = try bench.load().state()
        #expect(again.shells == state.shells)
        #expect(again.liveness == state.liveness)
    }

    @Test func `events of many pages come in their order`() throws {
        var bench = try Bench()
        let count = SensingArchive.pageSize * 2 + 3
        try bench.append((1...count).map { Bench.event(.stop, Double($0), id: "e\($0)") })
        let events = try bench.archive { try $0.events(since: Bench.at(3)) }
        #expect(events.map(\.eventID) == (3...count).map { EventID("e\($0)") })
    }

    // MARK: - Retention

    @Test func `what nobody needs any more is forgotten`() throws {
        var bench = try Bench()
        let now = Bench.at(86_400)
        let times = ["2026-02-25T11:59:59Z", "2026-02-25T12:00:00.000000001+00:00", "2026-02-25T14:00:00+03:00", "odd"]
        for (index, time) in times.enumerated() {
            try bench.write([
                Bench.row(
                    "tombstones",
                    ["session_id": .text("t\(index)"), "created_at": .text(time), "expires_at": .text(time)]),
                Bench.row("process_liveness", ["pid": .integer(Int64(index + 1)), "last_seen_at": .text(time)]),
                Bench.row("process_liveness", ["pid": .integer(Int64(index + 11)), "last_seen_at": .text(time)]),
                Bench.row(
                    "sessions", ["session_id": .text("s\(index)"), "state": "idle", "pid": .integer(Int64(index + 1))]),
            ])
        }
        let plan = RetentionPlan(cursor: 0, at: now)
        var state = try bench.load().state()
        _ = state.retain(plan)
        for _ in 0..<2 {
            try bench.write(SensingProjection.retention(plan))
            #expect(try bench.rows("tombstones", "session_id") == [["t1"], ["t3"]])
            #expect(try bench.rows("process_liveness", "pid") == ["1", "2", "3", "4", "12", "14"].map { [$0] })
        }
        let after = try bench.load().state()
        #expect(after.tombstones == state.tombstones && after.liveness == state.liveness)
    }

    @Test func `activity is cut to the newest thousand rows of each session`() throws {
        var bench = try Bench()
        let limit = SensingState.activityLimit
        func insertion(_ session: String, _ count: Int, rowid: String) -> DerivedWrite {
            DerivedWrite(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                INSERT INTO activity (session_id, project_path, file_path, recorded_at, event_rowid)
                SELECT ?, '/x', '/x/' || i, '2026-02-25T12:00:00Z', \(rowid) FROM n
                """, [.integer(Int64(count)), .text(session)])
        }
        try bench.write([
            insertion("s1", limit, rowid: "i"), insertion("s1", 20, rowid: "NULL"), insertion("s2", 20, rowid: "NULL"),
            insertion("s3", limit + 3, rowid: "-i"),
        ])
        let before = try bench.load()
        try bench.write(SensingProjection.retention(RetentionPlan(cursor: 0, at: Bench.noon)))
        #expect(
            try bench.rows("activity GROUP BY session_id", "session_id, count(*), max(event_rowid), min(event_rowid)")
                == [["s1", "1000", "1000", "1"], ["s2", "20", "-", "-"], ["s3", "1000", "-1", "-1000"]])
        #expect(try bench.load() == before)
    }

    @Test func `events are kept for a month, and all of them behind the cursor`() throws {
        var bench = try Bench()
        let month = 30.0 * 86_400
        try bench.append((1...4).map { Bench.event(.stop, Double($0), id: "e\($0)") })
        let retention = Retention(RetentionPlan(cursor: 3, at: Bench.at(month + 3)))
        #expect(retention.keepNewest == 200_000)
        try bench.bench.journal.prune(retention, token: 900)
        #expect(bench.bench.result(of: 900) == .applied(rows: 2))
        try bench.bench.journal.prune(Retention(RetentionPlan(cursor: 3, at: Bench.at(2 * month))), token: 901)
        #expect(bench.bench.result(of: 901) == .applied(rows: 1))
        #expect(try bench.rows("events", "id") == [["e4"]])
    }
}
