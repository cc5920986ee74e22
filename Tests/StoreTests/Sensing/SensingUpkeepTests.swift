import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingUpkeepTests {
    private typealias Bench = SensingBench

    // MARK: - Shells and processes

    @Test func `shells are made of their events when there are none`() throws {
        var bench = try Bench()
        try bench.append(
            [
                Bench.shell(9, 1, id: "e1"), Bench.shell(8, 2, id: "e2"),
                Bench.shell(9, 0, id: "e3", metadata: ["tmux_pane": "%5"]), Bench.shell(7, -90_000, id: "e4"),
                Bench.shell(6, 90_000, id: "e5"), Bench.event(.stop, 3, id: "e6"),
            ], [])
        try bench.insert(
            "sql", "shell_cwd", recordedAt: "2026-02-25T12:00:01Z", session: nil, pid: 5,
            payload: #"{"cwd":"/x","tty":"/dev/pts/5"}"#)
        try bench.insert("bad", "shell_cwd", session: nil, pid: 4, payload: "x")
        let contents = try bench.load(at: Bench.at(10))
        // The last of each in the order of the journal; a time to come is believed for five minutes.
        #expect(contents.shells.map(\.pid) == [5, 6, 8, 9])
        #expect(contents.shells.map(\.updatedAt) == [1, 310, 2, 0].map { Bench.at($0) })
        #expect(contents.shells.last?.tmuxPane == "%5")
        try bench.write(contents.repairs)
        let again = try bench.load(at: Bench.at(10))
        #expect(again.shells == contents.shells)
        #expect(again.repairs.isEmpty)
    }

    @Test func `shells that are too old go`() throws {
        var bench = try Bench()
        for (pid, seconds) in [(8, 0.0), (9, 1)] {
            let shell = SensedShell(pid: UInt32(pid), cwd: "/x", tty: "t", updatedAt: Bench.at(seconds))
            try bench.write([SensingEffect.upsertShell(shell)])
        }
        let now = Bench.at(86_400.5)
        let contents = try bench.load(at: now)
        #expect(contents.shells.map(\.pid) == [9])
        try bench.write(contents.repairs)
        #expect(try bench.rows("shell_state", "pid") == [["9"]])
        #expect(try bench.load(at: now).repairs.isEmpty)
    }

    @Test func `processes are made of the events that named them when there are none`() throws {
        var bench = try Bench()
        try bench.append(
            [
                Bench.event(.stop, 5, id: "e1", pid: 7), Bench.event(.stop, 3, id: "e2", pid: 7),
                Bench.shell(9, 1, id: "e3"), Bench.event(.stop, -90_000, id: "e4", pid: 6),
                Bench.event(.stop, 9, id: "e5"),
            ], [])
        try bench.bench.journal.append(record("other"), token: 700)
        _ = bench.bench.result(of: 700)
        let contents = try bench.load(at: Bench.at(10))
        let expected = [
            ProcessLiveness(pid: 7, start: nil, lastSeenAt: Bench.at(5)),
            ProcessLiveness(pid: 9, start: nil, lastSeenAt: Bench.at(1)),
        ]
        #expect(contents.liveness == expected)
        try bench.write(contents.repairs)
        #expect(try bench.load(at: Bench.at(10)).liveness == expected)
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
        // Before it is written, it is not read any more.
        let before = try bench.load(at: now)
        #expect(before.tombstones.map(\.sessionID) == ["t1"])
        #expect(before.liveness.map(\.pid) == [1, 2, 3, 12])
        for _ in 0..<2 {
            try bench.write(SensingProjection.retention(at: now))
            #expect(try bench.rows("tombstones", "session_id") == [["t1"], ["t3"]])
            #expect(try bench.rows("process_liveness", "pid") == ["1", "2", "3", "4", "12", "14"].map { [$0] })
        }
        let after = try bench.load(at: now)
        #expect(after.tombstones == before.tombstones && after.liveness == before.liveness)
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
        try bench.write(SensingProjection.retention(at: Bench.noon))
        #expect(
            try bench.rows("activity GROUP BY session_id", "session_id, count(*), max(event_rowid), min(event_rowid)")
                == [["s1", "1000", "1000", "1"], ["s2", "20", "-", "-"], ["s3", "1000", "-1", "-1000"]])
        #expect(try bench.load() == before)
    }

    @Test func `events are kept for a month, and all of them behind the cursor`() throws {
        var bench = try Bench()
        let month = 30.0 * 86_400
        try bench.append((1...4).map { Bench.event(.stop, Double($0), id: "e\($0)") }, [])
        let retention = SensingProjection.eventRetention(at: Bench.at(month + 3), cursor: 3)
        #expect(retention.keepNewest == 200_000)
        try bench.bench.journal.prune(retention, token: 900)
        #expect(bench.bench.result(of: 900) == .applied(rows: 2))
        try bench.bench.journal.prune(SensingProjection.eventRetention(at: Bench.at(2 * month), cursor: 3), token: 901)
        #expect(bench.bench.result(of: 901) == .applied(rows: 1))
        #expect(try bench.rows("events", "id") == [["e4"]])
    }
}
