import Bytes
import Fleet

/// Random numbers that come again with the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[int(0...(elements.count - 1))] }
}

/// Events to test with.
enum Samples {
    static let session: SessionID = "3f0e1c2d-1111-4222-8333-444455556666"
    static let noon = Timestamp(milliseconds: 1_767_607_391_402)

    static let config = SessionConfig(
        sessionID: session, orgID: "u1", userID: "u1", name: "fix", providerID: .codex,
        repoRef: .hosted(provider: .github, owner: "acme", name: "app", defaultBranch: "main"),
        checkout: .tag("v1"), roomPath: "src/api",
        task: TaskSpec(title: "Fix it", goal: "Make it work", constraints: ["no deps"], branchName: "fix"),
        policy: PolicySpec(shellDenylist: ["sudo"], requiresApprovalFor: [.merge], networkMode: .restricted),
        billing: BillingInfo(plan: .team, orgID: "u1", maxConcurrency: 5, maxDailyMinutes: 60))

    static let approval = ApprovalRequest(
        approvalID: "a1", sessionID: session, category: .merge, summary: "push to main", risk: .medium,
        context: ["branch": "main", "tries": 2], requestedAt: noon, timeoutAt: noon + 60_000)

    static let usage = UsageMetrics(
        agentSeconds: 12.5, terminalKb: 3.071, filesTouched: 2, commandsRun: 4, approvalsRequested: 1)

    static let bodies: [RunnerEvent.Body] = [
        .sessionStarted(SessionStart(providerID: .codex, providerVersion: "1.2.3", workspacePath: "/w", roomPath: "a")),
        .sessionStarted(SessionStart(providerID: .command, workspacePath: "/w")),
        .sessionStateChanged(StateChange(from: .running, to: .failed, reason: "because")),
        .sessionStateChanged(StateChange(from: .created, to: .preparingWorkspace)),
        .sessionEnded(SessionEnd(finalState: .failed, exitCode: 3, totalDurationMs: 12.5, totalUsage: usage)),
        .sessionEnded(SessionEnd(finalState: .completed, exitCode: nil, totalDurationMs: 0, totalUsage: .zero)),
        .terminalChunk(TerminalChunk(data: "\u{1B}[31mé\r\n")),
        .terminalChunk(TerminalChunk(data: "…", stream: .stderr, offset: 9, bytes: 4, lost: 4)),
        .fileTouched(FileTouch(path: "src/a.swift", roomPath: "src", reason: .write)),
        .fileTouched(FileTouch(path: "a", reason: .diff)),
        .diffSummary(
            DiffSummary(files: [
                .init(path: "a", status: .renamed, additions: 2, deletions: 1),
                .init(path: "b", status: .added, additions: 5, deletions: 0),
            ])),
        .testRunStarted(TestRunStart(command: "npm test", testFiles: ["a.test.ts"])),
        .testRunStarted(TestRunStart(command: "swift test")),
        .testRunFinished(TestRunFinish(exitCode: 1, passed: 41, failed: 2, skipped: 0, duration: 8120)),
        .approvalRequested(approval),
        .approvalResolved(ApprovalResolution(approvalID: "a1", decision: .deny, resolvedBy: "u2", note: "not today")),
        .approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow)),
        .alertRaised(
            Alert(
                alertID: "al", severity: .critical, category: .test, title: "t", description: "d",
                context: ["agentId": "runner_3f0e1c2d", "list": [1, 2.5, nil]])),
        .alertRaised(Alert(alertID: "al", severity: .info, category: .build, title: "t", description: "d")),
        .usageTick(UsageTick(providerID: .claudeCode, units: usage, intervalMs: 30_000)),
    ]

    static let facts: [JournalEvent.Body] = [
        .sessionCreated(SessionCreated(config)),
        .processSpawned(ProcessIdentity(pid: 42, startTicks: 123_456, bootID: "boot")),
        .terminalResized(TerminalSize(columns: 80, rows: 24)),
        .processExited(ProcessExit(status: .code(3), bytes: 1000)),
        .processExited(ProcessExit(status: .signal(.kill), bytes: 0)),
        .other(type: "FUTURE", payload: ["x": 1]),
    ]
}
