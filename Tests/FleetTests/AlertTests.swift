import Bytes
import Fleet
import Testing

private let start = MonotonicTime(milliseconds: 0)
private func at(_ seconds: Int) -> MonotonicTime { start + .seconds(seconds) }

/// The rules of one session, with its events numbered.
private struct Session {
    var rules = AlertRules(of: Samples.config, start: start, timeLimit: .seconds(3600))
    var numbering = RunnerEventNumbering(of: Samples.config)

    mutating func tell(_ body: RunnerEvent.Body, at second: Int) -> [AlertNotice] {
        rules.observe(numbering.next(body, at: Samples.noon), at: at(second))
    }

    mutating func tested(failed: Int, code: Int, at second: Int) -> [AlertNotice] {
        tell(
            .testRunFinished(TestRunFinish(exitCode: code, passed: 3, failed: failed, skipped: 0, duration: 1)),
            at: second)
    }

    mutating func touched(_ path: String, _ reason: FileTouch.Reason = .write, at second: Int) -> [AlertNotice] {
        tell(.fileTouched(FileTouch(path: path, reason: reason)), at: second)
    }

    mutating func asked(_ id: ApprovalID, _ category: ApprovalRequest.Category) {
        _ = tell(
            .approvalRequested(
                ApprovalRequest(
                    approvalID: id, sessionID: Samples.session, category: category, summary: "do \(id)", risk: .low,
                    requestedAt: Samples.noon)), at: 0)
    }
}

