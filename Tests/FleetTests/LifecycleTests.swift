import Fleet
import Testing

private let start = Moment(wall: Samples.noon, monotonic: MonotonicTime(milliseconds: 5_000))
private let running = SessionStart(providerID: .command, workspacePath: "/w")

private func changed(_ from: SessionState, _ to: SessionState, _ reason: String? = nil) -> SessionLifecycle.Action {
    .emit(.sessionStateChanged(StateChange(from: from, to: to, reason: reason)))
}

private func ended(_ state: SessionState, code: Int? = nil, ms: Double = 0) -> SessionLifecycle.Action {
    .emit(
        .sessionEnded(
            SessionEnd(finalState: state, exitCode: code, totalDurationMs: ms, totalUsage: Samples.usage)))
}

private func approval(_ id: ApprovalID, timeoutAt: Timestamp? = nil) -> ApprovalRequest {
    ApprovalRequest(
        approvalID: id, sessionID: Samples.session, category: .shell, summary: "do \(id)", risk: .low,
        requestedAt: start.wall, timeoutAt: timeoutAt)
}

private func wake(_ duration: Duration) -> SessionLifecycle.Action { .wake(at: start.monotonic + duration) }

/// A lifecycle that has come as far as one state.
private func lifecycle(
    in state: SessionState, onDeny: PolicySpec.OnDeny = .stop, limits: SessionLifecycle.Limits = .init()
) throws -> SessionLifecycle {
    var session = SessionLifecycle(limits: limits, onDeny: onDeny, admittedAt: start)
    if state == .created { return session }
    _ = session.begin(at: start)
    if state == .preparingWorkspace { return session }
    _ = session.prepared(at: start)
    if state == .startingProvider { return session }
    _ = session.spawned(running, at: start)
    switch state {
    case .waitingForApproval: _ = try session.approvalRequested(approval("a1"), at: start)
    case .pausedByHuman: _ = try session.pause(at: start)
    case .stopping: _ = try session.stop(at: start)
    case .completed:
        _ = session.exited(.code(0), at: start)
        _ = session.wrappedUp(usage: .zero, at: start)
    case .failed: _ = session.lost(usage: .zero, at: start)
    case .created, .preparingWorkspace, .startingProvider, .running: break
    }
    #expect(session.state == state)
    return session
}

