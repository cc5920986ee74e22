import Fleet
import Testing
import Wire

@Suite struct TargetOutcomeTests {
    @Test(arguments: ["headless", "tmux:a:0.1", "tmux:a b.c:d:0.1", "tmux:a:+0.01", "tmux:a:4294967295.0"])
    func `a target in good form is valid as far as its text tells`(text: String) {
        #expect(TargetOutcome(parsing: text) == .valid)
    }

    @Test(arguments: ["ssh:x", "test:0.1", "headless:", "TMUX:a:0.1", "screen:main"])
    func `another kind of place is not supported`(text: String) {
        #expect(TargetOutcome(parsing: text) == .unsupportedTarget(text))
    }

    @Test(arguments: [
        "", "foo", "Headless", ":x", "tmux:", "tmux:a", "tmux:a:0", "tmux::0.1", "tmux:a:0.1.2", "tmux:a:4294967296.0",
        "tmux:a:0.", "tmux:a:.1", "tmux:a:-1.0", "tmux:a:0x1.0",
    ])
    func `anything else is invalid`(text: String) {
        #expect(
            TargetOutcome(parsing: text)
                == .invalidTarget(
                    message: "invalid spawn target \(text); expected headless or tmux:<session>:<window>.<pane>"))
    }
}

@Suite struct StatusFilterTests {
    private let row = RuntimeLifecycle(
        sessionID: "019cad10-4e20-7b31-a6f0-5d2c9be01a01", runtime: "codex", state: .exited(RuntimeExit(code: 0)),
        target: .headless, spawnedAt: PreciseTime(nanoseconds: 5), updatedAt: PreciseTime(nanoseconds: 10))

    @Test func `what is set must hold`() {
        #expect(StatusFilter().includes(row))
        #expect(StatusFilter(sessionIDs: [row.sessionID, "x"]).includes(row))
        #expect(!StatusFilter(sessionIDs: ["x"]).includes(row))
        #expect(StatusFilter(updatedSince: PreciseTime(nanoseconds: 10)).includes(row))
        #expect(!StatusFilter(updatedSince: PreciseTime(nanoseconds: 11)).includes(row))
        #expect(StatusFilter(runtime: "codex").includes(row))
        #expect(!StatusFilter(runtime: "Codex").includes(row))
        #expect(StatusFilter(runtime: "codex", state: "ExiTed").includes(row))
        #expect(!StatusFilter(state: "running").includes(row))
        #expect(!StatusFilter(state: "gone").includes(row))
        #expect(!StatusFilter(sessionIDs: [row.sessionID], state: "lost").includes(row))
    }
}
