// What people ask of a session, and what time does to it.

extension SessionLifecycle {
    /// Ends the session: SIGTERM, after the grace SIGKILL; not gracefully, SIGKILL at once (§3.2).
    ///
    /// Asking again is fine, and not gracefully the second time is stronger.
    public mutating func stop(graceful: Bool = true, at moment: Moment) throws(LifecycleError) -> [Action] {
        switch phase {
        case .created, .preparing, .starting, .running, .waiting, .paused:
            return stopping(end: .completed, reason: nil, graceful: graceful, at: moment)
        case .stopping(var stopping):
            guard !graceful, stopping.graceful else { return [] }
            let isKilled = hasProcess && stopping.killAt == nil
            stopping.graceful = false
            stopping.killAt = nil
            phase = .stopping(stopping)
            return announcing(hasProcess && !isKilled ? [.kill] : [])
        case .wrappingUp: return []
        case .ended(let state): throw .invalidState(state)
        }
    }

    /// Stops the process until ``resume(at:)``.
    public mutating func pause(at moment: Moment) throws(LifecycleError) -> [Action] {
        switch phase {
        case .running, .waiting:
            let previous = state
            phase = .paused
            return announcing([.suspend, .emit(change(from: previous, to: .pausedByHuman))])
        case .created, .preparing, .starting, .paused, .stopping, .wrappingUp, .ended: throw .invalidState(state)
        }
    }

    /// Lets the process go on: to RUNNING, or WAITING_FOR_APPROVAL if something is still asked.
    public mutating func resume(at moment: Moment) throws(LifecycleError) -> [Action] {
        switch phase {
        case .paused:
            phase = pendingApprovals.isEmpty ? .running : .waiting
            return announcing([.resume, .emit(change(from: .pausedByHuman, to: state))])
        case .created, .preparing, .starting, .running, .waiting, .stopping, .wrappingUp, .ended:
            throw .invalidState(state)
        }
    }

    // MARK: Approvals

    /// Reports that the agent asks for something. The caller holds the action back until it is resolved.
    public mutating func approvalRequested(
        _ approval: ApprovalRequest, at moment: Moment
    ) throws(LifecycleError) -> [Action] {
        let isKnown = pendingApprovals.contains { $0.approvalID == approval.approvalID }
        switch phase {
        case .running, .waiting, .paused:
            guard !isKnown, recorded(approval.approvalID) == nil else { throw .duplicateApproval }
        case .created, .preparing, .starting, .stopping, .wrappingUp, .ended: throw .invalidState(state)
        }
        pendingApprovals.append(approval)
        if let timeout = approval.timeoutAt {
            let left = Duration.milliseconds(max(0, timeout - moment.wall))
            approvalDeadlines[approval.approvalID] = moment.monotonic + left
        }
        var actions: [Action] = []
        if case .running = phase {
            phase = .waiting
            actions.append(.emit(change(from: .running, to: .waitingForApproval, reason: approval.summary)))
        }
        actions.append(.emit(.approvalRequested(approval)))
        return announcing(actions)
    }

    /// Answers an approval. The same answer again changes nothing, the other one is a conflict.
    public mutating func approvalResolved(
        _ resolution: ApprovalResolution, at moment: Moment
    ) throws(LifecycleError) -> [Action] {
        if let recorded = recorded(resolution.approvalID) {
            guard recorded == resolution.decision else { throw .approvalConflict(recorded: recorded) }
            return []
        }
        switch phase {
        case .waiting, .paused, .running: break
        case .created, .preparing, .starting: throw .approvalNotFound
        case .stopping, .wrappingUp, .ended: throw .invalidState(state)
        }
        guard let index = pendingApprovals.firstIndex(where: { $0.approvalID == resolution.approvalID }) else {
            throw .approvalNotFound
        }
        return announcing(resolve(at: index, resolution, moment))
    }

    private mutating func resolve(at index: Int, _ resolution: ApprovalResolution, _ moment: Moment) -> [Action] {
        let approval = pendingApprovals.remove(at: index)
        approvalDeadlines[approval.approvalID] = nil
        if decisions.count >= Self.rememberedDecisions { decisions.removeFirst(Self.rememberedDecisions / 4) }
        decisions.append(resolution)
        var actions: [Action] = [.emit(.approvalResolved(resolution))]
        if resolution.decision == .deny, onDeny == .stop {
            var reason = "approval denied: \(approval.summary)"
            if resolution.resolvedBy == ApprovalResolution.timeout {
                reason = "approval timed out: \(approval.summary)"
            }
            actions += stopping(end: .completed, reason: reason, graceful: true, at: moment)
        } else if case .waiting = phase, pendingApprovals.isEmpty {
            phase = .running
            actions.append(.emit(change(from: .waitingForApproval, to: .running)))
        }
        return actions
    }

