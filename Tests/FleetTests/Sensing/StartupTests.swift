import Bytes
import Fleet
import Testing

/// daemon-ipc §7.4 to §7.6.
@Suite struct SensingStartupTests {
    private typealias Samples = SensingSamples

    // MARK: - Back-off

    @Test func `the fourth start in two minutes waits ten seconds`() {
        var backoff = StartBackoff(starts: [Samples.at(-30), Samples.at(-20), Samples.at(-10)])
        #expect(backoff.nextDelay(at: Samples.noon) == 10)
        let delay = backoff.started(at: Samples.noon)
        #expect(delay == 10)
        #expect(backoff.starts.count == 4)
        #expect(backoff.nextDelay(at: Samples.noon) == 20)
        #expect(backoff.lastStart == Samples.noon)
    }

    @Test func `older starts are forgotten`() {
        var backoff = StartBackoff(starts: [Samples.at(-140), Samples.at(-130)])
        let delay = backoff.started(at: Samples.noon)
        #expect(delay == 0)
        #expect(backoff.starts == [Samples.noon])
        #expect(backoff.nextDelay(at: Samples.noon) == nil)
        #expect(backoff.startsInWindow(at: Samples.at(120)) == 1)
        #expect(backoff.startsInWindow(at: Samples.at(120.001)) == 0)
    }

    @Test func `nobody waits longer than a minute`() {
        var backoff = StartBackoff()
        let delays = (0..<12).map { backoff.started(at: Samples.at(Double($0))) }
        #expect(delays == [0, 0, 0, 10, 20, 30, 40, 50, 60, 60, 60, 60])
    }

    @Test func `a clean stop takes its start back`() {
        var backoff = StartBackoff()
        _ = backoff.started(at: Samples.at(0.7))
        _ = backoff.started(at: Samples.at(1.2))
        backoff.stoppedCleanly(startedAt: Samples.at(0.7))
        backoff.stoppedCleanly(startedAt: Samples.at(0.7))
        #expect(backoff.starts == [Samples.at(1)])
    }

    @Test func `the file keeps what was written, and nonsense is no file`() throws {
        var backoff = StartBackoff()
        _ = backoff.started(at: Samples.at(0.5))
        #expect(String(decoding: backoff.file, as: UTF8.self) == #"{"starts":["2026-02-25T12:00:00Z"]}"#)
        #expect(StartBackoff(file: backoff.file) == backoff)
        let foreign = #"{"starts":["2026-02-25T12:00:00.123456789+00:00"],"x":1}"#
        #expect(StartBackoff(file: Array(foreign.utf8))?.starts == [Samples.noon])
        for text in ["", "[]", "{}", #"{"starts":1}"#, #"{"starts":["x"]}"#, #"{"starts":[1]}"#] {
            #expect(StartBackoff(file: Array(text.utf8)) == nil)
        }
    }

    // MARK: - Cursor

    @Test(arguments: [true, false])
    func `a cursor that is there holds`(hasSessions: Bool) {
        let sessions = hasSessions ? [Samples.record(.ready)] : []
        let start = ReplayStart(storedCursor: "17", sessions: sessions)
        #expect(start == .after(17))
        #expect(start.cursor(highest: 99, covered: 50) == 17)
    }

    @Test(arguments: [nil, "", "x"])
    func `without one the sessions say how far they are`(stored: String?) {
        var newer = Samples.record(.ready, "s2")
        newer.updatedAt = Samples.at(9)
        let start = ReplayStart(storedCursor: stored, sessions: [Samples.record(.ready), newer])
        #expect(start == .coveredBySessions(upTo: Samples.at(9)))
        #expect(start.cursor(highest: 99, covered: 50) == 50)
        #expect(start.cursor(highest: 99, covered: nil) == 0)
    }

    @Test func `sessions without a time say nothing`() {
        var session = Samples.record(.ready)
        session.updatedAt = nil
        let start = ReplayStart(storedCursor: nil, sessions: [session])
        #expect(start.cursor(highest: 99, covered: 50) == 0)
    }

    @Test func `old history is not replayed`() {
        let start = ReplayStart(storedCursor: nil, sessions: [])
        #expect(start == .afterAll)
        #expect(start.cursor(highest: 99, covered: nil) == 99)
        #expect(start.cursor(highest: nil, covered: nil) == 0)
    }

    @Test(arguments: HookEventType.allCases)
    func `a replay applies what is about sessions`(type: HookEventType) {
        let left: Set<HookEventType> = [.shellCwd, .subagentStart, .subagentStop, .teammateIdle]
        #expect(type.isReplayable == !left.contains(type))
        #expect(Samples.event(type, 0).isReplayable == !left.contains(type))
        #expect(!Samples.event(type, 0, of: nil).isReplayable)
    }

    @Test func `an event that was written while the daemon was away counts once`() {
        var dialogue = SensingDialogue(processes: FakeProcesses(alive: [7]))
        dialogue.tell(.sessionStart, 10, pid: 7)
        var restarted = SensingState(
            cursor: dialogue.state.cursor, sessions: dialogue.state.sessions(at: Samples.at(10), dialogue.processes),
            liveness: Array(dialogue.state.liveness.values))
        let missed = Samples.event(.preToolUse, 9, pid: 7)
        for _ in 0..<2 {
            _ = restarted.apply(
                missed, rowid: 2, receivedAt: Samples.at(11), project: Samples.project, processes: dialogue.processes)
            #expect(restarted[Samples.session]?.toolsInFlight == 1)
            #expect(restarted.cursor == 2)
        }
    }