@Suite struct LifecycleTests {
    @Test func `a good session goes all the way and ends once`() {
        var session = SessionLifecycle(admittedAt: start)
        #expect(session.begin(at: start) == [changed(.created, .preparingWorkspace), .prepare])
        #expect(session.prepared(at: start) == [changed(.preparingWorkspace, .startingProvider), .spawn])
        #expect(
            session.spawned(running, at: start + .seconds(1))
                == [changed(.startingProvider, .running), .emit(.sessionStarted(running))])
        #expect(session.exited(.code(0), at: start + .seconds(3)) == [.wrapUp])
        #expect(session.state == .running)
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start + .seconds(4))
                == [changed(.running, .completed), ended(.completed, code: 0, ms: 3000), .release])
        #expect(session.wrappedUp(usage: Samples.usage, at: start) == [])
        #expect(session.exited(.code(0), at: start) == [])
        #expect(session.lost(usage: .zero, at: start) == [])
        #expect(session.hasEnded)
    }

    @Test func `a workspace that fails says why`() {
        var session = SessionLifecycle(admittedAt: start)
        _ = session.begin(at: start)
        #expect(session.preparationFailed("no such branch", at: start) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.preparingWorkspace, .failed, "no such branch"), ended(.failed), .release])
    }

    @Test func `a provider that fails to start says why`() throws {
        var session = try lifecycle(in: .startingProvider)
        #expect(session.spawnFailed("no such file: codex", at: start) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.startingProvider, .failed, "no such file: codex"), ended(.failed), .release])
    }

    @Test(
        arguments: [SessionState.running, .waitingForApproval, .pausedByHuman],
        [
            (ProcessEnd.code(0), SessionState.completed, Int?(0), String?.none),
            (.code(3), .failed, 3, "exited with code 3"),
            (.signal(.kill), .failed, 137, "killed by SIGKILL"),
            (.signal(.interrupt), .failed, 130, "killed by SIGINT"),
        ])
    func `an exit ends it, well only with code 0`(
        state: SessionState, expected: (status: ProcessEnd, final: SessionState, code: Int?, reason: String?)
    ) throws {
        var session = try lifecycle(in: state)
        #expect(session.exited(expected.status, at: start) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [
                    changed(state, expected.final, expected.reason), ended(expected.final, code: expected.code),
                    .release,
                ])
    }

    // MARK: Stopping

    @Test(arguments: [SessionState.running, .waitingForApproval])
    func `a stop terminates, then kills, and the end is no failure`(state: SessionState) throws {
        var session = try lifecycle(in: state)
        #expect(try session.stop(at: start) == [changed(state, .stopping), .terminate, wake(.seconds(1))])
        #expect(try session.stop(at: start) == [])
        #expect(session.wake(at: start + .milliseconds(500)) == [wake(.seconds(1))])
        #expect(session.wake(at: start + .seconds(1)) == [.kill, wake(.seconds(30))])
        #expect(session.exited(.signal(.kill), at: start + .seconds(2)) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start + .seconds(2))
                == [changed(.stopping, .completed), ended(.completed, code: 137, ms: 2000), .release])
    }

    @Test func `a stop of a paused session lets it go on so that it can end`() throws {
        var session = try lifecycle(in: .pausedByHuman)
        #expect(
            try session.stop(at: start)
                == [changed(.pausedByHuman, .stopping), .terminate, .resume, wake(.seconds(1))])
    }

    @Test func `a stop without grace kills at once`() throws {
        var session = try lifecycle(in: .running)
        #expect(
            try session.stop(graceful: false, at: start) == [changed(.running, .stopping), .kill, wake(.seconds(30))])
        #expect(try session.stop(graceful: false, at: start) == [])
    }

    @Test func `a second stop without grace does not wait for the first`() throws {
        var session = try lifecycle(in: .stopping)
        #expect(try session.stop(graceful: false, at: start) == [.kill, wake(.seconds(30))])
        #expect(try session.stop(graceful: false, at: start) == [])
    }

    @Test func `a process that will not die is given up after thirty seconds`() throws {
        var session = try lifecycle(in: .stopping)
        _ = session.wake(at: start + .seconds(1))
        #expect(session.wake(at: start + .seconds(30)) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start + .seconds(30))
                == [changed(.stopping, .completed, "force_killed"), ended(.completed, ms: 30_000), .release])
    }

    @Test func `a stop before anything has begun ends it there`() throws {
        var session = try lifecycle(in: .created)
        #expect(try session.stop(at: start) == [changed(.created, .stopping), .wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.stopping, .completed), ended(.completed), .release])
    }

    @Test(arguments: [true, false])
    func `a stop while the workspace is prepared cancels that`(succeeds: Bool) throws {
        var session = try lifecycle(in: .preparingWorkspace)
        #expect(
            try session.stop(at: start)
                == [changed(.preparingWorkspace, .stopping), .cancelPreparation, wake(.seconds(30))])
        #expect(
            (succeeds ? session.prepared(at: start) : session.preparationFailed("cancelled", at: start)) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.stopping, .completed), ended(.completed), .release])
    }

    @Test func `a stop asked for while spawning is carried out once the process exists`() throws {
        var session = try lifecycle(in: .startingProvider)
        #expect(try session.stop(at: start) == [changed(.startingProvider, .stopping), wake(.seconds(30))])
        #expect(session.spawned(running, at: start + .seconds(2)) == [.terminate, wake(.seconds(3))])
        #expect(session.wake(at: start + .seconds(3)) == [.kill, wake(.seconds(30))])
    }

    @Test func `a stop asked for while spawning ends it when nothing could be spawned`() throws {
        var session = try lifecycle(in: .startingProvider)
        _ = try session.stop(at: start)
        #expect(session.spawnFailed("gone", at: start) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.stopping, .completed), ended(.completed), .release])
    }

    @Test func `a process that comes too late is killed`() throws {
        var session = try lifecycle(in: .startingProvider)
        _ = try session.stop(at: start)
        _ = session.wake(at: start + .seconds(30))
        #expect(session.spawned(running, at: start + .seconds(31)) == [.kill])
    }

    // MARK: Approvals

    @Test func `an approval holds the session until it is allowed`() throws {
        var session = try lifecycle(in: .running)
        let asked = approval("a1")
        #expect(
            try session.approvalRequested(asked, at: start)
                == [changed(.running, .waitingForApproval, "do a1"), .emit(.approvalRequested(asked))])
        let yes = ApprovalResolution(approvalID: "a1", decision: .allow, resolvedBy: "u1")
        #expect(
            try session.approvalResolved(yes, at: start)
                == [.emit(.approvalResolved(yes)), changed(.waitingForApproval, .running)])
        #expect(session.pendingApprovals.isEmpty)
    }

    @Test func `a second approval is kept, and both must be allowed`() throws {
        var session = try lifecycle(in: .waitingForApproval)
        #expect(try session.approvalRequested(approval("a2"), at: start) == [.emit(.approvalRequested(approval("a2")))])
        #expect(session.pendingApprovals.map(\.approvalID) == ["a1", "a2"])
        let first = ApprovalResolution(approvalID: "a1", decision: .allow)
        #expect(try session.approvalResolved(first, at: start) == [.emit(.approvalResolved(first))])
        #expect(session.state == .waitingForApproval)
        let second = ApprovalResolution(approvalID: "a2", decision: .allow)
        #expect(
            try session.approvalResolved(second, at: start)
                == [.emit(.approvalResolved(second)), changed(.waitingForApproval, .running)])
    }

    @Test(arguments: [SessionState.waitingForApproval, .pausedByHuman])
    func `a refusal stops the session and says so`(state: SessionState) throws {
        var session = try lifecycle(in: .waitingForApproval)
        if state == .pausedByHuman { _ = try session.pause(at: start) }
        let no = ApprovalResolution(approvalID: "a1", decision: .deny, note: "no")
        let actions = try session.approvalResolved(no, at: start)
        #expect(
            actions.prefix(3) == [
                .emit(.approvalResolved(no)), changed(state, .stopping, "approval denied: do a1"), .terminate,
            ])
        _ = session.exited(.signal(.terminate), at: start)
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(.stopping, .completed), ended(.completed, code: 143), .release])
    }

    @Test func `a refusal lets the session go on where the policy says so`() throws {
        var session = try lifecycle(in: .waitingForApproval, onDeny: .continue)
        let no = ApprovalResolution(approvalID: "a1", decision: .deny)
        #expect(
            try session.approvalResolved(no, at: start)
                == [.emit(.approvalResolved(no)), changed(.waitingForApproval, .running)])
    }

    @Test func `the same answer again is fine, the other one a conflict, an unknown id is not found`() throws {
        var session = try lifecycle(in: .waitingForApproval)
        _ = try session.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow), at: start)
        #expect(
            try session.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow), at: start) == [])
        #expect(throws: LifecycleError.approvalConflict(recorded: .allow)) {
            try session.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .deny), at: start)
        }
        #expect(throws: LifecycleError.approvalNotFound) {
            try session.approvalResolved(ApprovalResolution(approvalID: "a9", decision: .deny), at: start)
        }
        #expect(throws: LifecycleError.duplicateApproval) {
            try session.approvalRequested(approval("a1"), at: start)
        }
    }

    @Test func `an approval that nobody answers refuses itself`() throws {
        var session = try lifecycle(in: .running)
        let asked = approval("a1", timeoutAt: start.wall + 5000)
        #expect(try session.approvalRequested(asked, at: start).last == wake(.seconds(5)))
        #expect(session.wake(at: start + .seconds(4)) == [wake(.seconds(5))])
        let no = ApprovalResolution(approvalID: "a1", decision: .deny, resolvedBy: "system:timeout")
        #expect(
            session.wake(at: start + .seconds(5)) == [
                .emit(.approvalResolved(no)), changed(.waitingForApproval, .stopping, "approval timed out: do a1"),
                .terminate, wake(.seconds(6)),
            ])
    }

    // MARK: Pausing

    @Test func `a pause keeps the approvals, and going on returns to them`() throws {
        var session = try lifecycle(in: .waitingForApproval)
        #expect(try session.pause(at: start) == [.suspend, changed(.waitingForApproval, .pausedByHuman)])
        #expect(try session.resume(at: start) == [.resume, changed(.pausedByHuman, .waitingForApproval)])
        _ = try session.pause(at: start)
        _ = try session.approvalResolved(ApprovalResolution(approvalID: "a1", decision: .allow), at: start)
        #expect(session.state == .pausedByHuman)
        #expect(try session.resume(at: start) == [.resume, changed(.pausedByHuman, .running)])
    }

    // MARK: Faults

    @Test(arguments: SessionState.allCases.filter(\.isLive))
    func `a fault of our own fails every live session`(state: SessionState) throws {
        var session = try lifecycle(in: state)
        let hasProcess = session.isAlive
        let actions = session.internalError("recording failed", at: start)
        #expect(actions.last == .wrapUp)
        #expect(actions.contains(.kill) == hasProcess)
        #expect(actions.contains(.cancelPreparation) == (state == .preparingWorkspace))
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start)
                == [changed(state, .failed, "recording failed"), ended(.failed), .release])
    }

    @Test(arguments: SessionState.allCases.filter(\.isLive))
    func `a lost runner fails every live session at once`(state: SessionState) throws {
        var session = try lifecycle(in: state)
        #expect(
            session.lost(usage: Samples.usage, at: start)
                == [changed(state, .failed, "runner_lost"), ended(.failed)])
        #expect(session.hasEnded)
    }

    @Test func `a session that lasts too long is stopped and fails`() throws {
        var session = try lifecycle(in: .running, limits: .init(session: .seconds(3600)))
        #expect(session.wake(at: start + .seconds(3599)) == [wake(.seconds(3600))])
        #expect(
            session.wake(at: start + .seconds(3600))
                == [changed(.running, .stopping, "timeout"), .terminate, wake(.seconds(3601))])
        #expect(session.exited(.signal(.terminate), at: start + .seconds(3600)) == [.wrapUp])
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start + .seconds(3600))
                == [changed(.stopping, .failed, "timeout"), ended(.failed, code: 143, ms: 3_600_000), .release])
    }

    @Test(arguments: [SessionState.created, .preparingWorkspace, .startingProvider])
    func `a session that lasts too long before it runs fails too`(state: SessionState) throws {
        var session = try lifecycle(in: state)
        #expect(session.timedOut(at: start).first == changed(state, .stopping, "timeout"))
        if state == .preparingWorkspace { _ = session.preparationFailed("cancelled", at: start) }
        if state == .startingProvider { _ = session.wake(at: start + .seconds(30)) }
        #expect(
            session.wrappedUp(usage: Samples.usage, at: start).first == changed(.stopping, .failed, "timeout"))
    }

    // MARK: What is not allowed

    @Test(arguments: SessionState.allCases)
    func `only what the state allows is done`(state: SessionState) throws {
        let session = try lifecycle(in: state)
        let pausable: Set<SessionState> = [.running, .waitingForApproval]
        func refuses(_ attempt: (inout SessionLifecycle) throws -> [SessionLifecycle.Action]) -> Bool {
            var copy = session
            do {
                _ = try attempt(&copy)
                return false
            } catch {
                #expect(copy == session)
                return error as? LifecycleError == .invalidState(state)
            }
        }
        #expect(refuses { try $0.pause(at: start) } == !pausable.contains(state))
        #expect(refuses { try $0.resume(at: start) } == (state != .pausedByHuman))
        #expect(refuses { try $0.stop(at: start) } == state.isTerminal)
        #expect(
            refuses { try $0.approvalRequested(approval("new"), at: start) }
                == !(pausable.contains(state) || state == .pausedByHuman))
        #expect(session.takesInput == pausable.contains(state))
    }

    @Test func `whatever happens, in whatever order, there is at most one end and it is the last event`() {
        var random = Seeded(11)
        for _ in 0..<3000 {
            var session = SessionLifecycle(limits: .init(session: .seconds(20)), admittedAt: start)
            var now = start
            var states: [SessionState] = [.created]
            var ends = 0
            for step in 0..<40 {
                now = now + .milliseconds(random.int(0...2000))
                var actions: [SessionLifecycle.Action] = []
                switch random.int(0...13) {
                case 0, 1: actions = session.begin(at: now)
                case 2: actions = session.prepared(at: now)
                case 3: actions = session.spawned(running, at: now)
                case 4: actions = session.exited(random.int(0...1) == 0 ? .code(0) : .signal(.kill), at: now)
                case 5: actions = (try? session.stop(graceful: random.int(0...1) == 0, at: now)) ?? []
                case 6: actions = (try? session.pause(at: now)) ?? []
                case 7: actions = (try? session.resume(at: now)) ?? []
                case 8:
                    let asked = approval(
                        ApprovalID("\(step)"), timeoutAt: random.int(0...1) == 0 ? nil : now.wall + 3000)
                    actions = (try? session.approvalRequested(asked, at: now)) ?? []
                case 9:
                    if let id = session.pendingApprovals.first?.approvalID {
                        let answer = ApprovalResolution(approvalID: id, decision: random.pick([.allow, .deny]))
                        actions = (try? session.approvalResolved(answer, at: now)) ?? []
                    }
                case 10: actions = session.wake(at: now)
                case 11: actions = session.wrappedUp(usage: .zero, at: now)
                case 12: actions = random.int(0...9) == 0 ? session.internalError("x", at: now) : []
                default: actions = random.int(0...9) == 0 ? session.lost(usage: .zero, at: now) : []
                }
                for case .emit(let body) in actions {
                    #expect(ends == 0)
                    if case .sessionEnded = body { ends += 1 }
                    guard case .sessionStateChanged(let change) = body else { continue }
                    #expect(change.previousState == states.last)
                    states.append(change.newState)
                }
            }
            #expect(session.hasEnded == (ends == 1))
            #expect(states.last == session.state)
        }
    }
}
