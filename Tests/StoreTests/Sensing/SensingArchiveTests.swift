import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingArchiveTests {
    private typealias Bench = SensingBench

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
            Bench.row(
                "sessions",
                [
                    "session_id": "s1", "state": "idle", "cwd": "/x", "updated_at": time, "state_changed_at": time,
                    "last_activity_at": time,
                ]),
            Bench.row("tombstones", ["session_id": "s1", "created_at": time, "expires_at": time]),
            Bench.row(
                "activity", ["session_id": "s1", "project_path": "/x", "file_path": "/x/y", "recorded_at": time]),
            Bench.row("shell_state", ["pid": 9, "cwd": "/x", "tty": "t", "updated_at": time]),
            Bench.row("process_liveness", ["pid": 9, "last_seen_at": time]),
            Bench.row("routing_rollout_state", ["id": 1, "dual_run_comparisons": 3, "last_snapshot_at": time]),
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
        #expect(contents.rollout == RoutingRollout(comparisons: 3, lastSnapshotAt: expected))
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
        try bench.write([Bench.row("sessions", session)])
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
        try bench.write([Bench.row("sessions", session)])
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
            Bench.row("sessions", session),
            Bench.row("shell_state", ["pid": 9, "cwd": "/x", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"]),
            Bench.row("routing_rollout_state", ["id": 1, "dual_run_comparisons": "-3", "first_comparison_at": "once"]),
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
        #expect(contents.rollout == RoutingRollout())
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
            Bench.row("sessions", session), Bench.row(table, columns),
            Bench.row("shell_state", ["pid": 1, "cwd": "/x", "tty": "t", "updated_at": "2026-02-25T12:00:00Z"]),
            Bench.row("process_liveness", ["pid": 1, "last_seen_at": "2026-02-25T12:00:00Z"]),
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
            Bench.row("tombstones", ["session_id": "s1", "created_at": "x", "expires_at": "2026-02-25T12:01:00Z"])
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
                RoutingRollout(firstComparisonAt: Bench.at(5), lastComparisonAt: Bench.at(1))))
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
                Bench.row(
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
}