    // MARK: - Shells and processes

    @Test func `a start takes up the shells that live`() {
        let shells = [UInt32(7), 8, 9].map { pid in
            SensedShell(pid: pid, cwd: "/p", tty: "/dev/pts/1", updatedAt: Samples.at(pid == 9 ? -86_401 : -1))
        }
        var state = SensingState(shells: shells)
        let effects = state.takeUpShells(at: Samples.noon, FakeProcesses(alive: [8], gone: [7]))
        #expect(effects == [.deleteShell(pid: 7), .deleteShell(pid: 9)])
        #expect(state.shells.keys.sorted() == [8])
    }

    @Test func `empty tables are made anew from the journal`() {
        var state = SensingState()
        let events = [
            Samples.shell(7, 1, cwd: "/old"), Samples.event(.stop, 2, pid: 5), Samples.shell(7, 3, cwd: "/new"),
            Samples.event(.stop, 1, pid: 5),
        ]
        let effects = state.rebuild(from: events.map { ($0, $0.cwd) }, receivedAt: Samples.at(9))
        #expect(state.shells[7]?.cwd == "/new")
        #expect(state.liveness[5] == ProcessLiveness(pid: 5, start: nil, lastSeenAt: Samples.at(2)))
        #expect(effects.count == 3)
        let known = state
        let again = state.rebuild(from: [(Samples.shell(8, 9), nil)], receivedAt: Samples.at(9))
        #expect(again.isEmpty)
        #expect(state == known)
    }

    @Test func `what a shell says of itself is kept`() {
        var dialogue = SensingDialogue()
        dialogue.tell(
            Samples.shell(
                7, 1, tmuxSession: "w", client: "/dev/pts/1", metadata: ["proc_start": "1234", "tmux_pane": "%3"]))
        let shell = dialogue.state.shells[7]
        #expect(shell?.procStarted == 1234)
        #expect(shell?.tmuxPane == "%3")
        #expect(shell?.tmuxSession == "w")
        #expect(shell?.updatedAt == Samples.at(1))
        #expect(dialogue.effects.contains { $0 == shell.map { .upsertShell($0) } })
        dialogue.tell(Samples.shell(7, 0.5, cwd: "/late", metadata: ["proc_start": 1234]))
        #expect(dialogue.state.shells[7]?.cwd == Samples.cwd)
        dialogue.tell(Samples.shell(7, 0.6, cwd: "/other", metadata: ["proc_start": 99]))
        #expect(dialogue.state.shells[7]?.cwd == "/other")
    }

    // MARK: - Retention

    @Test func `events beyond the cursor are never deleted`() {
        let plan = RetentionPlan(cursor: 10, at: Samples.noon)
        let month = Samples.noon + -30 * 86_400_000
        #expect(plan.dropsEvent(rowid: 10, recordedAt: month + -1, newer: 0))
        #expect(!plan.dropsEvent(rowid: 10, recordedAt: month, newer: 0))
        #expect(!plan.dropsEvent(rowid: 11, recordedAt: month + -1, newer: 300_000))
        #expect(plan.dropsEvent(rowid: 10, recordedAt: Samples.noon, newer: 200_000))
        #expect(!plan.dropsEvent(rowid: 10, recordedAt: Samples.noon, newer: 199_999))
    }

    @Test func `tombstones and processes are kept for a day`() {
        func tombstone(_ id: SessionID, _ seconds: Double) -> Tombstone {
            Tombstone(sessionID: id, createdAt: Samples.at(seconds - 60), expiresAt: Samples.at(seconds))
        }
        let seen = [UInt32(1), 2, 3].map { pid in
            ProcessLiveness(pid: pid, start: nil, lastSeenAt: Samples.at(pid == 1 ? -86_400 : -86_401))
        }
        var state = SensingState(
            sessions: [Samples.record(.working, pid: 2)],
            tombstones: [tombstone("old", -86_401), tombstone("young", -86_400), tombstone("s1", -90_000)],
            liveness: seen)
        let effects = state.retain(RetentionPlan(cursor: 0, at: Samples.noon))
        #expect(effects == [.deleteTombstone("old"), .deleteTombstone("s1"), .deleteLiveness(pid: 3)])
        #expect(state.tombstones.map(\.sessionID) == ["young"])
        #expect(state[Samples.session] == Samples.record(.working, pid: 2))
        let again = state.retain(RetentionPlan(cursor: 0, at: Samples.noon))
        #expect(again.isEmpty)
    }

    @Test func `a session keeps a thousand rows of activity, and some more before they are cleared`() {
        var dialogue = SensingDialogue()
        for index in 0..<3000 {
            dialogue.tell(.postToolUse, Double(index), filePath: "f\(index)")
            let count = dialogue.state.activity(of: Samples.session, limit: .max).count
            #expect(count <= 1250 && count >= min(index + 1, 1000))
        }
        let newest = dialogue.state.activity(limit: 2).map(\.filePath)
        #expect(newest == [Samples.cwd + "/f2999", Samples.cwd + "/f2998"])
        #expect(dialogue.state.activity(of: "unknown", limit: 2).isEmpty)
        #expect(dialogue.state.activity(limit: 0).isEmpty)
    }
}
