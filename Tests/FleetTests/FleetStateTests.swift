import Bytes
import Fleet
import Testing

/// A journal written by hand.
private struct Story {
    var state = FleetState()
    var rowid: Int64 = 0
    var sequence = 0
    var time = Samples.noon

    @discardableResult
    mutating func tell(_ body: JournalEvent.Body, of id: SessionID = Samples.session) -> [FleetEffect] {
        rowid += 1
        time = time + 1000
        if case .runner = body { sequence += 1 }
        var number: Int?
        if case .runner = body { number = sequence }
        return state.apply(
            JournalEvent(rowid: rowid, id: EventID("e\(rowid)"), at: time, sessionID: id, sequence: number, body: body))
    }

    @discardableResult
    mutating func tell(_ body: RunnerEvent.Body) -> [FleetEffect] { tell(.runner(body)) }

    mutating func admit(_ id: SessionID, name: String? = nil, provider: ProviderID = .command) {
        tell(
            .sessionCreated(
                SessionCreated(
                    SessionConfig(
                        sessionID: id, orgID: "o", name: name, providerID: provider,
                        repoRef: .local(path: "/home/me/app", name: nil, defaultBranch: nil),
                        command: CommandSpec(argv: ["make", "all"], cwd: "/home/me/app")))), of: id)
    }

    mutating func end(_ id: SessionID, as state: SessionState) {
        tell(.runner(.sessionStateChanged(StateChange(from: .running, to: state))), of: id)
        tell(
            .runner(
                .sessionEnded(
                    SessionEnd(finalState: state, exitCode: 0, totalDurationMs: 5, totalUsage: .zero))), of: id)
    }
}

