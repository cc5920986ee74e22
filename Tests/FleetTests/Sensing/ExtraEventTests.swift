import Bytes
import Fleet
import Testing

@Suite struct ExtraEventRuleTests {
    private typealias Samples = SensingSamples

    private func tell(
        _ type: String, _ state: inout SensingState, at seconds: Double = 1, metadata: JSON? = nil
    ) -> [SensingEffect] {
        state.apply(
            ExtraEvent(
                eventID: "x", recordedAt: Samples.at(seconds), type: type, sessionID: Samples.session,
                metadata: metadata), receivedAt: Samples.at(seconds))
    }

    @Test(arguments: ["stop_failure", "session_error", "elicitation"])
    func `an agent that stands still waits for a person`(type: String) throws {
        var state = SensingState(sessions: [Samples.record(.working, tools: 2)])
        #expect(!tell(type, &state).isEmpty)
        let session = try #require(state[Samples.session])
        #expect(session.state == .waiting)
        #expect(session.lastEvent == type)
        let evidence = try #require(state.evidence(of: Samples.session, at: Samples.at(2)))
        #expect(evidence.restsOn.source == .extra(type, "x"))
    }

    @Test(arguments: ["permission_denied", "permission_replied", "elicitation_result", "question_replied"])
    func `an answer puts it to work again, and only one that waits`(type: String) {
        var waiting = SensingState(sessions: [Samples.record(.waiting)])
        #expect(!tell(type, &waiting).isEmpty)
        #expect(waiting[Samples.session]?.state == .working)
        var ready = SensingState(sessions: [Samples.record(.ready)])
        #expect(tell(type, &ready).isEmpty)
        #expect(ready[Samples.session]?.state == .ready)
    }

    @Test(arguments: [("auto", SensedState.working), ("manual", .ready)])
    func `a compaction that has ended does not stick`(trigger: String, after: SensedState) {
        var state = SensingState(sessions: [Samples.record(.compacting)])
        #expect(!tell("post_compact", &state, metadata: ["trigger": .string(trigger)]).isEmpty)
        #expect(state[Samples.session]?.state == after)
    }

    @Test func `others change nothing, and nobody is made up`() {
        var state = SensingState(sessions: [Samples.record(.working)])
        #expect(tell("file_changed", &state).isEmpty)
        var empty = SensingState()
        #expect(tell("stop_failure", &empty).isEmpty)
        #expect(empty[Samples.session] == nil)
    }

    @Test(arguments: ["AskUserQuestion", "ExitPlanMode"])
    func `a tool that is a question waits`(tool: String) {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(Samples.event(.preToolUse, 1, tool: tool))
        #expect(dialogue.session?.state == .waiting)
        #expect(dialogue.session?.toolsInFlight == 1)
    }

    @Test(arguments: ["elicitation_url_dialog", "agent_needs_input"])
    func `newer notifications that ask wait too`(type: String) {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(Samples.event(.notification, 1, notification: type))
        #expect(dialogue.session?.state == .waiting)
    }

    @Test func `who the agent is, and which session of ours it is in, is kept`() {
        var dialogue = SensingDialogue()
        dialogue.tell(
            .userPromptSubmit, 1, metadata: ["drover_agent": "codex", "drover_session_id": "ours"])
        dialogue.tell(.preToolUse, 2)
        #expect(dialogue.session?.agent == .codex)
        #expect(dialogue.session?.launchedAs == "ours")
    }
}
