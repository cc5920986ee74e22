import Bytes
import Fleet
import Testing

/// Effective state, expiry and reconcile: daemon-ipc §4.6 to §4.8.
@Suite struct SensingTimeRuleTests {
    private typealias Samples = SensingSamples

    private func effective(
        _ state: SensedState, because reason: ReadyReason? = nil, after seconds: Double, isAlive: Bool?,
        grace: Int64 = 3000
    ) -> SensedState {
        var settings = SensingSettings()
        settings.stopGateGrace = grace
        return Samples.record(state, because: reason)
            .effectiveState(at: Samples.at(seconds), isAlive: isAlive, settings)
    }

    @Test func `a stop is believed after a grace when the process lives`() {
        #expect(effective(.ready, because: .stopGate, after: 3, isAlive: true) == .working)
        #expect(effective(.ready, because: .stopGate, after: 3.001, isAlive: true) == .ready)
        #expect(effective(.ready, because: .stopGate, after: 20, isAlive: true, grace: 20_000) == .working)
        #expect(effective(.ready, because: .stopGate, after: 21, isAlive: true, grace: 20_000) == .ready)
        #expect(effective(.ready, because: .stopGate, after: 1, isAlive: nil) == .ready)
        #expect(effective(.ready, because: .stopGate, after: 1, isAlive: false) == .idle)
        #expect(effective(.ready, because: .taskCompleted, after: 1, isAlive: true) == .ready)
        #expect(effective(.ready, after: 1, isAlive: true) == .ready)
    }

    @Test(arguments: [SensedState.working, .waiting, .compacting, .idle])
    func `nothing but ready depends on the process`(state: SensedState) {
        for isAlive in [true, false, nil] { #expect(effective(state, after: 10_000, isAlive: isAlive) == state) }
    }

    @Test(arguments: [
        ("task_completed", UInt32(0), 59.999, SensedState.working), ("task_completed", 0, 60, .ready),
        ("task_completed", 1, 1000, .working), ("post_tool_use", 0, 299, .working), ("post_tool_use", 4, 300, .ready),
        ("pre_tool_use", 0, 1000, .working), ("stop", 0, 1000, .working), ("post_tool_use_failure", 0, 1000, .working),
    ])
    func `silence after work counts as ready`(last: String, tools: UInt32, seconds: Double, state: SensedState) {
        var record = Samples.record(.working, tools: tools)
        record.lastEvent = last
        record.lastActivityAt = Samples.noon
        let settings = SensingSettings()
        #expect(record.effectiveState(at: Samples.at(seconds), isAlive: true, settings) == state)
        record.updatedAt = Samples.at(500)
        #expect(record.effectiveState(at: Samples.at(510), isAlive: true, settings) == .working)
        record.lastActivityAt = nil
        #expect(record.effectiveState(at: Samples.at(5000), isAlive: true, settings) == .working)
    }

    // MARK: - Expiry

    @Test(arguments: [
        (SensedState.working, 1200.0), (.waiting, 1200), (.compacting, 1200), (.ready, 1800), (.idle, 600),
    ])
    func `a record expires strictly after its time to live`(state: SensedState, seconds: Double) {
        let record = Samples.record(state)
        var dialogue = SensingDialogue([record])
        func isShown(_ seconds: Double) -> Bool {
            !dialogue.state.sessions(at: Samples.at(seconds), dialogue.processes).isEmpty
        }
        #expect(isShown(seconds))
        #expect(!isShown(seconds + 0.001))
        #expect(dialogue.session != nil)
        dialogue.tell(Samples.event(.sessionStart, seconds, of: "s2"))
        #expect(dialogue.session != nil)
        dialogue.tell(Samples.event(.userPromptSubmit, seconds + 0.001, of: "s2"))
        #expect(dialogue.session == nil)
        #expect(dialogue.effects.contains(.deleteSession(Samples.session)))
    }

    @Test func `a record without a time never expires`() {
        var record = Samples.record(.idle)
        record.updatedAt = nil
        record.stateChangedAt = nil
        let state = SensingState(sessions: [record])
        #expect(!state.isExpired(record, at: Samples.at(1e7), FakeProcesses()))
        record.stateChangedAt = Samples.noon
        #expect(state.isExpired(record, at: Samples.at(601), FakeProcesses()))
    }

    @Test(arguments: SensedState.allCases)
    func `a process that lives keeps its record for a day, unless it idles`(state: SensedState) {
        var dialogue = SensingDialogue([Samples.record(state, pid: 7)], processes: FakeProcesses(alive: [7]))
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(86_400), dialogue.processes)
        #expect((dialogue.session != nil) == (state != .idle))
        let (effects, _) = dialogue.state.reconcile(.periodic, at: Samples.at(86_416), dialogue.processes)
        #expect(dialogue.session == nil)
        #expect(state == .idle || effects == [.deleteSession(Samples.session)])
    }

    @Test func `an idle record expires by its own time, not by that of the state before`() {
        var dialogue = SensingDialogue([Samples.record(.ready, pid: 7)], processes: FakeProcesses(alive: [7]))
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(1900), dialogue.processes)
        dialogue.processes = FakeProcesses(gone: [7])
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(2000), dialogue.processes)
        #expect(dialogue.session?.state == .idle)
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(2600), dialogue.processes)
        #expect(dialogue.session != nil)
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(2601), dialogue.processes)
        #expect(dialogue.session == nil)
    }

    @Test func `an expired record takes its activity along`() {
        var dialogue = SensingDialogue()
        dialogue.tell(.postToolUse, 1, filePath: "a")
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(1202), dialogue.processes)
        #expect(dialogue.state.activity(limit: 5).isEmpty)
        #expect(dialogue.session == nil)
    }

    // MARK: - Reconcile

    @Test func `only those whose process is known to be gone become idle`() {
        let records = SensedState.allCases.flatMap { state in
            [UInt32(0), 7, 8, 9].map { Samples.record(state, SessionID("\(state)-\($0)"), pid: $0) }
        }
        let processes = FakeProcesses(alive: [8], gone: [7])
        var state = SensingState(sessions: records)
        let (effects, repaired) = state.reconcile(.startup, at: Samples.at(5), processes)
        #expect(repaired == 4)
        #expect(effects.count == 4)
        for record in records {
            let now = state[record.sessionID]
            if record.pid == 7, record.state != .idle {
                #expect(now?.state == .idle)
                #expect(now?.lastEvent == "dead_pid_reconcile_startup")
                #expect(now?.readyReason == nil)
            } else {
                #expect(now == record)
            }
        }
        #expect(state.reconcile(.periodic, at: Samples.at(20), processes).repaired == 0)
    }

    @Test func `a pid that another process has now is dead`() {
        var dialogue = SensingDialogue(processes: FakeProcesses(alive: [7]))
        dialogue.tell(.userPromptSubmit, 0, pid: 7)
        #expect(dialogue.state.isAlive(7, dialogue.processes) == true)
        dialogue.processes.readings[7] = .running(ProcessStart(epochSeconds: 1010))
        #expect(dialogue.state.isAlive(7, dialogue.processes) == false)
        _ = dialogue.state.reconcile(.periodic, at: Samples.at(1), dialogue.processes)
        #expect(dialogue.session?.state == .idle)
    }
}
