import Bytes
import Fleet
import Testing

private let start = MonotonicTime(milliseconds: 0)

private func rules(limit: Duration? = nil) -> AlertRules {
    AlertRules(agentID: "runner_1", repo: "/p", limit: limit, startedAt: start)
}

private func event(_ body: RunnerEvent.Body, _ sequence: Int = 7) -> RunnerEvent {
    RunnerEvent(sessionID: "s", orgID: "o", timestamp: Samples.noon, sequence: sequence, body: body)
}

private let failing = RunnerEvent.Body.testRunFinished(
    TestRunFinish(exitCode: 1, passed: 3, failed: 2, skipped: 0, duration: 1))
private let passing = RunnerEvent.Body.testRunFinished(
    TestRunFinish(exitCode: 0, passed: 3, failed: 0, skipped: 0, duration: 1))

@Suite struct AlertRulesTests {
    @Test func `failing tests are an error, and the third time in a row critical`() {
        var rules = rules()
        let first = rules.observed(event(failing), id: "a1", at: start)
        #expect(first?.severity == .error)
        #expect(first?.category == .test)
        #expect(first?.context?["agentId"] == "runner_1")
        #expect(first?.context?["repo"] == "/p")
        #expect(first?.context?["seq"] == 7)
        #expect(first?.context?["count"] == 1)
        #expect(rules.observed(event(failing), id: "a2", at: start + .seconds(61))?.severity == .error)
        #expect(rules.observed(event(failing), id: "a3", at: start + .seconds(62))?.severity == .critical)
        #expect(rules.observed(event(passing), id: "a4", at: start + .seconds(63)) == nil)
        #expect(rules.observed(event(failing), id: "a5", at: start + .seconds(130))?.severity == .error)
    }

    @Test func `the same alert is counted for a minute`() {
        var rules = rules()
        func blocked(_ seconds: Int) -> Alert? {
            rules.commandBlocked("rm -rf /", reason: "no", sequence: 1, id: "a", at: start + .seconds(seconds))
        }
        #expect(blocked(0) != nil)
        #expect(blocked(1) == nil)
        #expect(blocked(59) == nil)
        #expect(blocked(60)?.context?["count"] == 3)
        #expect(rules.suppressed == 2)
    }

    @Test func `twenty in a minute are enough`() {
        var rules = rules()
        let raised = (0..<30).filter { index in
            rules.observed(event(.fileTouched(FileTouch(path: "p", reason: .write))), id: "x", at: start) == nil
                && rules.commandEnded(
                    argv: ["npm", "run", "build:\(index)"], exitCode: 1, sequence: nil, id: "a", at: start) != nil
        }
        #expect(raised.count == 20)
        #expect(rules.suppressed == 10)
        #expect(rules.commandEnded(argv: ["tsc"], exitCode: 2, sequence: nil, id: "a", at: start + .seconds(60)) != nil)
    }

    @Test(arguments: [
        (["npm", "run", "build"], "npm build"), (["npx", "tsc", "--noEmit"], "tsc"),
        (["bash", "-c", "cargo clippy"], "cargo clippy"),
        (["swift", "build"], "swift build"), (["make", "-j4"], "make"), (["go", "vet"], "go vet"),
    ])
    func `a build that fails is an error`(argv: [String], name: String) {
        var rules = rules()
        #expect(rules.commandEnded(argv: argv, exitCode: 0, sequence: 1, id: "a", at: start) == nil)
        let alert = rules.commandEnded(argv: argv, exitCode: 2, sequence: 1, id: "a", at: start)
        #expect(alert?.title == "\(name) failed")
        #expect(alert?.severity == .error)
        #expect(alert?.category == .build)
    }

    @Test(arguments: [["ls"], ["make", "test"], ["npm", "install"], ["grep", "x"]])
    func `other commands may fail`(argv: [String]) {
        var rules = rules()
        #expect(rules.commandEnded(argv: argv, exitCode: 1, sequence: nil, id: "a", at: start) == nil)
    }

    @Test func `refusals and expiries are warnings of the policy`() {
        var rules = rules()
        let denied = ApprovalResolution(approvalID: "a", decision: .deny, resolvedBy: "u1")
        let expired = ApprovalResolution(approvalID: "b", decision: .deny, resolvedBy: "system:timeout")
        let allowed = ApprovalResolution(approvalID: "c", decision: .allow)
        #expect(rules.observed(event(.approvalResolved(denied)), id: "1", at: start)?.title == "Approval denied")
        #expect(rules.observed(event(.approvalResolved(expired)), id: "2", at: start)?.title == "Approval expired")
        #expect(rules.observed(event(.approvalResolved(allowed)), id: "3", at: start) == nil)
    }

    @Test func `security has its severities`() {
        var rules = rules()
        #expect(rules.secretsRedacted(0, sequence: 1, id: "1", at: start) == nil)
        #expect(rules.secretsRedacted(2, sequence: 1, id: "1", at: start)?.severity == .warn)
        #expect(rules.blockedPath("/etc/shadow", sequence: 1, id: "2", at: start)?.severity == .critical)
        #expect(rules.policyBypass("PATH was changed", sequence: 1, id: "3", at: start)?.severity == .critical)
        #expect(rules.throttled(10, sequence: 1, id: "4", at: start)?.severity == .info)
    }

