import Fleet
import Testing

@Suite struct JournalBodyTests {
    @Test(arguments: RunnerEvent.Kind.allCases.map(\.rawValue) + RuntimeFact.Kind.allCases.map(\.rawValue))
    func `types of runners and runtimes are known`(type: String) {
        #expect(JournalEvent.Body.knows(type))
    }

    @Test(arguments: ["SESSION_CREATED", "PROCESS_SPAWNED", "TERMINAL_RESIZED", "PROCESS_EXITED", "AGENT_ACTIVITY"])
    func `so are our own: what is known is never read as another`(type: String) {
        #expect(JournalEvent.Body.knows(type))
        // Its payload is looked at, so an empty one is refused.
        #expect(throws: (any Error).self) { try JournalEvent.Body(type: type, payload: [:]) }
    }

    @Test(arguments: ["pre_tool_use", "CHAT_TURN_ENDED", "stop_failure", ""])
    func `the others are not`(type: String) throws {
        #expect(!JournalEvent.Body.knows(type))
        #expect(try JournalEvent.Body(type: type, payload: [:]) == .other(type: type, payload: [:]))
    }
}
