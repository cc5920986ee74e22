import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingArchiveTests {
    private typealias Bench = SensingBench

    /// Inserts a row as another program does: the columns that are named and nothing else.
    private func insert(_ table: String, _ columns: KeyValuePairs<String, SQLValue>) -> DerivedWrite {
        let names = columns.map(\.key).joined(separator: ", ")
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        return DerivedWrite("INSERT INTO \(table) (\(names)) VALUES (\(places))", columns.map(\.value))
    }

    private let session: KeyValuePairs<String, SQLValue> = [
        "session_id": "s1", "state": "working", "cwd": "/x", "updated_at": "2026-02-25T12:00:00Z",
        "state_changed_at": "2026-02-25T12:00:00Z",
    ]

    // MARK: - Times of others

    @Test(arguments: [
        "2026-02-25T12:00:05Z", "2026-02-25T12:00:05+00:00", "2026-02-25T12:00:05.000000000+00:00",
        "2026-02-25t07:00:05-05:00", "2026-02-25 12:00:05.000z",
    ])
    func `times are read with any offset and fraction`(text: String) throws {
        var bench = try Bench()
        let time = SQLValue.text(text)
        try bench.write([
            insert(
                "sessions",
                [
                    "session_id": "s1", "state": "idle", "cwd": "/x", "updated_at": time, "state_changed_at": time,
                    "last_activity_at": time,
                ]),
            insert("tombstones", ["session_id": "s1", "created_at": time, "expires_at": time]),
            insert("activity", ["session_id": "s1", "project_path": "/x", "file_path": "/x/y", "recorded_at": time]),
            insert("shell_state", ["pid": 9, "cwd": "/x", "tty": "t", "updated_at": time]),
            insert("process_liveness", ["pid": 9, "last_seen_at": time]),
            insert("routing_rollout_state", ["id": 1, "dual_run_comparisons": 3, "last_snapshot_at": time]),
        ])
        let contents = try bench.load()
        let expected = Bench.at(5)
        #expect(contents.problems.isEmpty)
        #expect(contents.sessions.map(\.updatedAt) == [expected])
        #expect(contents.sessions.map(\.stateChangedAt) == [expected])
        #expect(contents.sessions.map(\.lastActivityAt) == [expected])
        #expect(contents.tombstones == [Tombstone(sessionID: "s1", createdAt: expected, expiresAt: expected)])
        #expect(contents.activity.map(\.recordedAt) == [expected])
        #expect(contents.shells == [SensedShell(pid: 9, cwd: "/x", tty: "t", updatedAt: expected)])
        #expect(contents.liveness == [ProcessLiveness(pid: 9, start: nil, lastSeenAt: expected)])
        #expect(contents.rollout == RoutingRolloutRecord(comparisons: 3, lastSnapshotAt: expected))
    }

    @Test func `a text that somebody changed counts, and not the milliseconds beside it`() throws {
        var bench = try Bench()
        var state = SensingState()
        try bench.tell(Bench.event(.preToolUse, 0.75, id: "e1"), &state)
        try bench.sql("UPDATE sessions SET updated_at = '2026-02-25T12:00:01.25+00:00'")
        let session = try bench.load().session()
        #expect(session?.updatedAt == Bench.at(1.25))
        #expect(session?.stateChangedAt == Bench.at(0.75))
    }

    // MARK: - Rows of others

    @Test func `columns that an older database lacks have their defaults`() throws {
        var bench = try Bench()
        try bench.write([insert("sessions", session)])
        #expect(
            try bench.load().sessions == [
                SensedSession(
                    sessionID: "s1", state: .working, cwd: "/x", projectID: "/x", projectPath: "/x",
                    updatedAt: Bench.noon, stateChangedAt: Bench.noon)
            ])
        try bench.sql("UPDATE sessions SET project_path = '/p', pid = NULL, tools_in_flight = NULL")
        let session = try bench.load().session()
        #expect(session?.projectID == "/p" && session?.projectPath == "/p")
        #expect(session?.pid == 0 && session?.toolsInFlight == 0)
    }

    @Test func `reasons and compactions belong to their states`() throws {
        var bench = try Bench()
        try bench.write([insert("sessions", session)])
        try bench.sql(
            "UPDATE sessions SET ready_reason = 'because', compaction_trigger = 'odd', compaction_was_active = 1")
        let readings: [(String, ReadyReason?, Compaction?)] = [
            ("working", nil, nil), ("ready", "because", nil),
            ("compacting", nil, Compaction(trigger: nil, wasActive: true)),
        ]
        for (state, reason, compaction) in readings {
            try bench.sql("UPDATE sessions SET state = ?", [.text(state)])
            let session = try bench.load().session()
            #expect(session?.state.rawValue == state)
            #expect(session?.readyReason == reason)
            #expect(session?.compaction == compaction)
        }
    }

    @Test func `ticks count while they belong to the start`() throws {
        var bench = try Bench()
        let row = ProcessLiveness(
            pid: 9, start: ProcessStart(epochSeconds: 1_772_000_000, ticks: 5, bootID: "b"), lastSeenAt: Bench.noon)
        try bench.write([SensingEffect.upsertLiveness(row)])
        #expect(try bench.load().liveness == [row])
        try bench.sql("UPDATE process_liveness SET proc_started = 17")
        #expect(try bench.load().liveness.map(\.start) == [ProcessStart(epochSeconds: 17)])
        try bench.sql("UPDATE process_liveness SET proc_started = NULL")
        #expect(try bench.load().liveness.map(\.start) == [nil])
    }

    @Test func `a column that makes no sense counts as empty and is reported`() throws {
        var bench = try Bench()
        try bench.write([
            insert("sessions", session),
            insert("shell_state", ["pid": 9, "cwd": "/x", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"]),
            insert("routing_rollout_state", ["id": 1, "dual_run_comparisons": "-3", "first_comparison_at": "once"]),
        ])
        try bench.sql(
            """
            UPDATE sessions SET pid = -1, updated_at = 'soon', state_changed_at = '', last_activity_at = '2026',
            tools_in_flight = 4294967296
            """)
        try bench.sql("UPDATE shell_state SET proc_started = 'x'")
        let contents = try bench.load()
        #expect(
            contents.sessions == [
                SensedSession(
                    sessionID: "s1", state: .working, cwd: "/x", projectID: "/x", projectPath: "/x", updatedAt: nil,
                    stateChangedAt: nil)
            ])
        #expect(contents.shells.count == 1)
        #expect(contents.rollout == RoutingRolloutRecord())
        #expect(
            Set(contents.problems.map(\.column)) == [
                "pid", "updated_at", "state_changed_at", "last_activity_at", "tools_in_flight", "proc_started",
                "dual_run_comparisons", "first_comparison_at",
            ])
        #expect(contents.problems.allSatisfy { !$0.isSkipped })
        // A record without a time is written as such and stays.
        try bench.write(contents.sessions.map { SensingEffect.upsertSession($0) })
        #expect(try bench.load().sessions == contents.sessions)
    }

    private static let oddRows: [(String, KeyValuePairs<String, SQLValue>, String)] = [
        ("sessions", ["session_id": "s2", "state": "asleep"], "state"),
        ("sessions", ["session_id": "", "state": "idle"], "session_id"),
        ("tombstones", ["session_id": "s2", "created_at": "2026-02-25T12:00:00Z", "expires_at": "x"], "expires_at"),
        ("activity", ["session_id": "s2", "project_path": "/x", "file_path": "/y", "recorded_at": ""], "recorded_at"),
        (
            "activity",
            ["session_id": "s2", "project_path": "/x", "file_path": "", "recorded_at": "2026-02-25T12:00:00Z"],
            "file_path"
        ),
        ("shell_state", ["pid": 4_294_967_296, "cwd": "/", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"], "pid"),
        ("shell_state", ["pid": 5, "cwd": "", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"], "cwd"),
        ("shell_state", ["pid": 5, "cwd": "/", "tty": "t", "updated_at": "x"], "updated_at"),
        ("process_liveness", ["pid": 0, "last_seen_at": "2026-02-25T12:00:00Z"], "pid"),
        ("process_liveness", ["pid": 5, "last_seen_at": "x"], "last_seen_at"),
    ]

    @Test(arguments: oddRows)
    func `a row that makes no sense is passed over and reported`(
        table: String, columns: KeyValuePairs<String, SQLValue>, column: String
    ) throws {
        var bench = try Bench()
        try bench.write([
            insert("sessions", session), insert(table, columns),
            insert("shell_state", ["pid": 1, "cwd": "/x", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"]),
            insert("process_liveness", ["pid": 1, "last_seen_at": "2026-02-25T12:00:00Z"]),
        ])
        let contents = try bench.load()
        #expect(contents.problems.map(\.table) == [table])
        #expect(contents.problems.map(\.column) == [column])
        #expect(contents.problems.allSatisfy { $0.isSkipped })
        #expect(contents.sessions.map(\.sessionID) == ["s1"])
        #expect(contents.shells.map(\.pid) == [1] && contents.liveness.map(\.pid) == [1])
        #expect(contents.tombstones.isEmpty && contents.activity.isEmpty)
        #expect(contents.problems.first?.description.hasPrefix("\(table) of ") == true)
    }

    @Test func `a tombstone whose beginning is lost still ends`() throws {
        var bench = try Bench()
        try bench.write([
            insert("tombstones", ["session_id": "s1", "created_at": "x", "expires_at": "2026-02-25T12:01:00Z"])
        ])
        #expect(
            try bench.load().tombstones == [
                Tombstone(sessionID: "s1", createdAt: Bench.at(60), expiresAt: Bench.at(60))
            ])
    }

    @Test func `comparisons that end before they begin are turned round`() throws {
        var bench = try Bench()
        try bench.write(
            SensingProjection.rolloutWritten(
                RoutingRolloutRecord(firstComparisonAt: Bench.at(5), lastComparisonAt: Bench.at(1))))
        let rollout = try bench.load().rollout
        #expect(rollout.firstComparisonAt == Bench.at(1) && rollout.lastComparisonAt == Bench.at(5))
    }

    // MARK: - Activity

    @Test func `of each session the newest thousand rows are read`() throws {
        var bench = try Bench()
        let limit = SensingState.activityLimit
        func row(_ session: SessionID, _ number: Int) -> SensingEffect {
            .appendActivity(
                SensedActivity(
                    sessionID: session, projectPath: "/x", filePath: "/x/\(number)", toolName: nil,
                    recordedAt: Bench.at(-Double(number)), rowid: Int64(number)))
        }
        try bench.write((1...limit + 7).map { row("s1", $0) } + [row("s2", 3)])
        let activity = try bench.load().activity
        #expect(activity.filter { $0.sessionID == "s1" }.map(\.rowid) == (8...Int64(limit) + 7).map { $0 })
        #expect(activity.filter { $0.sessionID == "s2" }.map(\.rowid) == [3])
    }

    @Test func `rows of others count as older than ours, in their order`() throws {
        var bench = try Bench()
        var state = SensingState()
        try bench.tell(Bench.event(.postToolUse, 0, id: "e1", filePath: "ours"), &state)
        for name in ["a", "b", "c"] {
            try bench.write([
                insert(
                    "activity",
                    [
                        "session_id": "s1", "project_path": "/x", "file_path": .text("/x/" + name),
                        "recorded_at": "2026-02-25T12:00:00Z",
                    ])
            ])
        }
        let contents = try bench.load()
        let expected = ["/x/a", "/x/b", "/x/c", Bench.cwd + "/ours"]
        #expect(contents.activity.map(\.filePath) == expected)
        #expect(contents.state().activity(limit: 9).map(\.filePath) == expected.reversed())
    }

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
                insert(
                    "tombstones",
                    ["session_id": .text("t\(index)"), "created_at": .text(time), "expires_at": .text(time)]),
                insert("process_liveness", ["pid": .integer(Int64(index + 1)), "last_seen_at": .text(time)]),
                insert("process_liveness", ["pid": .integer(Int64(index + 11)), "last_seen_at": .text(time)]),
                insert(
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
