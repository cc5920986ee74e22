import Bytes
import Fleet
import Testing

/// What people see better than the table alone would show them.
@Suite struct SensingImprovementTests {
    private typealias Samples = SensingSamples

    @Test(arguments: [HookEventType.preToolUse, .postToolUse, .userPromptSubmit])
    func `an answer in the terminal shows in the next event`(type: HookEventType) {
        var dialogue = SensingDialogue([Samples.record(.waiting)])
        dialogue.tell(type, 1)
        #expect(dialogue.session?.state == .working)
    }

    @Test func `a question is not hidden by the tool it is about`() {
        var dialogue = SensingDialogue()
        dialogue.tell(.permissionRequest, 1)
        dialogue.tell(.preToolUse, 0.9)
        #expect(dialogue.session?.state == .waiting)
        #expect(dialogue.session?.toolsInFlight == 1)
    }

    @Test func `a program that the agent starts answers its question`() {
        var state = SensingState(sessions: [Samples.record(.waiting, tools: 1)])
        #expect(state.childStarted(Samples.session, at: Samples.at(-0.5)).isEmpty)
        let effects = state.childStarted(Samples.session, at: Samples.at(2))
        let session = state[Samples.session]
        #expect(session.map { effects == [.upsertSession($0)] } == true)
        #expect(session?.state == .working)
        #expect(session?.toolsInFlight == 1)
        #expect(session?.lastEvent == "child_started")
        #expect(state.childStarted(Samples.session, at: Samples.at(3)).isEmpty)
        #expect(state.childStarted("unknown", at: Samples.at(3)).isEmpty)
    }

    @Test func `a question asked after the program started waits on`() {
        var dialogue = SensingDialogue([Samples.record(.waiting)])
        _ = dialogue.state.childStarted(Samples.session, at: Samples.at(1))
        dialogue.tell(.permissionRequest, 2)
        #expect(dialogue.session?.state == .waiting)
    }

    @Test(arguments: ["background_tasks", "session_crons"])
    func `a stop that leaves work behind is not ready`(key: String) {
        var dialogue = SensingDialogue([Samples.record(.working, tools: 2)])
        dialogue.tell(.stop, 1, metadata: .object([key: [["id": "b1"]]]))
        #expect(dialogue.session?.state == .working)
        #expect(dialogue.session?.toolsInFlight == 0)
        dialogue.tell(.stop, 2, metadata: .object([key: []]))
        #expect(dialogue.session?.state == .ready)
    }

    @Test func `an idle prompt tells that what was left behind needs nobody`() {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(.stop, 1, metadata: ["background_tasks": [["id": "b1"]]])
        dialogue.tell(Samples.event(.notification, 61, notification: "idle_prompt"))
        #expect(dialogue.session?.state == .ready)
    }

    static let compactions: [(trigger: String?, before: SensedState, after: SensedState)] = [
        ("auto", .ready, .working), ("auto", .working, .working), ("manual", .working, .ready),
        ("manual", .ready, .ready), (nil, .working, .working), (nil, .ready, .ready), (nil, .waiting, .working),
    ]

    @Test(arguments: compactions)
    func `a compaction ends where its trigger says`(trigger: String?, before: SensedState, after: SensedState) {
        var dialogue = SensingDialogue([Samples.record(before)])
        dialogue.tell(.preCompact, 1, metadata: trigger.map { ["trigger": .string($0)] })
        #expect(dialogue.session?.state == .compacting)
        dialogue.tell(.stop, 2)
        #expect(dialogue.session?.state == .compacting)
        dialogue.tell(.sessionStart, 3, metadata: ["source": "compact"])
        #expect(dialogue.session?.state == after)
        #expect(dialogue.session?.lastEvent == "session_start")
        #expect(dialogue.session?.compaction == nil)
    }

    @Test func `a start that compaction did not cause does not end it`() {
        var dialogue = SensingDialogue([Samples.record(.compacting)])
        dialogue.tell(.sessionStart, 3, metadata: ["source": "resume"])
        #expect(dialogue.session?.state == .compacting)
        // Nor does a compaction's start make a session ready that works already.
        dialogue.tell(.preToolUse, 4)
        dialogue.tell(.sessionStart, 5, metadata: ["source": "compact"])
        #expect(dialogue.session?.state == .working)
    }

