import Bytes
import Fleet
import Testing

/// daemon-ipc §4.2 and the decisions about order and time.
@Suite struct SensingGuardTests {
    private typealias Samples = SensingSamples

    @Test func `a shell that names a session has no effect on it`() {
        var dialogue = SensingDialogue([Samples.record(.idle)])
        var event = Samples.shell(7, 1)
        event.sessionID = Samples.session
        dialogue.tell(event)
        #expect(dialogue.session == Samples.record(.idle))
        #expect(dialogue.state.shells[7]?.cwd == Samples.cwd)
    }

    @Test func `an event without a session has none either`() {
        var dialogue = SensingDialogue()
        dialogue.tell(Samples.event(.stop, 1, of: nil, pid: 7))
        #expect(dialogue.state.sessions(at: Samples.at(1), dialogue.processes).isEmpty)
        #expect(dialogue.state.liveness[7]?.lastSeenAt == Samples.at(1))
    }

    @Test(arguments: [(5.0, true), (5.999, true), (6.0, false), (60.0, false)])
    func `an event more than five whole seconds behind is stale`(behind: Double, isApplied: Bool) {
        var dialogue = SensingDialogue([Samples.record(.ready)])
        dialogue.tell(Samples.event(.userPromptSubmit, -behind))
        #expect((dialogue.session?.state == .working) == isApplied)
        // Never back.
        #expect(dialogue.session?.updatedAt == Samples.noon)
    }

    @Test func `a record without a time makes nothing stale`() {
        var record = Samples.record(.ready)
        record.updatedAt = nil
        var dialogue = SensingDialogue([record])
        dialogue.tell(.userPromptSubmit, -600)
        #expect(dialogue.session?.state == .working)
        #expect(dialogue.session?.updatedAt == Samples.at(-600))
    }

    @Test(arguments: HookEventType.allCases)
    func `a tombstone mutes all but a start and an end until it expires`(type: HookEventType) {
        for (seconds, isMuted) in [(-10.0, true), (59.999, true), (60, false)] {
            let tombstone = Tombstone(sessionID: Samples.session, createdAt: Samples.noon, expiresAt: Samples.at(60))
            var dialogue = SensingDialogue(tombstones: [tombstone])
            dialogue.tell(Samples.event(type, seconds, pid: 9, notification: "auth_success"))
            switch type {
            case .sessionStart:
                #expect(dialogue.session?.state == .ready)
                #expect(dialogue.state.tombstones.isEmpty)
                #expect(dialogue.effects.contains(.deleteTombstone(Samples.session)))
            case .sessionEnd: #expect(dialogue.state.tombstones.first?.createdAt == Samples.at(seconds))
            case .subagentStart, .subagentStop, .teammateIdle, .shellCwd, .worktreeCreate, .worktreeRemove,
                .configChange:
                #expect(dialogue.session == nil)
            default: #expect((dialogue.session == nil) == isMuted)
            }
            if type != .shellCwd { #expect(dialogue.state.liveness[9] != nil) }
        }
    }

    @Test func `a stale end neither deletes nor buries`() {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(.sessionEnd, -6)
        #expect(dialogue.session == Samples.record(.working))
        #expect(dialogue.state.tombstones.isEmpty)
    }

    @Test func `a tool that ended before the stop does not make it working again`() {
        var dialogue = SensingDialogue()
        dialogue.tell(.preToolUse, 1)
        dialogue.tell(.stop, 2)
        dialogue.tell(.postToolUse, 1.9, filePath: "a")
        #expect(dialogue.session?.state == .ready)
        #expect(dialogue.session?.readyReason == .stopGate)
        #expect(dialogue.session?.toolsInFlight == 0)
        #expect(dialogue.session?.lastActivityAt == Samples.at(1.9))
        #expect(dialogue.session?.updatedAt == Samples.at(2))
        #expect(dialogue.state.activity(limit: 5).count == 1)
    }

    @Test(arguments: [HookEventType.preToolUse, .postToolUse, .postToolUseFailure])
    func `the same holds of a record from before a restart`(type: HookEventType) {
        var dialogue = SensingDialogue([Samples.record(.ready, because: .stopGate)])
        dialogue.tell(type, -0.1)
        #expect(dialogue.session?.state == .ready)
        #expect(dialogue.session?.toolsInFlight == 0)
        #expect(dialogue.session?.stateChangedAt == Samples.noon)
        dialogue.tell(type, 0)
        #expect(dialogue.session?.state == .working)
    }

    @Test func `a tool from just before a start counts`() {
        var dialogue = SensingDialogue()
        dialogue.tell(.sessionStart, 1)
        dialogue.tell(.preToolUse, 0)
        #expect(dialogue.session?.state == .working)
        #expect(dialogue.session?.toolsInFlight == 1)
        var restarted = SensingDialogue([Samples.record(.ready)])
        restarted.tell(.preToolUse, -1)
        #expect(restarted.session?.toolsInFlight == 1)
    }

    @Test func `a time far ahead is believed for five minutes`() {
        var dialogue = SensingDialogue()
        dialogue.tell(Samples.event(.userPromptSubmit, 3600, pid: 4), at: 0)
        #expect(dialogue.session?.updatedAt == Samples.at(300))
        #expect(dialogue.state.liveness[4]?.lastSeenAt == Samples.at(300))
        dialogue.tell(Samples.event(.stop, 301), at: 301)
        #expect(dialogue.session?.state == .ready)
        var near = SensingDialogue()
        near.tell(Samples.event(.userPromptSubmit, 20), at: 0)
        #expect(near.session?.updatedAt == Samples.at(20))
    }

    @Test func `a skipped event is seen in the cursor and in its process alone`() {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(.subagentStart, 1, pid: 5)
        #expect(
            dialogue.effects == [
                .upsertLiveness(ProcessLiveness(pid: 5, start: nil, lastSeenAt: Samples.at(1))), .advanceCursor(1),
            ])
    }

