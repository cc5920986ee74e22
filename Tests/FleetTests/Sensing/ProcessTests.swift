import Fleet
import Testing

/// daemon-ipc §8.
@Suite struct SensedProcessTests {
    @Test(arguments: [(0, true), (2, true), (-2, true), (3, false), (-3, false)])
    func `starts are compared within two seconds`(difference: Int64, areSame: Bool) {
        let start = ProcessStart(epochSeconds: 1000)
        #expect(start.matches(ProcessStart(epochSeconds: 1000 + difference)) == areSame)
        #expect(!ProcessStart(epochSeconds: .min).matches(ProcessStart(epochSeconds: .max)))
    }

    @Test func `ticks and boot come before seconds, which a set clock moves`() {
        let start = ProcessStart(epochSeconds: 1000, ticks: 500, bootID: "b")
        #expect(start.matches(ProcessStart(epochSeconds: 9000, ticks: 500, bootID: "b")))
        #expect(!start.matches(ProcessStart(epochSeconds: 1000, ticks: 501, bootID: "b")))
        #expect(!start.matches(ProcessStart(epochSeconds: 1000, ticks: 500, bootID: "c")))
        #expect(start.matches(ProcessStart(epochSeconds: 1001, ticks: 501)))
    }

    @Test func `a start in seconds is that of the boot and the ticks since`() {
        let start = ProcessStart(ticks: 12_345, bootID: nil, bootTime: 1_000_000, ticksPerSecond: 100)
        #expect(start.epochSeconds == 1_000_123)
    }

    @Test func `alive is what is there and matches what was seen`() {
        let start = ProcessStart(epochSeconds: 1000)
        let other = ProcessStart(epochSeconds: 2000)
        #expect(ProcessLiveness.isAlive(0, stored: start, .running(start)) == nil)
        #expect(ProcessLiveness.isAlive(0, stored: start, .gone) == nil)
        #expect(ProcessLiveness.isAlive(1, stored: start, .gone) == false)
        #expect(ProcessLiveness.isAlive(1, stored: nil, .gone) == false)
        #expect(ProcessLiveness.isAlive(1, stored: start, .unreadable) == nil)
        #expect(ProcessLiveness.isAlive(1, stored: nil, .running(other)) == true)
        #expect(ProcessLiveness.isAlive(1, stored: start, .running(start)) == true)
        #expect(ProcessLiveness.isAlive(1, stored: start, .running(other)) == false)
    }

    @Test func `identity is only judged where both starts are known`() {
        let seen = ProcessLiveness(pid: 1, start: ProcessStart(epochSeconds: 5), lastSeenAt: SensingSamples.noon)
        #expect(seen.identityMatches(.gone) == nil)
        #expect(seen.identityMatches(.running(ProcessStart(epochSeconds: 6))) == true)
        #expect(seen.identityMatches(.running(ProcessStart(epochSeconds: 60))) == false)
        let unread = ProcessLiveness(pid: 1, start: nil, lastSeenAt: SensingSamples.noon)
        #expect(unread.identityMatches(.running(ProcessStart(epochSeconds: 6))) == nil)
    }

    @Test func `an event records its process, and keeps the start it cannot read`() {
        var dialogue = SensingDialogue(processes: FakeProcesses(alive: [7]))
        dialogue.tell(.userPromptSubmit, 0, pid: 7)
        #expect(dialogue.state.liveness[7]?.start == ProcessStart(epochSeconds: 1007))
        dialogue.processes = FakeProcesses(gone: [7])
        dialogue.tell(.postToolUse, 1, pid: 7)
        #expect(
            dialogue.state.liveness[7]
                == ProcessLiveness(
                    pid: 7, start: ProcessStart(epochSeconds: 1007), lastSeenAt: SensingSamples.at(1)))
        dialogue.tell(.postToolUse, 2, pid: 0)
        #expect(dialogue.state.liveness.count == 1)
    }
}
