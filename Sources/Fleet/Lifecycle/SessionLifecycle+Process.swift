// From admission to the end of the process.

extension SessionLifecycle {
    /// Sets the session off.
    public mutating func begin(at moment: Moment) -> [Action] {
        guard case .created = phase else { return [] }
        phase = .preparing
        return announcing([.emit(change(from: .created, to: .preparingWorkspace)), .prepare])
    }

    /// Goes on with a session that was restored: says when to wake.
    public mutating func resumeWatching() -> [Action] { announcing([]) }

    /// Reports that the workspace is ready.
    public mutating func prepared(at moment: Moment) -> [Action] {
        switch phase {
        case .preparing:
            phase = .starting
            return announcing([.emit(change(from: .preparingWorkspace, to: .startingProvider)), .spawn])
        case .stopping(let stopping):
            return wrapUp(as: Outcome(state: stopping.end, reason: stopping.reason, exitCode: nil))
        case .ended:
            // The workspace came after the session had been given up.
            return [.release]
        case .created, .starting, .running, .waiting, .paused, .wrappingUp: return []
        }
    }

    /// Reports that there will be no workspace. `message` is for a person.
    public mutating func preparationFailed(_ message: String, at moment: Moment) -> [Action] {
        switch phase {
        case .preparing: return wrapUp(as: Outcome(state: .failed, reason: message, exitCode: nil))
        case .stopping(let stopping):
            return wrapUp(as: Outcome(state: stopping.end, reason: stopping.reason, exitCode: nil))
        case .created, .starting, .running, .waiting, .paused, .wrappingUp, .ended: return []
        }
    }

    /// Reports that the provider's process runs.
    public mutating func spawned(_ start: SessionStart, at moment: Moment) -> [Action] {
        switch phase {
        case .starting:
            hasProcess = true
            phase = .running
            startedAt = moment.wall
            return announcing([.emit(change(from: .startingProvider, to: .running)), .emit(.sessionStarted(start))])
        case .stopping(var stopping):
            hasProcess = true
            stopping.killAt = stopping.graceful ? moment.monotonic + limits.grace : nil
            phase = .stopping(stopping)
            return announcing([stopping.graceful ? .terminate : .kill])
        case .wrappingUp, .ended:
            // It came after the session had been given up.
            return [.kill]
        case .created, .preparing, .running, .waiting, .paused: return []
        }
    }

    /// Reports that the provider could not be started. `message` is for a person.
    public mutating func spawnFailed(_ message: String, at moment: Moment) -> [Action] {
        switch phase {
        case .starting: return wrapUp(as: Outcome(state: .failed, reason: message, exitCode: nil))
        case .stopping(let stopping):
            return wrapUp(as: Outcome(state: stopping.end, reason: stopping.reason, exitCode: nil))
        case .created, .preparing, .running, .waiting, .paused, .wrappingUp, .ended: return []
        }
    }

    /// Reports that the process is gone.
    public mutating func exited(_ status: ProcessEnd, at moment: Moment) -> [Action] {
        hasProcess = false
        switch phase {
        case .starting, .running, .waiting, .paused:
            switch status {
            case .code(0): return wrapUp(as: Outcome(state: .completed, reason: nil, exitCode: 0))
            case .code(let code):
                return wrapUp(as: Outcome(state: .failed, reason: "exited with code \(code)", exitCode: code))
            case .signal(let signal):
                let reason = "killed by \(signal.name)"
                return wrapUp(as: Outcome(state: .failed, reason: reason, exitCode: status.exitCode))
            case .unknown(let evidence):
                return wrapUp(as: Outcome(state: .failed, reason: evidence, exitCode: nil))
            }
        case .stopping(let stopping):
            return wrapUp(
                as: Outcome(state: stopping.end, reason: stopping.reason, exitCode: status.exitCode))
        case .wrappingUp(let shown, var outcome):
            outcome.exitCode = outcome.exitCode ?? status.exitCode
            phase = .wrappingUp(shown: shown, outcome)
            return []
        case .created, .preparing, .ended: return []
        }
    }

    /// Reports that nothing more will come but the end. `usage` is the sum of all ticks.
    public mutating func wrappedUp(usage: UsageMetrics, at moment: Moment) -> [Action] {
        guard case .wrappingUp(let shown, let outcome) = phase else { return [] }
        return ending(outcome, from: shown, usage: usage, at: moment) + [.release]
    }

    /// Reports a fault of our own that the session cannot go on with. `message` is for a person.
    public mutating func internalError(_ message: String, at moment: Moment) -> [Action] {
        switch phase {
        case .created, .starting: return wrapUp(as: Outcome(state: .failed, reason: message, exitCode: nil))
        case .preparing:
            return [.cancelPreparation] + wrapUp(as: Outcome(state: .failed, reason: message, exitCode: nil))
        case .running, .waiting, .paused, .stopping:
            let outcome = Outcome(state: .failed, reason: message, exitCode: nil)
            return (hasProcess ? [.kill] : []) + wrapUp(as: outcome)
        case .wrappingUp, .ended: return []
        }
    }

    /// Reports that the runner is gone and its grace with it: the session ends here and now, with what is known of it.
    public mutating func lost(usage: UsageMetrics, at moment: Moment) -> [Action] {
        guard !hasEnded else { return [] }
        hasProcess = false
        let outcome = Outcome(state: .failed, reason: Reason.runnerLost, exitCode: nil)
        return ending(outcome, from: state, usage: usage, at: moment)
    }
}

// MARK: - Endings

extension SessionLifecycle {
    func change(from: SessionState, to: SessionState, reason: String? = nil) -> RunnerEvent.Body {
        .sessionStateChanged(StateChange(from: from, to: to, reason: reason))
    }

    mutating func wrapUp(as outcome: Outcome) -> [Action] {
        phase = .wrappingUp(shown: state, outcome)
        return [.wrapUp]
    }

    private mutating func ending(
        _ outcome: Outcome, from shown: SessionState, usage: UsageMetrics, at moment: Moment
    ) -> [Action] {
        phase = .ended(outcome.state)
        pendingApprovals = []
        approvalDeadlines = [:]
        let duration = max(0, moment.wall - (startedAt ?? admittedAt.wall))
        let end = SessionEnd(
            finalState: outcome.state, exitCode: outcome.exitCode, totalDurationMs: Double(duration),
            totalUsage: usage)
        return [.emit(change(from: shown, to: outcome.state, reason: outcome.reason)), .emit(.sessionEnded(end))]
    }
}