    @Test(arguments: HookEventType.allCases)
    func `what is skipped leaves nothing of an unknown session`(type: HookEventType) {
        var dialogue = SensingDialogue()
        dialogue.tell(
            Samples.event(type, 1, notification: "x", isStopHookActive: true, metadata: ["agent_id": "a"]))
        let isSkipped = !dialogue.effects.contains { $0 != .advanceCursor(1) }
        var fresh = SensingState()
        _ = fresh.apply(
            Samples.event(.configChange, 1, of: nil), rowid: 1, receivedAt: Samples.at(1), project: ProjectFacts(),
            processes: dialogue.processes)
        #expect((dialogue.state == fresh) == isSkipped)
    }

    @Test func `a start replaces older sessions of its process`() {
        let others = [
            Samples.record(.working, "old", pid: 7), Samples.record(.idle, "other", pid: 8),
            SensedSession(
                sessionID: "newer", pid: 7, state: .ready, updatedAt: Samples.at(11), stateChangedAt: Samples.at(11)),
        ]
        var dialogue = SensingDialogue(others)
        dialogue.tell(.userPromptSubmit, 1, pid: 7)
        #expect(dialogue.state["old"] != nil)
        dialogue.tell(Samples.event(.stop, 9))
        dialogue.tell(.sessionStart, 10)
        #expect(dialogue.state["old"] == nil)
        #expect(dialogue.effects.contains(.deleteSession("old")))
        #expect(dialogue.state["other"] != nil)
        #expect(dialogue.state["newer"] != nil)
        #expect(dialogue.session?.pid == 7)
        #expect(dialogue.state.tombstones.isEmpty)
    }

    @Test func `without a process nobody is replaced`() {
        var dialogue = SensingDialogue([Samples.record(.working, "old")])
        dialogue.tell(.sessionStart, 10)
        #expect(dialogue.state["old"] != nil)
    }

    @Test func `a late end does not take a session that has started again`() {
        var dialogue = SensingDialogue([Samples.record(.ready)])
        dialogue.tell(.sessionEnd, 1)
        dialogue.tell(.sessionStart, 3)
        dialogue.tell(.userPromptSubmit, 4)
        var late = SensingDialogue([Samples.record(.ready)])
        late.tell(.sessionStart, 3)
        late.tell(.userPromptSubmit, 4)
        late.tell(.sessionEnd, 1)
        #expect(late.session == dialogue.session)
        #expect(late.state.tombstones == dialogue.state.tombstones)
        #expect(late.session?.state == .working)
    }
}
