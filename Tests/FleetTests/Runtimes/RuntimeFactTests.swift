import Bytes
import Fleet
import Testing

@Suite struct RuntimeFactTests {
    @Test(arguments: RuntimeSamples.facts)
    func `a fact comes back from the journal`(fact: RuntimeFact) throws {
        let sequence = fact.event(of: RuntimeSamples.session) == nil ? nil : 41
        let stored = JournalEvent(
            rowid: 9, id: "", at: Samples.noon, source: .runtime, sessionID: RuntimeSamples.session,
            sequence: sequence, body: .runtime(fact))
        #expect(try JournalEvent(json: JSON(parsing: stored.json.encoded())) == stored)
        let payload = try JSON(parsing: fact.payload.encoded())
        #expect(try JournalEvent.Body(type: stored.type, payload: payload) == .runtime(fact))
    }

    @Test func `every kind has a sample, and none is called like an event of a runner`() {
        #expect(Set(RuntimeSamples.facts.map(\.kind)) == Set(RuntimeFact.Kind.allCases))
        for kind in RuntimeFact.Kind.allCases { #expect(RunnerEvent.Kind(rawValue: kind.rawValue) == nil) }
    }

    @Test func `a fact reads well on the event stream`() {
        let event = JournalEvent(
            rowid: 9, id: "e", at: Samples.noon, source: .runtime, sessionID: "s", sequence: 3,
            body: .runtime(RuntimeSamples.running))
        #expect(
            event.json.text == #"{"rowid":9,"at":1767607391402,"source":"rpc","type":"RUNTIME_RUNNING","#
                + #""sessionId":"s","seq":3,"payload":{"shimPid":48210,"runtimePid":48211,"#
                + #""startTime":"2026-03-02T08:15:30.120Z","startTicks":9876543,"bootId":"b1"}}"#)
    }

    @Test func `three facts are told to the clients of the cursor`() {
        let session = RuntimeSamples.session
        #expect(
            RuntimeSamples.running.event(of: session)
                == .running(session, runtimePID: 48211, startTime: RuntimeSamples.started))
        #expect(
            RuntimeFact.terminated(RuntimeExit(code: 1), .shimExit).event(of: session)
                == .terminated(session, RuntimeExit(code: 1), .shimExit))
        #expect(RuntimeFact.lost(.pidNotAlive).event(of: session) == .lost(session, .pidNotAlive))
        #expect(RuntimeSamples.accepted.event(of: session) == nil)
        #expect(RuntimeFact.lateExit(RuntimeExit(code: 1)).event(of: session) == nil)
    }

    @Test(arguments: [
        ("RUNTIME_FORKING", #"{"runtime":"x","target":"tmux:a","spawnedAt":"2026-03-02T08:15:30Z"}"#, "target"),
        ("RUNTIME_FORKING", #"{"runtime":"x","target":"headless","spawnedAt":"2026-03-02T08:15:30"}"#, "spawnedAt"),
        ("RUNTIME_RUNNING", #"{"shimPid":-1,"runtimePid":2,"startTime":"2026-03-02T08:15:30Z"}"#, "shimPid"),
        ("RUNTIME_RUNNING", #"{"shimPid":1,"runtimePid":4294967296,"startTime":"x"}"#, "runtimePid"),
        ("RUNTIME_RUNNING", #"{"shimPid":1,"runtimePid":2.0,"startTime":"x"}"#, "runtimePid"),
        ("RUNTIME_TERMINATED", #"{"exitCode":1}"#, "evidence"),
        ("RUNTIME_TERMINATED", #"{"evidence":"guess"}"#, "evidence"),
        ("RUNTIME_TERMINATED", #"{"evidence":{"lost":"soul"}}"#, "evidence.lost"),
        ("RUNTIME_LOST", #"{"evidence":"shim_exit"}"#, "evidence"),
        ("RUNTIME_ADOPTED", #"{"state":"paused"}"#, "state"),
        ("RUNTIME_ABANDONED", "[]", ""),
    ])
    func `says which field is wrong`(type: String, payload: String, path: String) throws {
        let json = try JSON(parsing: payload)
        let error = #expect(throws: FieldError.self) { try JournalEvent.Body(type: type, payload: json) }
        #expect(error?.path == path)
    }

    @Test func `facts of runtimes leave the sessions of runners alone`() {
        var fleet = FleetState()
        let event = JournalEvent(
            rowid: 1, id: "a", at: Samples.noon, source: .runtime, sessionID: "s",
            body: .runtime(RuntimeSamples.accepted))
        #expect(fleet.apply(event).isEmpty)
        #expect(fleet.cursor == 1)
        #expect(fleet.droppedEvents == 0)
        #expect(fleet.sessions.isEmpty)
    }

    @Test func `a pid is shown where the column can hold it`() {
        func pid(_ pid: UInt32) -> Int? {
            let fact = RuntimeFact.running(
                shimPID: 1, runtimePID: pid, startTime: RuntimeSamples.started, startTicks: nil, bootID: nil)
            return JournalEvent(id: "a", at: Samples.noon, source: .runtime, sessionID: "s", body: .runtime(fact)).pid
        }
        #expect(pid(48211) == 48211)
        #expect(pid(.max) == nil)
    }
}