    @Test func `the end of a compaction may be told otherwise`() {
        var state = SensingState(sessions: [Samples.record(.compacting)])
        func ended(at seconds: Double) -> ExtraEvent {
            ExtraEvent(
                eventID: "x", recordedAt: Samples.at(seconds), type: "post_compact", sessionID: Samples.session,
                metadata: ["trigger": "auto"])
        }
        #expect(!state.apply(ended(at: 1), receivedAt: Samples.at(1)).isEmpty)
        #expect(state[Samples.session]?.state == .working)
        #expect(state.apply(ended(at: 2), receivedAt: Samples.at(2)).isEmpty)
    }

    // MARK: - Evidence

    @Test func `a state names the event it rests on and those that say otherwise`() throws {
        var dialogue = SensingDialogue()
        dialogue.tell(Samples.event(.userPromptSubmit, 1, id: "prompt"))
        dialogue.tell(Samples.event(.permissionRequest, 2, id: "asked"))
        dialogue.tell(Samples.event(.stop, 3, isStopHookActive: true, id: "held"))
        dialogue.tell(Samples.event(.preToolUse, 1.5, id: "late"))
        let evidence = try #require(dialogue.state.evidence(of: Samples.session, at: Samples.at(4)))
        #expect(
            evidence.restsOn
                == StateClaim(
                    source: .hook(.permissionRequest, "asked", rowid: 2), at: Samples.at(2), state: .waiting,
                    verdict: .decided))
        #expect(
            evidence.competing == [
                StateClaim(
                    source: .hook(.stop, "held", rowid: 3), at: Samples.at(3), state: nil,
                    verdict: .ignored(.stopHookActive)),
                StateClaim(
                    source: .hook(.preToolUse, "late", rowid: 4), at: Samples.at(1.5), state: .working,
                    verdict: .overruled),
                StateClaim(
                    source: .hook(.userPromptSubmit, "prompt", rowid: 1), at: Samples.at(1), state: .working,
                    verdict: .overruled),
            ])
        #expect(dialogue.state.evidence(of: Samples.session, at: Samples.at(302))?.competing.count == 1)
    }

    @Test func `evidence stays bounded`() throws {
        var dialogue = SensingDialogue()
        for index in 0..<500 {
            dialogue.tell(
                Samples.event(index % 2 == 0 ? .preToolUse : .stop, Double(index) / 10, id: EventID("e\(index)")))
        }
        let evidence = try #require(dialogue.state.evidence(of: Samples.session, at: Samples.at(50)))
        #expect(evidence.restsOn.source == .hook(.stop, "e499", rowid: 500))
        #expect(evidence.competing.count == SessionEvidence.limit)
    }

    @Test func `after a restart the row is the evidence`() {
        let state = SensingState(sessions: [Samples.record(.waiting)])
        #expect(
            state.evidence(of: Samples.session, at: Samples.at(1))?.restsOn
                == StateClaim(
                    source: .stored(lastEvent: "before"), at: Samples.noon, state: .waiting, verdict: .decided))
    }

    @Test func `an agent that died without a word becomes idle, and says why`() {
        var dialogue = SensingDialogue(
            [Samples.record(.working, pid: 7, tools: 2)], processes: FakeProcesses(gone: [7]))
        let result = dialogue.state.reconcile(.periodic, at: Samples.at(15), dialogue.processes)
        #expect(result.repaired == 1)
        let session = dialogue.session
        #expect(session.map { result.effects == [.upsertSession($0)] } == true)
        #expect(session?.state == .idle)
        #expect(session?.lastEvent == "dead_pid_reconcile_periodic")
        #expect(session?.updatedAt == Samples.at(15))
        #expect(session?.stateChangedAt == Samples.at(15))
        #expect(session?.toolsInFlight == 0)
        #expect(
            dialogue.state.evidence(of: Samples.session, at: Samples.at(16))?.restsOn
                == StateClaim(
                    source: .reconcile(.periodic), at: Samples.at(15), state: .idle, verdict: .decided))
        // What it sent before it died still arrives.
        dialogue.tell(.postToolUse, 12)
        #expect(dialogue.session?.state == .idle)
        dialogue.tell(.userPromptSubmit, 16)
        #expect(dialogue.session?.state == .working)
    }
}
