import Bytes
import Fleet
import Testing

@testable import Store

@Suite struct SensingProjectionTests {
    private typealias Bench = SensingBench

    @Test func `rows stand in the words of the contract`() throws {
        var bench = try Bench()
        var state = SensingState()
        var processes = FakeProcesses()
        processes.readings[7] = .running(ProcessStart(epochSeconds: 1_772_000_000, ticks: .max, bootID: "b"))
        try bench.tell(Bench.event(.sessionStart, 0.25, id: "e1", pid: 7), &state, processes)
        try bench.tell(
            Bench.event(.preCompact, 1.5, id: "e2", metadata: ["trigger": "auto"]), &state, processes)
        try bench.tell(
            Bench.event(.postToolUse, 2, id: "e3", tool: "Edit", filePath: "a/../b.swift"), &state, processes)
        #expect(
            try bench.rows("sessions", SensingTable.sessions.list) == [
                [
                    "s1", "7", "compacting", Bench.cwd, Bench.cwd + "/.git", Bench.cwd, "2026-02-25T12:00:02Z",
                    "2026-02-25T12:00:01Z", "post_tool_use", "2026-02-25T12:00:02Z", "0", "-", "1772020802000",
                    "1772020801500", "1772020802000", "auto", "0", "-", "-",
                ]
            ])
        #expect(
            try bench.rows("activity", SensingTable.activity.list) == [
                [
                    "s1", Bench.cwd, Bench.cwd + "/b.swift", "Edit", "2026-02-25T12:00:02Z", "1772020802000", "3",
                ]
            ])
        #expect(
            try bench.rows("process_liveness", SensingTable.liveness.list) == [
                ["7", "1772000000", "2026-02-25T12:00:00Z", "1772020800250", "1772000000", "-1", "b"]
            ])
        #expect(try bench.cursor() == "3")
        try bench.tell(Bench.event(.sessionEnd, 3.75, id: "e4"), &state, processes)
        #expect(try bench.rows("sessions", "session_id").isEmpty)
        #expect(try bench.rows("activity", "session_id").isEmpty)
        #expect(
            try bench.rows("tombstones", SensingTable.tombstones.list) == [
                ["s1", "2026-02-25T12:00:03Z", "2026-02-25T12:01:03Z", "1772020803750", "1772020863750"]
            ])
        try bench.tell(
            Bench.shell(9, 5, id: "e5", metadata: ["tmux_pane": "%1", "proc_start": "1772000009"]), &state, processes)
        #expect(
            try bench.rows("shell_state", SensingTable.shells.list) == [
                [
                    "9", Bench.cwd, "/dev/pts/9", "kitty", "dev", "/dev/pts/0", "2026-02-25T12:00:05Z",
                    "1772020805000", Bench.cwd, "%1", "1772000009",
                ]
            ])
        #expect(try bench.cursor() == "5")
    }

    @Test func `an event that comes twice is applied once`() throws {
        var bench = try Bench()
        var state = SensingState()
        let event = Bench.event(.preToolUse, 0, id: "e1", pid: 7)
        let effects = state.apply(
            event, rowid: 1, receivedAt: Bench.noon, project: Bench.project, processes: FakeProcesses())
        try bench.append(event, effects)
        try bench.tell(Bench.event(.sessionEnd, 1, id: "e2"), &state)
        let after = try bench.load()
        // The duplicate would bring the record back.
        #expect(try bench.append(event, effects) == .duplicate(rowid: 1))
        #expect(try bench.load() == after)
        #expect(try bench.cursor() == "2")
    }

    @Test func `rowids are those of the journal, whatever number the rules were told`() throws {
        var bench = try Bench()
        try bench.bench.journal.append(record("other"), token: 500)
        var state = SensingState()
        let events = (1...3).map {
            Bench.event(.postToolUse, Double($0), id: "e\($0)", tool: "Edit", filePath: "\($0)")
        }
        for (index, event) in events.enumerated() {
            let effects = state.apply(
                event, rowid: Int64(index + 1), receivedAt: event.recordedAt, project: Bench.project,
                processes: FakeProcesses())
            #expect(try bench.append(event, effects) == .committed(rowid: Int64(index + 2)))
        }
        #expect(try bench.rows("activity", "event_rowid") == [["2"], ["3"], ["4"]])
        #expect(try bench.cursor() == "4")
    }

    @Test func `of a replay each row is written once, as it is in the end, and what a deletion takes along is gone`()
        throws
    {
        var bench = try Bench()
        var state = SensingState()
        let events = [
            Bench.event(.preToolUse, 0, id: "e1", pid: 7), Bench.event(.preToolUse, 1, id: "e2", pid: 7),
            Bench.event(.postToolUse, 2, id: "e3", tool: "Edit", filePath: "old"),
            Bench.event(.sessionEnd, 3, id: "e4"), Bench.event(.sessionStart, 70, id: "e5", pid: 8),
            Bench.event(.postToolUse, 71, id: "e6", tool: "Edit", filePath: "new"),
        ]
        try bench.append(events)
        var effects: [SensingEffect] = []
        for (index, event) in events.enumerated() {
            effects += state.apply(
                event, rowid: Int64(index + 1), receivedAt: event.recordedAt, project: Bench.project,
                processes: FakeProcesses())
        }
        let writes = SensingProjection.writes(replaying: effects, upTo: 6)
        #expect(writes.count { $0.sql.text.hasPrefix("INSERT INTO sessions") } == 1)
        #expect(writes.count { $0.sql.text.hasPrefix("INSERT INTO process_liveness") } == 2)
        try bench.write(writes)
        let read = try bench.load().state()
        #expect(read["s1"] == state["s1"])
        #expect(read.liveness == state.liveness)
        #expect(read.tombstones == state.tombstones)
        #expect(read.activity(of: "s1", limit: 9) == state.activity(of: "s1", limit: 9))
        #expect(try bench.rows("activity", "file_path") == [[Bench.cwd + "/new"]])
        #expect(try bench.cursor() == "6")
    }

    @Test func `an event is written with all that derives from it, or not at all`() throws {
        var bench = try Bench()
        var state = SensingState()
        let event = Bench.event(.preToolUse, 0, id: "e1", pid: 7)
        let effects = state.apply(
            event, rowid: 1, receivedAt: Bench.noon, project: Bench.project, processes: FakeProcesses())
        let broken =
            SensingProjection.writes(withEvent: effects) + [DerivedWrite("INSERT INTO events DEFAULT VALUES")]
        guard case .failed = try bench.append(event, broken) else {
            Issue.record("the journal took a row without an id")
            return
        }
        #expect(try bench.load() == SensingArchive.Contents())
        #expect(try bench.archive { try $0.contains("e1") } == false)
        // The same event is new when it comes again.
        try bench.append(event, effects)
        #expect(try bench.load().session()?.toolsInFlight == 1)
        #expect(try bench.archive { try $0.contains("e1") })
    }

    @Test func `the cursor never moves back`() throws {
        var bench = try Bench()
        try bench.write(SensingProjection.cursorPassed(7))
        try bench.write(SensingProjection.cursorPassed(5))
        try bench.write([SensingEffect.advanceCursor(6)])
        #expect(try bench.cursor() == "7")
        try bench.write([SensingEffect.advanceCursor(8)])
        #expect(try bench.cursor() == "8")
    }

    @Test func `rollout counters come back`() throws {
        var bench = try Bench()
        var record = RoutingRollout(
            comparisons: 1010, statusMismatches: 4, targetMismatches: 6, firstComparisonAt: Bench.at(0.125),
            lastComparisonAt: Bench.at(9.5), lastSnapshotAt: Bench.at(10))
        #expect(try bench.load().rollout == RoutingRollout())
        for _ in 0..<2 {
            try bench.write(SensingProjection.rolloutWritten(record))
            #expect(try bench.load().rollout == record)
            record.comparisons += 1
            record.lastSnapshotAt = nil
        }
        #expect(try bench.rows("routing_rollout_state", "id, first_comparison_at") == [["1", Bench.noonText]])
    }

    private var shell: SensedShell { SensedShell(pid: 9, cwd: "/x", tty: "/dev/pts/9", updatedAt: Bench.noon) }
}
