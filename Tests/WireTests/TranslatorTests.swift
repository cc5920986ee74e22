import Bytes
import Fleet
import Testing
import Wire

private let session: SessionID = "3f0e1c2d-1111-4222-8333-444455556666"
private let noon = Timestamp(milliseconds: 1_767_607_391_402)
private let start = MonotonicTime(milliseconds: 0)

private func config(_ id: SessionID = session, village: VillageID = "v1") -> SessionConfig {
    SessionConfig(
        sessionID: id, orgID: "u1", villageID: village, agentName: "Ann", providerID: .claudeCode,
        repoRef: .hosted(provider: .github, owner: "acme", name: "app", defaultBranch: nil))
}

private func json(_ emission: Emission) throws -> JSON { try JSON(parsing: emission.payload) }

/// All twelve kinds, in an order that a session could have.
private let approval = ApprovalRequest(
    approvalID: "a1", sessionID: session, category: .merge, summary: "push", risk: .medium, requestedAt: noon)
private let alert = Alert(
    alertID: "al", severity: .error, category: .test, title: "Tests fail", description: "2 failed",
    context: ["seq": 9])
private let story: [RunnerEvent.Body] = [
    .sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)),
    .sessionStateChanged(StateChange(from: .startingProvider, to: .running)),
    .sessionStarted(SessionStart(providerID: .claudeCode, providerVersion: "2.0.0", workspacePath: "/secret/w")),
    .terminalChunk(TerminalChunk(data: "hi\r\n", offset: 0, bytes: 4)),
    .fileTouched(FileTouch(path: "a", reason: .write)),
    .fileTouched(FileTouch(path: "a", reason: .delete)),
    .fileTouched(FileTouch(path: "a", reason: .read)),
    .fileTouched(FileTouch(path: "a", reason: .diff)),
    .testRunStarted(TestRunStart(command: "npm test")),
    .testRunFinished(TestRunFinish(exitCode: 1, passed: 41, failed: 2, skipped: 0, duration: 8120)),
    .alertRaised(alert),
    .approvalRequested(approval),
    .approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow, resolvedBy: "u1", note: "ok")),
    .usageTick(UsageTick(providerID: .claudeCode, units: .zero, intervalMs: 30_000)),
    .diffSummary(DiffSummary(files: [.init(path: "a", status: .modified, additions: 1, deletions: 1)])),
    .sessionStateChanged(StateChange(from: .running, to: .completed)),
    .sessionEnded(SessionEnd(finalState: .completed, exitCode: 0, totalDurationMs: 5, totalUsage: .zero)),
]

/// Plays the story and collects what is sent, flushing as a clock would.
private func play(_ options: Translator.Options = .init(), step: Duration = .seconds(1)) -> [Emission] {
    var translator = Translator(options)
    var numbering = RunnerEventNumbering(of: config())
    var now = start
    var emissions = translator.admit(config(), at: noon)
    for body in story {
        now = now + step
        if let flush = translator.nextFlush, flush <= now { emissions += translator.flush(at: now) }
        emissions += translator.translate(numbering.next(body, at: noon), at: now)
    }
    return emissions
}

