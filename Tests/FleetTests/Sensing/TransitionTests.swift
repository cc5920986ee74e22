import Bytes
import Fleet
import Testing

/// daemon-ipc §4.3, row by row.
@Suite struct SensingTransitionTests {
    private typealias Samples = SensingSamples

    /// What a row of the table makes of a record.
    struct Row: Sendable, CustomTestStringConvertible {
        var event: HookEvent
        /// `nil`: the record is left untouched.
        var state: SensedState?
        var reason: ReadyReason?
        /// Of a record with 3.
        var tools: UInt32 = 3
        var isActivity = false
        var from: [SensedState] = SensedState.allCases

        var testDescription: String { "\(event.type) \(event.notificationType ?? "") from \(from.map(\.rawValue))" }
    }

    private static func notification(_ type: String) -> HookEvent {
        Samples.event(.notification, 10, notification: type)
    }
    private static let quiet: [SensedState] = [.ready, .idle]
    private static let active: [SensedState] = [.working, .waiting, .compacting]
    private static let notCompacting: [SensedState] = [.working, .waiting, .ready, .idle]

    static let rows: [Row] = [
        Row(event: Samples.event(.sessionStart, 10), state: nil, from: active),
        Row(event: Samples.event(.sessionStart, 10), state: .ready, tools: 0, from: quiet),
        Row(event: Samples.event(.userPromptSubmit, 10), state: .working, isActivity: true),
        Row(event: Samples.event(.preToolUse, 10), state: .working, tools: 4, isActivity: true),
        Row(
            event: Samples.event(.postToolUse, 10), state: .compacting, tools: 2, isActivity: true, from: [.compacting]),
        Row(event: Samples.event(.postToolUse, 10), state: .working, tools: 2, isActivity: true, from: notCompacting),
        Row(
            event: Samples.event(.postToolUseFailure, 10), state: .compacting, tools: 2, isActivity: true,
            from: [.compacting]),
        Row(
            event: Samples.event(.postToolUseFailure, 10), state: .working, tools: 2, isActivity: true,
            from: notCompacting),
        Row(event: Samples.event(.permissionRequest, 10), state: .waiting),
        Row(event: Samples.event(.preCompact, 10), state: .compacting, tools: 0, isActivity: true),
        Row(event: notification("idle_prompt"), state: nil),
        Row(event: notification("auth_success"), state: .ready, reason: .authSuccess),
        Row(event: notification("permission_prompt"), state: .waiting),
        Row(event: notification("elicitation_dialog"), state: .waiting),
        Row(event: notification("agent_completed"), state: nil),
        Row(event: Samples.event(.stop, 10), state: nil, from: [.compacting]),
        Row(event: Samples.event(.stop, 10, isStopHookActive: true), state: nil),
        Row(event: Samples.event(.stop, 10, metadata: ["agent_id": "a"]), state: nil),
        Row(event: Samples.event(.stop, 10), state: .ready, reason: .stopGate, tools: 0, from: notCompacting),
        Row(
            event: Samples.event(.stop, 10, metadata: ["agent_id": ""]), state: .ready, reason: .stopGate, tools: 0,
            from: notCompacting),
        Row(event: Samples.event(.taskCompleted, 10, metadata: ["agent_id": "a"]), state: nil),
        Row(event: Samples.event(.taskCompleted, 10, metadata: ["teammate_name": "t"]), state: nil),
        Row(
            event: Samples.event(.taskCompleted, 10, metadata: ["team_name": "t"]), state: .ready,
            reason: .taskCompleted, tools: 0),
        Row(event: Samples.event(.taskCompleted, 10), state: .ready, reason: .taskCompleted, tools: 0),
        Row(event: Samples.event(.subagentStart, 10), state: nil),
        Row(event: Samples.event(.subagentStop, 10), state: nil),
        Row(event: Samples.event(.teammateIdle, 10), state: nil),
        Row(event: Samples.event(.worktreeCreate, 10), state: nil),
        Row(event: Samples.event(.worktreeRemove, 10), state: nil),
        Row(event: Samples.event(.configChange, 10), state: nil),
    ]