    private func recorded(_ id: ApprovalID) -> Decision? { decisions.last { $0.approvalID == id }?.decision }

    // MARK: Time

    /// Reports that the session has lasted as long as it may. Also comes by itself through ``wake(at:)``.
    public mutating func timedOut(at moment: Moment) -> [Action] {
        sessionDeadline = nil
        switch phase {
        case .created, .preparing, .starting, .running, .waiting, .paused:
            return stopping(end: .failed, reason: Reason.timeout, graceful: true, at: moment)
        case .stopping, .wrappingUp, .ended: return []
        }
    }

    /// Reacts to the passing of time. Early and late calls do no harm.
    public mutating func wake(at moment: Moment) -> [Action] {
        announcedWake = nil
        var actions: [Action] = []
        if let deadline = sessionDeadline, deadline <= moment.monotonic { actions += timedOut(at: moment) }
        while let index = pendingApprovals.firstIndex(where: { approval in
            approvalDeadlines[approval.approvalID].map { $0 <= moment.monotonic } ?? false
        }) {
            guard takesAnswers else { break }
            let resolution = ApprovalResolution(
                approvalID: pendingApprovals[index].approvalID, decision: .deny,
                resolvedBy: ApprovalResolution.timeout)
            actions += resolve(at: index, resolution, moment)
        }
        if case .stopping(var stopping) = phase {
            if stopping.giveUpAt <= moment.monotonic {
                let reason = stopping.end == .completed ? Reason.forceKilled : stopping.reason
                actions += wrapUp(as: Outcome(state: stopping.end, reason: reason, exitCode: nil))
            } else if let killAt = stopping.killAt, killAt <= moment.monotonic {
                stopping.killAt = nil
                phase = .stopping(stopping)
                actions.append(.kill)
            }
        }
        return announcing(actions)
    }

    private var takesAnswers: Bool {
        switch phase {
        case .running, .waiting, .paused: return true
        case .created, .preparing, .starting, .stopping, .wrappingUp, .ended: return false
        }
    }

    /// Goes to STOPPING and, as far as there is something to stop, stops it.
    private mutating func stopping(
        end: SessionState, reason: String?, graceful: Bool, at moment: Moment
    ) -> [Action] {
        let previous = phase
        var actions: [Action] = [.emit(change(from: state, to: .stopping, reason: reason))]
        var stopping = Stopping(
            end: end, reason: end == .failed ? reason : nil, graceful: graceful, killAt: nil,
            giveUpAt: moment.monotonic + limits.ceiling)
        switch previous {
        case .created:
            phase = .stopping(stopping)
            return actions + wrapUp(as: Outcome(state: end, reason: stopping.reason, exitCode: nil))
        case .preparing: actions.append(.cancelPreparation)
        case .starting: break
        case .running, .waiting, .paused:
            stopping.killAt = graceful ? moment.monotonic + limits.grace : nil
            actions.append(graceful ? .terminate : .kill)
            // A stopped process takes no SIGTERM before it goes on.
            if case .paused = previous, graceful { actions.append(.resume) }
        case .stopping, .wrappingUp, .ended: return []
        }
        phase = .stopping(stopping)
        return announcing(actions)
    }

    // MARK: Deadlines

    /// The actions, and when to wake if that has changed.
    mutating func announcing(_ actions: [Action]) -> [Action] {
        var next: MonotonicTime?
        switch phase {
        case .stopping(let stopping): next = min(stopping.giveUpAt, stopping.killAt ?? stopping.giveUpAt)
        case .created, .preparing, .starting, .running, .waiting, .paused:
            next = ([sessionDeadline].compactMap { $0 } + approvalDeadlines.values).min()
        case .wrappingUp, .ended: break
        }
        guard let next, next != announcedWake else { return actions }
        announcedWake = next
        // A later word replaces an earlier one.
        return actions.filter { if case .wake = $0 { false } else { true } } + [.wake(at: next)]
    }
}