@Suite struct TranslatorTests {
    @Test func `a village sees everything in order, and one goodbye`() throws {
        let seen = try play().filter { $0.rooms.contains("village:v1") }.map { emission in
            emission.event == "work_stream_event" ? try json(emission)["type"]?.string ?? "" : emission.event
        }
        #expect(
            seen == [
                "agent_spawn", "status_change", "status_change", "session_start", "output", "file_edit", "file_delete",
                "file_read", "file_read", "test_start", "test_finish", "alert_raised", "status_change",
                "status_change", "file_edit", "status_change", "session_end", "agent_disconnect",
            ])
    }

    @Test(arguments: [Duration.seconds(1), .milliseconds(1)], ["village:v1", "village-public:v1"])
    func `the chain of numbers is unbroken for each audience`(step: Duration, room: String) throws {
        var last = 0
        var numbers: Set<Int> = []
        for emission in play(step: step) where emission.event == "work_stream_event" && emission.rooms.contains(room) {
            let event = try json(emission)
            let number = try #require(event["seq"]?.integer)
            #expect(event["prevSeq"]?.integer == last)
            #expect(numbers.insert(number).inserted)
            last = number
        }
        #expect(last == story.count)
        #expect(numbers.count == (room == "village:v1" ? story.count - 2 : story.count - 5))
    }

    @Test func `an event goes once to the union of village and agent`() {
        for emission in play() where emission.event == "work_stream_event" && emission.rooms != ["village-public:v1"] {
            #expect(emission.rooms == ["village:v1", "agent:runner_3f0e1c2d"])
        }
    }

    @Test func `a test result looks as the contract shows it`() {
        let finished = play().first { String(decoding: $0.payload, as: UTF8.self).contains("test_finish") }
        #expect(
            finished.map { String(decoding: $0.payload, as: UTF8.self) }
                == #"{"agentId":"runner_3f0e1c2d","sessionId":"3f0e1c2d-1111-4222-8333-444455556666","#
                + #""type":"test_finish","payload":{"exitCode":1,"passed":41,"failed":2,"skipped":0,"duration":8120},"#
                + #""timestamp":"2026-01-05T10:03:11.402Z","seq":10,"prevSeq":9}"#)
    }

    @Test func `those who only look see no output, no approvals, no paths and no contexts`() throws {
        let seen = try play().filter { $0.rooms == ["village-public:v1"] }.map(json)
        let text = seen.map(\.text).joined(separator: "\n")
        for word in ["/secret/w", "github:acme", "a1", "2 failed", "context", "hi\\r\\n"] {
            #expect(!text.contains(word))
        }
        #expect(text.contains("Tests fail"))
        #expect(text.contains("\"passed\":41"))
        #expect(seen.first?["agentName"] == "Ann")
    }

    @Test func `members see the whole approval and the whole alert`() throws {
        let village = try play().filter { $0.rooms.contains("village:v1") }.map(json)
        #expect(village.contains { $0["payload"] == ["approval": approval.json, "newState": "WAITING_FOR_APPROVAL"] })
        #expect(
            village.contains {
                $0["payload"] == ["approvalId": "a1", "decision": "allow", "resolvedBy": "u1", "note": "ok"]
            })
        var expected = alert.json.object ?? [:]
        expected["timestamp"] = "2026-01-05T10:03:11.402Z"
        expected["agentId"] = "runner_3f0e1c2d"
        expected["sessionId"] = .string(session.rawValue)
        #expect(village.contains(.object(expected)))
        #expect(
            village.first == [
                "agentId": "runner_3f0e1c2d", "sessionId": .string(session.rawValue), "agentType": "claude",
                "agentName": "Ann", "repoPath": "github:acme/app", "timestamp": "2026-01-05T10:03:11.402Z",
            ])
        #expect(village.contains { $0["payload"]?["kind"] == "diff_summary" })
    }

    @Test func `the session's room gets output at once, with its place in the recording`() throws {
        let output = play().filter { $0.rooms == ["session:\(session)"] }
        #expect(output.map(\.event) == ["terminal_output"])
        #expect(
            try json(output[0]) == [
                "agentId": "runner_3f0e1c2d", "sessionId": .string(session.rawValue), "data": "hi\r\n",
                "stream": "stdout", "ts": .integer(noon.milliseconds), "seq": 4, "offset": 0, "bytes": 4,
            ])
    }

    @Test func `usage is shown where that is switched on`() throws {
        let ticks = play(.init(usageEvents: true)).filter { $0.event == "usage_tick" }
        #expect(ticks.map(\.rooms) == [["session:\(session)"]])
        #expect(try json(ticks[0])["intervalMs"] == 30_000)
        #expect(try json(ticks[0])["timestamp"] == "2026-01-05T10:03:11.402Z")
    }

    // MARK: Joined output

    private func chunk(_ data: String, _ sequence: Int) -> RunnerEvent {
        RunnerEvent(
            sessionID: session, orgID: "u1", timestamp: noon + Int64(sequence), sequence: sequence,
            body: .terminalChunk(TerminalChunk(data: data)))
    }

    @Test func `output to the village is joined to ten events a second`() throws {
        var translator = Translator()
        _ = translator.admit(config(), at: noon)
        #expect(
            translator.translate(chunk("a", 1), at: start).map(\.event) == ["terminal_output", "work_stream_event"])
        #expect(translator.nextFlush == nil)
        #expect(translator.translate(chunk("b", 2), at: start + .milliseconds(10)).map(\.event) == ["terminal_output"])
        #expect(translator.translate(chunk("c", 3), at: start + .milliseconds(20)).map(\.event) == ["terminal_output"])
        #expect(translator.nextFlush == start + .milliseconds(100))
        #expect(translator.flush(at: start + .milliseconds(99)) == [])
        let joined = try json(try #require(translator.flush(at: start + .milliseconds(100)).first))
        #expect(joined["payload"] == ["data": "bc", "stream": "stdout"])
        #expect(joined["seq"] == 3)
        #expect(joined["prevSeq"] == 1)
        #expect(translator.nextFlush == nil)
    }

    @Test func `whatever follows joined output comes after it`() throws {
        var translator = Translator()
        _ = translator.admit(config(), at: noon)
        _ = translator.translate(chunk("a", 1), at: start)
        _ = translator.translate(chunk("b", 2), at: start)
        let touch = RunnerEvent(
            sessionID: session, orgID: "u1", timestamp: noon, sequence: 3,
            body: .fileTouched(FileTouch(path: "x", reason: .write)))
        let emissions = translator.translate(touch, at: start).filter { $0.rooms.contains("village:v1") }
        #expect(try emissions.map { try json($0)["seq"] } == [2, 3])
        #expect(translator.nextFlush == nil)
    }

    @Test func `joined output does not grow without bound`() {
        var translator = Translator()
        _ = translator.admit(config(), at: noon)
        let text = String(repeating: "x", count: 16_000)
        var largest = 0
        for sequence in 1...100 {
            for emission in translator.translate(chunk(text, sequence), at: start) {
                largest = max(largest, emission.payload.count)
            }
        }
        #expect(largest < 66_000)
    }

    // MARK: Sessions

    @Test func `events of sessions that are not there are dropped and counted`() {
        var translator = Translator()
        #expect(translator.translate(chunk("a", 1), at: start) == [])
        #expect(translator.droppedEvents == 1)
        _ = translator.admit(config(), at: noon)
        #expect(translator.admit(config(), at: noon) == [])
        translator.forget(session)
        #expect(translator.translate(chunk("a", 1), at: start) == [])
        #expect(translator.droppedEvents == 2)
    }

    @Test func `late joiners are told who is there`() {
        var translator = Translator()
        _ = translator.admit(config("bbbbbbbb", village: "v1"), at: noon + 1)
        _ = translator.admit(config("aaaaaaaa", village: "v1"), at: noon)
        _ = translator.admit(config("cccccccc", village: "v2"), at: noon)
        let agents = translator.agents(in: "v1").array ?? []
        #expect(agents.map { $0["agentId"] } == ["runner_aaaaaaaa", "runner_bbbbbbbb"])
        #expect(agents.allSatisfy { $0["repoPath"] == "github:acme/app" })
        #expect(translator.agents(in: "v1", isPublic: true)[0]?["repoPath"] == nil)
    }

    @Test func `a session that was there before goes on from its last number`() throws {
        var state = FleetState()
        _ = state.apply(
            JournalEvent(
                rowid: 1, id: "1", at: noon, sessionID: session, body: .sessionCreated(SessionCreated(config()))))
        _ = state.apply(
            JournalEvent(
                rowid: 2, id: "2", at: noon, sessionID: session, sequence: 7,
                body: .runner(.fileTouched(FileTouch(path: "a", reason: .read)))))
        var translator = Translator()
        translator.restore(try #require(state[session]))
        let first = translator.translate(chunk("a", 8), at: start).first { $0.event == "work_stream_event" }
        #expect(try json(try #require(first))["prevSeq"] == 7)
    }

    @Test func `a changed size is told to the session's room`() throws {
        let emission = Translator().resized(session, to: TerminalSize(columns: 80, rows: 24), at: noon)
        #expect(emission.rooms == ["session:\(session)"])
        #expect(emission.event == "terminal_resized")
        #expect(try json(emission)["cols"] == 80)
    }
}