@Suite struct FleetStateTests {
    @Test func `tells the whole story of a session`() throws {
        var story = Story()
        #expect(story.tell(.sessionCreated(SessionCreated(Samples.config))) == [.added(Samples.session)])
        story.tell(.sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)))
        story.tell(.processSpawned(ProcessIdentity(pid: 42, startTicks: 7, bootID: "b")))
        story.tell(.sessionStateChanged(StateChange(from: .startingProvider, to: .running)))
        story.tell(.sessionStarted(SessionStart(providerID: .codex, providerVersion: "1.0.0", workspacePath: "/w")))
        story.tell(.terminalResized(TerminalSize(columns: 80, rows: 24)))
        story.tell(.approvalRequested(Samples.approval))
        #expect(story.state[Samples.session]?.pendingApprovals == ["a1"])
        story.tell(.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow, resolvedBy: "u1")))
        story.tell(.testRunStarted(TestRunStart(command: "npm test")))
        #expect(story.state[Samples.session]?.testRuns.last?.isRunning == true)
        story.tell(.testRunFinished(TestRunFinish(exitCode: 1, passed: 3, failed: 2, skipped: 1, duration: 812)))
        story.tell(.fileTouched(FileTouch(path: "a", reason: .write)))
        story.tell(.fileTouched(FileTouch(path: "b", reason: .read)))
        story.tell(.fileTouched(FileTouch(path: "a", reason: .delete)))
        story.tell(
            .alertRaised(Alert(alertID: "x", severity: .error, category: .test, title: "t", description: "d")))
        story.tell(.usageTick(UsageTick(providerID: .codex, units: Samples.usage, intervalMs: 30_000)))
        story.tell(.diffSummary(DiffSummary(filesChanged: 2, linesAdded: 10, linesRemoved: 3, files: [])))
        story.tell(.processExited(ProcessExit(status: .signal(.kill), bytes: 4096)))
        story.tell(.sessionStateChanged(StateChange(from: .running, to: .failed, reason: "killed by SIGKILL")))
        let end = SessionEnd(finalState: .failed, exitCode: 137, totalDurationMs: 16_000, totalUsage: Samples.usage)
        #expect(story.tell(.sessionEnded(end)) == [.changed(Samples.session), .ended(Samples.session)])

        let json = try JSON(parsing: try #require(story.state[Samples.session]).detailJSON.encoded())
        #expect(json["state"] == "FAILED")
        #expect(json["live"] == false)
        #expect(json["name"] == "fix")
        #expect(json["agentId"] == "runner_3f0e1c2d")
        #expect(json["project"] == ["path": "github:acme/app", "name": "app"])
        #expect(
            json["evidence"] == [
                "rowid": 18, "event": "SESSION_STATE_CHANGED", "source": "runner",
                "at": .integer(Samples.noon.milliseconds + 18_000), "reason": "killed by SIGKILL",
            ])
        #expect(json["exitCode"] == 137)
        #expect(json["signal"] == "SIGKILL")
        #expect(json["errorMessage"] == "killed by SIGKILL")
        #expect(json["process"]?["pid"] == 42)
        #expect(json["terminal"] == ["cols": 80, "rows": 24, "bytes": 4096])
        #expect(json["tests"]?["failed"] == 2)
        #expect(json["tests"]?["running"] == false)
        #expect(json["alerts"] == ["error": 1])
        #expect(json["filesTouched"] == 2)
        #expect(json["files"]?.array?.map { $0["path"] } == ["b", "a"])
        #expect(json["files"]?[1]?["reason"] == "delete")
        #expect(json["diff"] == ["filesChanged": 2, "linesAdded": 10, "linesRemoved": 3])
        #expect(json["usage"]?["agentSeconds"] == 12.5)
        #expect(json["lastSeq"] == .integer(story.sequence))
        #expect(
            json["timeline"]?.array?.map { $0["state"] } == ["CREATED", "PREPARING_WORKSPACE", "RUNNING", "FAILED"])
        #expect(json["approvals"]?[0]?["decision"] == "allow")
        #expect(json["alertList"]?[0]?["alertId"] == "x")
        #expect(json["testRuns"]?.array?.count == 1)
    }

    @Test func `shows the workspace and the process to the owner alone`() throws {
        var story = Story()
        story.tell(.sessionCreated(SessionCreated(Samples.config)))
        story.tell(.processSpawned(ProcessIdentity(pid: 42, startTicks: 7, bootID: "b")))
        story.tell(.sessionStateChanged(StateChange(from: .startingProvider, to: .running)))
        story.tell(.sessionStarted(SessionStart(providerID: .codex, workspacePath: "/w")))
        let view = try #require(story.state[Samples.session])
        let mine = view.runtimeStateJSON(forOwner: true)
        #expect(mine["workspace"]?["worktreePath"] == "/w")
        #expect(mine["workspace"]?["workspaceId"] == "ws_3f0e1c2d")
        #expect(mine["providerPid"] == 42)
        #expect(mine["lastEventSeq"] == 2)
        #expect(mine["pendingApprovals"] == [])
        let theirs = view.runtimeStateJSON(forOwner: false)
        #expect(theirs["workspace"]?["worktreePath"] == nil)
        #expect(theirs["providerPid"] == nil)
    }

    @Test func `applies no row twice, no number twice, and no event of a session it does not know`() {
        var story = Story()
        story.admit("s1")
        let before = story.state
        #expect(
            story.state.apply(
                JournalEvent(
                    rowid: 1, id: "e", at: Samples.noon, sessionID: "s2", body: .other(type: "X", payload: [:]))) == [])
        #expect(story.state == before)
        let touch = JournalEvent.Body.runner(.fileTouched(FileTouch(path: "a", reason: .read)))
        for row in Int64(10)...12 {
            _ = story.state.apply(
                JournalEvent(rowid: row, id: "e", at: Samples.noon, sessionID: "s1", sequence: 4, body: touch))
        }
        #expect(story.state["s1"]?.filesTouched == 1)
        _ = story.state.apply(
            JournalEvent(rowid: 20, id: "e", at: Samples.noon, sessionID: "s9", sequence: 1, body: touch))
        #expect(story.state.droppedEvents == 1)
        #expect(story.state.cursor == 20)
    }

    @Test func `keeps lists within their bounds`() throws {
        var story = Story()
        story.tell(.sessionCreated(SessionCreated(Samples.config)))
        for index in 0..<300 {
            story.tell(.fileTouched(FileTouch(path: "f\(index)", reason: .write)))
            story.tell(.testRunStarted(TestRunStart(command: "t\(index)")))
            story.tell(.sessionStateChanged(StateChange(from: .running, to: .pausedByHuman)))
            let id = ApprovalID("a\(index)")
            var asked = Samples.approval
            asked.approvalID = id
            story.tell(.approvalRequested(asked))
            story.tell(.approvalResolved(ApprovalResolution(approvalID: id, decision: .allow)))
            story.tell(
                .alertRaised(Alert(alertID: "x", severity: .info, category: .test, title: "t", description: "d")))
        }
        let view = try #require(story.state[Samples.session])
        #expect(view.files.count == 200)
        #expect(view.files.last?.path == "f299")
        #expect(view.filesTouched == 300)
        #expect(view.testRuns.count == 50)
        #expect(view.timeline.count == 200)
        #expect(view.approvals.count == 100)
        #expect(view.alerts.count == 100)
        #expect(view.alertCounts == [.info: 300])
    }

    // MARK: Finding

    @Test func `finds by id, by name, by prefix, and says when it is not clear`() {
        var story = Story()
        story.admit("abcd1111", name: "web")
        story.admit("abcd2222", name: "web")
        story.admit("abef3333", name: "api")
        #expect(story.state.lookup("abcd1111") == .found("abcd1111"))
        #expect(story.state.lookup("abcd1") == .found("abcd1111"))
        #expect(story.state.lookup("abcd") == .ambiguous(["abcd1111", "abcd2222"]))
        #expect(story.state.lookup("abe") == .notFound)
        #expect(story.state.lookup("web") == .found("abcd2222"))
        #expect(story.state.lookup("zzzz") == .notFound)
        story.end("abcd2222", as: .completed)
        #expect(story.state.lookup("web") == .found("abcd1111"))
        story.end("abcd1111", as: .completed)
        #expect(story.state.lookup("web") == .found("abcd2222"))
    }

    @Test func `lists live ones first, then the newest`() {
        var story = Story()
        for id in ["aaaa", "bbbb", "cccc"] { story.admit(SessionID(id), provider: id == "aaaa" ? .mock : .command) }
        story.end("cccc", as: .failed)
        #expect(story.state.list().map(\.id) == ["bbbb", "aaaa", "cccc"])
        #expect(story.state.list(FleetFilter(states: .live)).map(\.id) == ["bbbb", "aaaa"])
        #expect(story.state.list(FleetFilter(states: .ended)).map(\.id) == ["cccc"])
        #expect(story.state.list(FleetFilter(states: .exactly(.failed))).map(\.id) == ["cccc"])
        #expect(story.state.list(FleetFilter(agent: .mock)).map(\.id) == ["aaaa"])
        #expect(story.state.list(FleetFilter(origin: .observed)).isEmpty)
        #expect(story.state.newestFirst { _ in true }.map(\.id) == ["cccc", "bbbb", "aaaa"])
        #expect(story.state.liveCount(of: "o") == 2)
    }

    @Test func `forgets what ended a day ago, and nothing that lives`() {
        var story = Story()
        story.admit("aaaa")
        story.admit("bbbb")
        story.end("aaaa", as: .completed)
        let ended = story.state["aaaa"]?.endedAt ?? Samples.noon
        #expect(story.state.expire(at: ended + (FleetState.retention - 1)) == [])
        #expect(story.state.expire(at: ended + FleetState.retention) == [.removed("aaaa")])
        #expect(story.state.sessions.count == 1)
    }

    @Test func `a session without its runner ends as lost`() {
        var story = Story()
        story.admit("aaaa")
        story.tell(.runner(.sessionStateChanged(StateChange(from: .created, to: .running))), of: "aaaa")
        let bodies = story.state["aaaa"]?.lostEvents(at: story.time + 5000) ?? []
        for body in bodies { story.tell(.runner(body), of: "aaaa") }
        #expect(story.state["aaaa"]?.state == .failed)
        #expect(story.state["aaaa"]?.errorMessage == "runner_lost")
        #expect(story.state["aaaa"]?.lostEvents(at: story.time) == [])
    }

    // MARK: Rebuilding

    @Test(arguments: [1, 2, 3, 4, 5, 6])
    func `the journal, read again, gives the same value`(seed: UInt64) throws {
        var fleet = RandomFleet(seed: seed)
        fleet.play(events: 2000)
        fleet.finish()
        var live = FleetState()
        var chunks = fleet.chunks[...]
        var rebuilt = FleetState()
        for event in fleet.journal {
            _ = live.apply(event)
            while let next = chunks.first, next.after <= event.rowid { live.watched(chunks.removeFirst().event) }
            let stored = JournalEvent(
                rowid: event.rowid, id: event.id, at: event.at, source: event.source, sessionID: event.sessionID,
                sequence: event.sequence,
                body: try JournalEvent.Body(type: event.type, payload: JSON(parsing: event.payload.encoded())))
            #expect(stored == event)
            _ = rebuilt.apply(stored)
        }
        #expect(live.sessions.count > 5)
        #expect(live.sessions.values.allSatisfy { !$0.isLive })
        #expect(live.droppedEvents == 0)
        // Nobody saw the processes of lost sessions end; their recordings tell how much they wrote.
        for view in live.sessions.values where view.errorMessage == "runner_lost" {
            rebuilt.recorded(view.terminalBytes, of: view.id)
        }
        #expect(rebuilt == live)
        for view in live.sessions.values { #expect(rebuilt[view.id]?.detailJSON == view.detailJSON) }
        // Expiring on the way or at the end comes to the same.
        let later = (fleet.journal.last?.at ?? Samples.noon) + FleetState.retention / 2
        _ = live.expire(at: later)
        _ = live.expire(at: later + FleetState.retention / 4)
        _ = rebuilt.expire(at: later + FleetState.retention / 4)
        #expect(rebuilt == live)
    }

    @Test func `a hundred thousand events are applied quickly`() {
        var fleet = RandomFleet(seed: 9)
        fleet.play(events: 20_000)
        var state = FleetState()
        let clock = ContinuousClock()
        var count = 0
        let elapsed = clock.measure {
            for round in 0..<5 {
                state = FleetState()
                for event in fleet.journal { count += state.apply(event).count }
                #expect(state.cursor == Int64(fleet.journal.count), "round \(round)")
            }
        }
        #expect(count > 50_000)
        // Generous: this is a debug build on a busy machine. Release is measured by the benchmarks.
        #expect(elapsed < .seconds(20))
        print("applied \(fleet.journal.count * 5) events in \(elapsed)")
    }
}