    @Test func `a manifest that is written without approval is a warning`() {
        var rules = rules()
        let write = event(.fileTouched(FileTouch(path: "web/package.json", reason: .write)))
        #expect(
            rules.observed(event(.fileTouched(FileTouch(path: "package.json", reason: .read))), id: "0", at: start)
                == nil)
        #expect(rules.observed(write, id: "1", at: start)?.category == .dependency)
        rules.dependencyApproved()
        #expect(rules.observed(write, id: "2", at: start + .seconds(100)) == nil)
    }

    @Test func `silence while running, and a limit that comes near, are told`() {
        var rules = rules(limit: .seconds(3600))
        #expect(rules.nextWake == start + .seconds(2880))
        _ = rules.observed(
            event(.sessionStateChanged(StateChange(from: .startingProvider, to: .running))), id: "0", at: start)
        #expect(rules.nextWake == start + .seconds(600))
        _ = rules.observed(event(.terminalChunk(TerminalChunk(data: "x"))), id: "0", at: start + .seconds(60))
        #expect(rules.wake(id: "1", at: start + .seconds(600)) == nil)
        #expect(rules.wake(id: "1", at: start + .seconds(660))?.severity == .warn)
        #expect(rules.wake(id: "2", at: start + .seconds(661)) == nil)
        _ = rules.observed(
            event(.sessionStateChanged(StateChange(from: .running, to: .pausedByHuman))), id: "0",
            at: start + .seconds(700))
        #expect(rules.nextWake == start + .seconds(2880))
        #expect(rules.wake(id: "3", at: start + .seconds(2880))?.severity == .info)
        #expect(rules.nextWake == nil)
    }
}

@Suite struct UsageMeterTests {
    @Test func `counts seconds in RUNNING only`() {
        var meter = UsageMeter(providerID: .mock)
        #expect(meter.nextTick == nil)
        meter.entered(.running, at: start)
        #expect(meter.nextTick == start + .seconds(30))
        meter.entered(.waitingForApproval, at: start + .seconds(10))
        meter.entered(.running, at: start + .seconds(25))
        meter.output(1536)
        meter.touched(FileTouch(path: "a", reason: .write))
        meter.touched(FileTouch(path: "a", reason: .delete))
        meter.touched(FileTouch(path: "b", reason: .read))
        meter.commands(2)
        meter.approvalRequested()
        #expect(meter.tick(at: start + .seconds(29)) == nil)
        let tick = meter.tick(at: start + .seconds(30))
        #expect(tick?.intervalMs == 30_000)
        #expect(
            tick?.units
                == UsageMetrics(
                    agentSeconds: 15, terminalKb: 1.5, filesTouched: 1, commandsRun: 2, approvalsRequested: 1))
        // A path counts again in the next interval.
        meter.touched(FileTouch(path: "a", reason: .write))
        let last = meter.finish(at: start + .seconds(40))
        #expect(last?.intervalMs == 10_000)
        #expect(last?.units == UsageMetrics(agentSeconds: 10, filesTouched: 1))
        #expect(meter.nextTick == nil)
        #expect(meter.finish(at: start + .seconds(50)) == nil)
        #expect(meter.total.agentSeconds == 25)
    }

    @Test func `a session that never ran has used nothing`() {
        var meter = UsageMeter(providerID: .mock)
        meter.entered(.preparingWorkspace, at: start)
        #expect(meter.finish(at: start + .seconds(5)) == nil)
        #expect(meter.total == .zero)
    }

    @Test func `the ticks add up to the total`() {
        var random = Seeded(61)
        for _ in 0..<200 {
            var meter = UsageMeter(providerID: .mock)
            var now = start
            var sum = UsageMetrics.zero
            meter.entered(.running, at: now)
            for _ in 0..<60 {
                now = now + .milliseconds(random.int(1...9000))
                meter.output(random.int(0...5000))
                meter.touched(FileTouch(path: "f\(random.int(0...5))", reason: .write))
                if random.int(0...5) == 0 { meter.entered(random.pick([.running, .pausedByHuman]), at: now) }
                if let tick = meter.tick(at: now) {
                    sum += tick.units
                    #expect(tick.intervalMs > 0)
                    #expect(tick.units.terminalKb >= 0)
                }
            }
            if let tick = meter.finish(at: now) { sum += tick.units }
            #expect(sum == meter.total)
        }
    }
}

@Suite struct FileRoomTests {
    @Test(arguments: [
        ("README.md", String?.none, "."), ("src/a.ts", nil, "src"), ("src/api/a.ts", nil, "src/api"),
        ("src/api/v1/a.ts", nil, "src/api"),
        ("./src/a.ts", nil, "src"), ("packages/web/src/a.ts", "packages/web/src", "packages/web/src"),
        ("lib/a.ts", "src", "lib"),
        ("srcs/a.ts", "src", "srcs"),
    ])
    func `is at most the first two directories, or the session's own`(path: String, room: String?, expected: String) {
        #expect(FileRoom.of(path, sessionRoom: room) == expected)
    }
}
