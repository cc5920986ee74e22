import Fleet

/// Plays random sessions by the rules of the lifecycle and keeps the journal of them.
struct RandomFleet {
    private struct Running {
        var config: SessionConfig
        var lifecycle: SessionLifecycle
        var numbering: RunnerEventNumbering
        var usage = UsageMetrics.zero
        var bytes = 0
    }

    private(set) var journal: [JournalEvent] = []
    /// What a live hub would have been shown of terminals, by the row after which it came.
    private(set) var chunks: [(after: Int64, event: RunnerEvent)] = []
    private var random: Seeded
    private var now: Moment
    private var running: [Running] = []

    init(seed: UInt64) {
        random = Seeded(seed)
        now = Moment(wall: Samples.noon, monotonic: MonotonicTime(milliseconds: 0))
    }

    mutating func play(events: Int) {
        while journal.count < events { step() }
    }

    /// Brings every session to its end.
    mutating func finish() {
        for index in running.indices {
            perform(running[index].lifecycle.lost(usage: running[index].usage, at: now), index)
        }
        running = []
    }

    private mutating func step() {
        now = now + .milliseconds(random.int(0...900))
        if running.isEmpty || (running.count < 12 && random.int(0...40) == 0) { return admit() }
        let index = random.int(0...(running.count - 1))
        switch random.int(0...19) {
        case 0:
            perform(running[index].lifecycle.exited(random.pick([.code(0), .code(2), .signal(.kill)]), at: now), index)
        case 1: perform((try? running[index].lifecycle.stop(at: now)) ?? [], index)
        case 2: perform((try? running[index].lifecycle.pause(at: now)) ?? [], index)
        case 3: perform((try? running[index].lifecycle.resume(at: now)) ?? [], index)
        case 4: perform(running[index].lifecycle.wake(at: now), index)
        case 5, 6:
            let asked = ApprovalRequest(
                approvalID: ApprovalID(randomBytes: random.bytes(16)), sessionID: running[index].config.sessionID,
                category: .shell, summary: "rm", risk: .high, context: ["n": .number(1.0)], requestedAt: now.wall)
            perform((try? running[index].lifecycle.approvalRequested(asked, at: now)) ?? [], index)
        case 7, 8:
            guard let id = running[index].lifecycle.pendingApprovals.first?.approvalID else { return }
            let answer = ApprovalResolution(
                approvalID: id, decision: random.int(0...3) == 0 ? .deny : .allow, resolvedBy: "u1")
            perform((try? running[index].lifecycle.approvalResolved(answer, at: now)) ?? [], index)
        case 9: note(.terminalResized(TerminalSize(columns: random.int(2...500), rows: random.int(1...300))), index)
        default: work(index)
        }
        running.removeAll(where: \.lifecycle.hasEnded)
    }

    private mutating func admit() {
        let config = SessionConfig(
            sessionID: SessionID(randomBytes: random.bytes(16)), orgID: "me", userID: "me",
            name: random.int(0...2) == 0 ? "n\(random.int(0...5))" : nil, providerID: .command,
            repoRef: .local(path: "/p\(random.int(0...3))", name: nil, defaultBranch: nil),
            command: CommandSpec(argv: ["make", "it so"], cwd: "/p"))
        running.append(
            Running(
                config: config, lifecycle: SessionLifecycle(admittedAt: now),
                numbering: RunnerEventNumbering(of: config)))
        let index = running.count - 1
        note(.sessionCreated(SessionCreated(config)), index)
        perform(running[index].lifecycle.begin(at: now), index)
        perform(running[index].lifecycle.prepared(at: now), index)
        note(.processSpawned(ProcessIdentity(pid: random.int(2...99_999), startTicks: 7, bootID: "b")), index)
        perform(
            running[index].lifecycle.spawned(SessionStart(providerID: .command, workspacePath: "/p"), at: now), index)
    }

    private mutating func work(_ index: Int) {
        let reasons = FileTouch.Reason.allCases
        switch random.int(0...6) {
        case 0: publish(.fileTouched(FileTouch(path: "f\(random.int(0...300))", reason: random.pick(reasons))), index)
        case 1: publish(.testRunStarted(TestRunStart(command: "make test")), index)
        case 2:
            let finish = TestRunFinish(
                exitCode: random.int(0...1), passed: random.int(0...9), failed: 0, skipped: 1,
                duration: Double(random.int(0...1000)) / 8)
            publish(.testRunFinished(finish), index)
        case 3:
            let alert = Alert(
                alertID: AlertID(randomBytes: random.bytes(16)), severity: random.pick(Alert.Severity.allCases),
                category: .build, title: "t", description: "d", context: ["x": 1.5])
            publish(.alertRaised(alert), index)
        case 4:
            let units = UsageMetrics(
                agentSeconds: Double(random.int(0...30_000)) / 1000, terminalKb: Double(random.int(0...999)) / 1000,
                commandsRun: 1)
            running[index].usage += units
            publish(.usageTick(UsageTick(providerID: .command, units: units, intervalMs: 30_000)), index)
        case 5:
            publish(
                .diffSummary(DiffSummary(files: [.init(path: "a", status: .added, additions: 3, deletions: 0)])), index)
        default:
            let length = random.int(1...100)
            let chunk = TerminalChunk(data: "x", offset: running[index].bytes, bytes: length)
            running[index].bytes += length
            chunks.append(
                (journal.last?.rowid ?? 0, running[index].numbering.next(.terminalChunk(chunk), at: now.wall)))
        }
    }

    private mutating func perform(_ actions: [SessionLifecycle.Action], _ index: Int) {
        for action in actions {
            switch action {
            case .emit(let body): publish(body, index)
            case .wrapUp:
                note(.processExited(ProcessExit(status: .code(0), bytes: running[index].bytes)), index)
                perform(running[index].lifecycle.wrappedUp(usage: running[index].usage, at: now), index)
            default: break
            }
        }
    }

    private mutating func publish(_ body: RunnerEvent.Body, _ index: Int) {
        let event = running[index].numbering.next(body, at: now.wall)
        journal.append(
            JournalEvent(rowid: Int64(journal.count + 1), id: EventID(randomBytes: random.bytes(16)), event))
    }

    private mutating func note(_ body: JournalEvent.Body, _ index: Int) {
        journal.append(
            JournalEvent(
                rowid: Int64(journal.count + 1), id: EventID(randomBytes: random.bytes(16)), at: now.wall,
                sessionID: running[index].config.sessionID, body: body))
    }
}
