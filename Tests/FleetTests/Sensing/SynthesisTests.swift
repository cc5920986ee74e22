import Bytes
import Fleet
import Testing

/// daemon-ipc §5.
@Suite struct ProjectSynthesisTests {
    private typealias Samples = SensingSamples

    private func project(_ sessions: [(SessionID, SensedState, Double)]) -> ProjectState? {
        let records = sessions.map { id, state, seconds in
            var record = Samples.record(state, id)
            record.updatedAt = Samples.at(seconds)
            record.stateChangedAt = Samples.at(seconds - 1)
            return record
        }
        return SensingState(sessions: records).projectStates(at: Samples.at(1), FakeProcesses()).first
    }

    @Test func `work speaks for a project before what is ready`() {
        let found = project([("a", .ready, 0), ("b", .working, -5)])
        #expect(found?.state == .working)
        #expect(found?.sessionID == "b")
        #expect(found?.stateChangedAt == Samples.at(-6))
        #expect(found?.latestSessionID == "a")
        #expect(found?.updatedAt == Samples.at(0))
        #expect(found?.sessionCount == 2)
        #expect(found?.activeCount == 1)
        #expect(found?.hasSession == true)
    }

    @Test func `what waits speaks before all others`() {
        let waiting = project([("a", .waiting, -20), ("b", .working, -10), ("c", .ready, 0)])
        #expect(waiting?.state == .waiting)
        #expect(waiting?.activeCount == 2)
        #expect(project([("a", .compacting, -20), ("b", .working, 0)])?.state == .compacting)
    }

    @Test func `of equals the newer speaks, and then the greater id`() {
        let newer = project([("b", .ready, -20), ("a", .ready, 0)])
        #expect(newer?.sessionID == "a")
        #expect(newer?.latestSessionID == "a")
        let equal = project([("a", .ready, 0), ("b", .ready, 0)])
        #expect(equal?.sessionID == "b")
        #expect(equal?.latestSessionID == "b")
    }

    @Test func `a project of idle sessions is listed without a session`() {
        let found = project([("a", .idle, 0)])
        #expect(found?.state == .idle)
        #expect(found?.hasSession == false)
        #expect(found?.activeCount == 0)
    }

    @Test func `a project has the id of its representative, or of whoever has one`() {
        var waiting = Samples.record(.waiting, "a")
        waiting.projectID = ""
        var ready = Samples.record(.ready, "b")
        ready.updatedAt = Samples.at(1)
        ready.projectID = nil
        var idle = Samples.record(.idle, "c")
        idle.projectID = "/p"
        let found = SensingState(sessions: [waiting, ready, idle]).projectStates(at: Samples.at(2), FakeProcesses())
        #expect(found.map(\.projectID) == ["/p"])
        #expect(found.first?.workspaceID == WorkspaceID(projectID: "/p", projectPath: Samples.cwd))
        waiting.projectID = "/w"
        let own = SensingState(sessions: [waiting, ready, idle]).projectStates(at: Samples.at(2), FakeProcesses())
        #expect(own.map(\.projectID) == ["/w"])
    }

    @Test func `projects come in the order of their paths, without those that have none`() {
        let records = ["/b", "/a", " ", nil].enumerated().map { index, path in
            var record = Samples.record(.ready, SessionID("\(index)"))
            record.projectPath = path
            return record
        }
        let found = SensingState(sessions: records).projectStates(at: Samples.at(2), FakeProcesses())
        #expect(found.map(\.projectPath) == ["/a", "/b"])
    }

    @Test func `expired sessions do not count, and effective states do`() {
        var old = Samples.record(.waiting, "old")
        old.updatedAt = Samples.at(-1201)
        let stopped = Samples.record(.ready, "stopped", pid: 7, because: .stopGate)
        let state = SensingState(sessions: [old, stopped])
        let found = state.projectStates(at: Samples.at(1), FakeProcesses(alive: [7]))
        #expect(found.map(\.sessionCount) == [1])
        #expect(found.first?.state == .working)
        #expect(found.first?.activeCount == 1)
        #expect(state[SessionID("stopped")]?.state == .ready)
    }
}
