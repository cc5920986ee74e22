extension SessionView {
    /// Takes one event of this session's; says whether it changed anything.
    mutating func apply(_ event: JournalEvent) -> Bool {
        switch event.body {
        case .sessionCreated, .runtime: return false
        case .other:
            // What an agent did last is seen here; what it means, ``AgentActivity`` tells.
            guard
                event.source == .hook && config.origin == .observed || event.source == .chat && config.origin == .chat,
                isLive
            else { return false }
        case .activity(let activity):
            guard isLive else { return false }
            self.activity = activity
            tokens += activity.tokens
            if config.origin.isReported {
                evidence = Evidence(
                    rowid: event.rowid, event: activity.event, source: event.source, at: activity.since, reason: nil)
                // The change of state that follows from it has an event of its own; nobody sees one without the other.
                if state == .running || state == .waitingForApproval { state = activity.activity.sessionState }
            }
        case .processSpawned(let process): self.process = process
        case .terminalResized(let size): terminalSize = size
        case .processExited(let exit):
            terminalBytes = exit.bytes
            switch exit.status {
            case .code(let code): exitCode = code
            case .signal(let signal):
                self.signal = signal
                exitCode = exit.status.exitCode
            case .unknown: break
            }
        case .runner(let body):
            if let sequence = event.sequence {
                guard sequence > journaledSequence else { return false }
                journaledSequence = sequence
                lastSequence = max(lastSequence, sequence)
            }
            apply(body, of: event)
        }
        lastActivityAt = max(lastActivityAt, event.at)
        return true
    }

    /// Takes the end of a process that nobody had seen; says whether it is news.
    mutating func take(lateExit exit: RuntimeExit) -> Bool {
        guard !isLive, exitCode == nil, signal == nil else { return false }
        if let number = exit.signal {
            signal = Signal(rawValue: number)
            exitCode = 128 + Int(number)
        } else {
            exitCode = exit.code.map { Int($0) }
        }
        return exitCode != nil
    }

    private mutating func apply(_ body: RunnerEvent.Body, of event: JournalEvent) {
        switch body {
        case .sessionStarted(let start):
            startedAt = startedAt ?? event.at
            workspacePath = start.workspacePath
            providerVersion = start.providerVersion
        case .sessionStateChanged(let change): enter(change.newState, reason: change.reason, event)
        case .sessionEnded(let end):
            if state != end.finalState { enter(end.finalState, reason: nil, event) }
            exitCode = end.exitCode ?? exitCode
            usage = end.totalUsage
            endedAt = event.at
        case .terminalChunk: break
        case .fileTouched(let touch): note(touch, at: event.at)
        case .diffSummary(let summary):
            diff = DiffTotals(
                filesChanged: summary.filesChanged, linesAdded: summary.linesAdded,
                linesRemoved: summary.linesRemoved)
        case .testRunStarted(let start):
            testRuns.append(
                TestRun(command: start.command, isRunning: true, passed: 0, failed: 0, skipped: 0, at: event.at))
            testRuns.keepLast(Self.testRunLimit)
        case .testRunFinished(let finish): close(finish, at: event.at)
        case .approvalRequested(let approval):
            guard !approvals.contains(where: { $0.approvalID == approval.approvalID }) else { return }
            approvals.append(approval)
        case .approvalResolved(let resolution): resolve(resolution, at: event.at)
        case .alertRaised(let alert):
            alertCounts[alert.severity, default: 0] += 1
            alerts.append(RaisedAlert(alert: alert, at: event.at))
            alerts.keepLast(Self.alertLimit)
        case .usageTick(let tick): usage += tick.units
        }
    }

    private mutating func enter(_ newState: SessionState, reason: String?, _ event: JournalEvent) {
        state = newState
        // Where all is known by report, the report is the evidence.
        if !config.origin.isReported || newState.isTerminal || activity == nil {
            evidence = Evidence(
                rowid: event.rowid, event: event.type, source: event.source, at: event.at, reason: reason)
        }
        timeline.append(Step(state: newState, at: event.at, reason: reason))
        timeline.keepLast(Self.timelineLimit)
        switch newState {
        case .running: startedAt = startedAt ?? event.at
        case .stopping, .failed: errorMessage = reason ?? errorMessage
        case .created, .preparingWorkspace, .startingProvider, .waitingForApproval, .pausedByHuman, .completed: break
        }
        if newState.isTerminal {
            endedAt = endedAt ?? event.at
            activity = nil
            // Nothing waits for an answer any more.
            approvals.removeAll { $0.resolution == nil }
        }
    }

    private mutating func note(_ touch: FileTouch, at time: Timestamp) {
        let file = TouchedFile(path: touch.path, reason: touch.reason, at: time)
        if countedPaths.contains(touch.path) {
            if let index = files.lastIndex(where: { $0.path == touch.path }) { files.remove(at: index) }
        } else {
            filesTouched += 1
            if countedPaths.count < Self.countedPathLimit { countedPaths.insert(touch.path) }
        }
        files.append(file)
        files.keepLast(Self.fileLimit)
    }

    private mutating func close(_ finish: TestRunFinish, at time: Timestamp) {
        var run = TestRun(command: "", isRunning: false, passed: 0, failed: 0, skipped: 0, at: time)
        let index = testRuns.lastIndex(where: \.isRunning)
        if let index { run = testRuns[index] }
        run.isRunning = false
        run.passed = finish.passed
        run.failed = finish.failed
        run.skipped = finish.skipped
        run.exitCode = finish.exitCode
        run.durationMs = finish.duration
        if let index {
            testRuns[index] = run
        } else {
            testRuns.append(run)
            testRuns.keepLast(Self.testRunLimit)
        }
    }

    private mutating func resolve(_ resolution: ApprovalResolution, at time: Timestamp) {
        guard let index = approvals.firstIndex(where: { $0.approvalID == resolution.approvalID }),
            approvals[index].resolution == nil
        else { return }
        approvals[index].resolution = ApprovalRequest.Resolution(
            at: time, decision: resolution.decision, by: resolution.resolvedBy, note: resolution.note)
        let resolved = approvals.reduce(0) { $0 + ($1.resolution == nil ? 0 : 1) }
        if resolved > Self.resolvedApprovalLimit, let oldest = approvals.firstIndex(where: { $0.resolution != nil }) {
            approvals.remove(at: oldest)
        }
    }
}

extension Array {
    /// Drops elements from the front until at most `limit` are left.
    fileprivate mutating func keepLast(_ limit: Int) {
        if count > limit { removeFirst(count - limit) }
    }
}