@Suite struct AlertRulesTests {
    @Test func `failing tests are an error, and critical from the third time on`() {
        var session = Session()
        _ = session.tell(.testRunStarted(TestRunStart(command: "npm test")), at: 0)
        #expect(
            session.tested(failed: 2, code: 1, at: 1) == [
                AlertNotice(
                    severity: .error, category: .test, title: "Tests failed",
                    description: "2 of 5 tests failed, exit code 1: npm test",
                    context: [
                        "agentId": "runner_3f0e1c2d", "repo": "github:acme/app", "seq": 2, "exitCode": 1, "failed": 2,
                        "consecutive": 1, "count": 1,
                    ])
            ])
        #expect(session.tested(failed: 0, code: 2, at: 100).map(\.severity) == [.error])
        #expect(session.tested(failed: 0, code: -1, at: 110).map(\.severity) == [.critical])
        #expect(session.tested(failed: 0, code: 0, at: 120) == [])
        #expect(session.tested(failed: 1, code: 1, at: 300).map(\.severity) == [.error])
    }

    @Test(arguments: [
        ("swift build", "Build failed"), ("npm run build", "Build failed"), ("cd x && make -j4", "Build failed"),
        ("npx tsc --noEmit", "Build failed"), ("cargo clippy", "Lint failed"), ("npx eslint .", "Lint failed"),
        ("cmake --build b", "Build failed"), ("./gradlew :app:build", "Build failed"),
        ("uv run ruff check", "Lint failed"),
    ])
    func `a build that fails is an error`(command: String, title: String) {
        var session = Session()
        #expect(session.rules.commandFinished(shell: command, exitCode: 0, at: start) == [])
        #expect(session.rules.commandFinished(shell: command, exitCode: 2, at: start).map(\.title) == [title])
    }

    @Test(arguments: ["ls nowhere", "grep build x", "make test", "git push", "swift build && swift test", "cargo run"])
    func `another command that fails is not`(command: String) {
        var session = Session()
        #expect(session.rules.commandFinished(shell: command, exitCode: 1, at: start) == [])
    }

    @Test func `a refused approval and an expired one are told apart`() {
        var session = Session()
        session.asked("a", .merge)
        session.asked("b", .shell)
        session.asked("c", .deploy)
        let denied = session.tell(
            .approvalResolved(ApprovalResolution(approvalID: "a", decision: .deny, resolvedBy: "u", note: "no")), at: 1)
        #expect(denied.map(\.title) == ["Approval denied: do a"])
        #expect(denied.first?.description == "no")
        #expect(denied.first?.context["resolvedBy"] == "u")
        let expired = session.tell(
            .approvalResolved(
                ApprovalResolution(approvalID: "b", decision: .deny, resolvedBy: ApprovalResolution.timeout)), at: 1)
        #expect(expired.map(\.title) == ["Approval expired: do b"])
        #expect(session.tell(.approvalResolved(ApprovalResolution(approvalID: "c", decision: .allow)), at: 1) == [])
    }

    @Test func `a manifest that is written is a warning, until somebody allowed it`() {
        var session = Session()
        #expect(session.touched("web/package.json", at: 0).map(\.category) == [.dependency])
        #expect(session.touched("Cargo.lock", .delete, at: 0).count == 1)
        #expect(session.touched("go.mod", .read, at: 0) == [])
        #expect(session.touched("src/package.swift", at: 0) == [])
        #expect(session.touched("node_modules/a/package.json", at: 0) == [])
        session.asked("d", .depsAdd)
        _ = session.tell(.approvalResolved(ApprovalResolution(approvalID: "d", decision: .allow)), at: 1)
        #expect(session.touched("go.mod", at: 2) == [])
    }

    @Test func `silence is told once, and only while the session runs`() {
        var session = Session()
        #expect(session.rules.deadline == at(2880))
        _ = session.tell(.sessionStateChanged(StateChange(from: .startingProvider, to: .running)), at: 0)
        #expect(session.rules.deadline == at(600))
        _ = session.tell(.terminalChunk(TerminalChunk(data: "x")), at: 100)
        #expect(session.rules.wake(at: at(699)) == [])
        #expect(session.rules.wake(at: at(700)).map(\.severity) == [.warn])
        #expect(session.rules.wake(at: at(2000)) == [])
        _ = session.tell(.sessionStateChanged(StateChange(from: .running, to: .waitingForApproval)), at: 2000)
        #expect(session.rules.deadline == at(2880))
        #expect(session.rules.wake(at: at(2880)).map(\.severity) == [.info])
        #expect(session.rules.deadline == nil)
    }

    @Test func `a flood, a secret and a breach of policy are told`() {
        var session = Session()
        #expect(session.tell(.terminalChunk(OutputLimiter.mark(offset: 0, bytes: 9)), at: 0).map(\.severity) == [.info])
        #expect(session.rules.secretsRedacted(2, at: start).map(\.severity) == [.warn])
        #expect(session.rules.secretsRedacted(0, at: start) == [])
        #expect(
            session.rules.commandBlocked("rm -rf /", because: "Always blocked.", at: start).map(\.category) == [.policy]
        )
        #expect(session.rules.pathBlocked("/etc/shadow", at: start).map(\.severity) == [.critical])
        #expect(session.rules.bypassAttempted("shim removed", at: start).map(\.severity) == [.critical])
    }

    @Test func `the same alert is raised once a minute, with how often it happened`() {
        var session = Session()
        #expect(session.rules.secretsRedacted(1, at: at(0)).first?.context["count"] == 1)
        for second in 1..<60 { #expect(session.rules.secretsRedacted(1, at: at(second)) == []) }
        #expect(session.rules.secretsRedacted(1, at: at(60)).first?.context["count"] == 60)
        #expect(session.rules.secretsRedacted(1, at: at(120)).first?.context["count"] == 1)
    }

    @Test func `a session raises 20 a minute, and says how many it held back`() {
        var session = Session()
        var raised = 0
        for index in 0..<50 { raised += session.rules.pathBlocked("/p\(index)", at: at(index / 10)).count }
        #expect(raised == 20)
        let next = session.rules.pathBlocked("/other", at: at(65))
        #expect(next.first?.context["suppressed"] == 30)
        #expect(session.rules.pathBlocked("/another", at: at(65)).first?.context["suppressed"] == nil)
    }

    @Test func `becomes an alert with an id`() {
        let notice = AlertNotice(severity: .info, category: .build, title: "t", description: "d", context: ["seq": 1])
        #expect(
            notice.alert(id: "x")
                == Alert(
                    alertID: "x", severity: .info, category: .build, title: "t", description: "d", context: ["seq": 1]))
    }
}

@Suite struct RoomOfFileTests {
    @Test(arguments: [
        ("a.ts", nil, "."), ("src/a.ts", nil, "src"), ("src/api/a.ts", nil, "src/api"),
        ("src/api/v1/a.ts", nil, "src/api"),
        ("src/api/v1/a.ts", "src/api/v1", "src/api/v1"), ("src/apis/a.ts", "src/api", "src/apis"), ("./a.ts", nil, "."),
        ("src/a.ts", "src/a.ts", "src"), ("src/api/a.ts", "src/", "src"), ("a/b/c", "", "a/b"),
    ])
    func `is its first two directories, or the session's room`(path: String, sessionRoom: String?, room: String) {
        #expect(RoomOfFile.room(of: path, sessionRoom: sessionRoom) == room)
    }
}