    @Test(arguments: rows)
    func `an event makes of a record what its row says`(row: Row) {
        for state in row.from {
            let before = Samples.record(state, tools: 3)
            var dialogue = SensingDialogue([before])
            dialogue.tell(row.event)
            guard let expected = row.state else {
                #expect(dialogue.session == before)
                #expect(dialogue.effects == [.advanceCursor(1)])
                continue
            }
            #expect(dialogue.session?.state == expected)
            #expect(dialogue.session?.readyReason == row.reason)
            #expect(dialogue.session?.toolsInFlight == row.tools)
            #expect(dialogue.session?.lastActivityAt == (row.isActivity ? Samples.at(10) : nil))
            #expect(dialogue.session?.updatedAt == Samples.at(10))
            #expect(dialogue.session?.stateChangedAt == (state == expected ? Samples.noon : Samples.at(10)))
            #expect(dialogue.session?.lastEvent == row.event.type.rawValue)
        }
    }

    @Test(arguments: rows)
    func `an event without a record makes one, unless its row skips`(row: Row) {
        // Rows for particular states have nothing to say here, except for the last one of their event.
        guard row.from != [.compacting], row.from != Self.active else { return }
        var dialogue = SensingDialogue()
        dialogue.tell(row.event)
        if row.event.notificationType == "idle_prompt" {
            #expect(dialogue.session?.readyReason == .idlePrompt)
        } else {
            #expect(dialogue.session?.state == row.state)
        }
    }

    @Test func `an idle prompt is believed when no tool runs`() {
        for state in SensedState.allCases {
            var dialogue = SensingDialogue([Samples.record(state)])
            dialogue.tell(Self.notification("idle_prompt"))
            #expect(dialogue.session?.state == .ready)
            #expect(dialogue.session?.readyReason == .idlePrompt)
        }
    }

    @Test func `tools are never fewer than none`() {
        var dialogue = SensingDialogue([Samples.record(.working)])
        dialogue.tell(.postToolUse, 1)
        #expect(dialogue.session?.toolsInFlight == 0)
        dialogue.tell(.preToolUse, 2)
        #expect(dialogue.session?.toolsInFlight == 1)
    }

    @Test func `a start keeps the reason for which the session is ready`() {
        var dialogue = SensingDialogue([Samples.record(.ready, because: .stopGate)])
        dialogue.tell(.sessionStart, 10)
        #expect(dialogue.session?.readyReason == .stopGate)
        #expect(dialogue.session?.stateChangedAt == Samples.noon)
        dialogue.tell(.userPromptSubmit, 11)
        #expect(dialogue.session?.readyReason == nil)
    }

    @Test func `an end deletes the record with its activity and leaves a tombstone`() {
        var dialogue = SensingDialogue()
        dialogue.tell(.postToolUse, 1, tool: "Edit", filePath: "a.swift")
        #expect(dialogue.state.activity(limit: 5).map(\.filePath) == ["/home/ada/src/demo/a.swift"])
        dialogue.tell(Samples.event(.sessionEnd, 2, cwd: nil))
        let tombstone = Tombstone(
            sessionID: Samples.session, createdAt: Samples.at(2), expiresAt: Samples.at(62))
        #expect(
            dialogue.effects == [.deleteSession(Samples.session), .writeTombstone(tombstone), .advanceCursor(2)])
        #expect(dialogue.session == nil)
        #expect(dialogue.state.activity(limit: 5).isEmpty)
        #expect(dialogue.state.tombstones == [tombstone])
    }

    @Test func `an end without a record leaves a tombstone all the same`() {
        var dialogue = SensingDialogue()
        dialogue.tell(Samples.event(.sessionEnd, 2, cwd: ""))
        #expect(dialogue.state.tombstones.map(\.sessionID) == [Samples.session])
    }
}
