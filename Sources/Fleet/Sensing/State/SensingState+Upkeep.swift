// What goes with time, and what is made anew at a start (daemon-ipc §2.2, §7.4, §7.6).
extension SensingState {
    /// Deletes what retention does not keep, but for events, which the journal has (§7.6).
    public mutating func retain(_ plan: RetentionPlan) -> [SensingEffect] {
        var effects: [SensingEffect] = []
        for tombstone in tombstones.sorted(by: { $0.sessionID < $1.sessionID })
        where tombstone.expiresAt < plan.tombstonesExpiredBefore {
            dropTombstone(tombstone.sessionID)
            effects.append(.deleteTombstone(tombstone.sessionID))
        }
        for row in liveness.values.sorted(by: { $0.pid < $1.pid })
        where row.lastSeenAt < plan.livenessBefore && !isReferenced(row.pid) {
            forgetProcess(row.pid)
            effects.append(.deleteLiveness(pid: row.pid))
        }
        return effects
    }

    // MARK: - Shells

    /// Deletes the shells that a start does not take up: older than a day, or without a process (§7.4).
    public mutating func takeUpShells(at now: Timestamp, _ processes: some ProcessView) -> [SensingEffect] {
        forgetShells { shell, state in
            now - shell.updatedAt > state.settings.retention || state.isAlive(shell.pid, processes) == false
        }
    }

    /// Deletes shells that were not heard of for five minutes and whose process is gone (§2.2).
    public mutating func pruneShells(at now: Timestamp, _ processes: some ProcessView) -> [SensingEffect] {
        forgetShells { shell, state in state.isLost(shell, at: now, processes) }
    }

    /// The shells that may route (§6.1), by pid. One that has just reported always may.
    public func routableShells(at now: Timestamp, _ processes: some ProcessView) -> [SensedShell] {
        shells.values.filter { !isLost($0, at: now, processes) }.sorted { $0.pid < $1.pid }
    }

    private func isLost(_ shell: SensedShell, at now: Timestamp, _ processes: some ProcessView) -> Bool {
        now - shell.updatedAt > settings.shellGrace && isAlive(shell.pid, processes) == false
    }

    private mutating func forgetShells(_ isForgotten: (SensedShell, SensingState) -> Bool) -> [SensingEffect] {
        var effects: [SensingEffect] = []
        for shell in shells.values.sorted(by: { $0.pid < $1.pid }) where isForgotten(shell, self) {
            forgetShell(shell.pid)
            effects.append(.deleteShell(pid: shell.pid))
        }
        return effects
    }

    // MARK: - Rebuilding

    /// Makes the tables of shells and of processes anew from the journal, where they are empty (§7.4).
    ///
    /// Events are given in the order of their rowids, shells' with their directory resolved. When their processes
    /// started cannot be known any more.
    public mutating func rebuild(
        from events: some Sequence<(event: HookEvent, canonicalCwd: String?)>, receivedAt: Timestamp
    ) -> [SensingEffect] {
        let needsShells = shells.isEmpty
        let needsLiveness = liveness.isEmpty
        for (event, canonicalCwd) in events {
            let at = min(event.recordedAt, receivedAt + settings.futureTolerance)
            if needsShells, let shell = SensedShell(event, at: at, canonicalCwd: canonicalCwd) { adopt(shell) }
            if needsLiveness, let pid = event.pid { adopt(ProcessLiveness(pid: pid, start: nil, lastSeenAt: at)) }
        }
        let newLiveness = needsLiveness ? liveness.values.sorted { $0.pid < $1.pid } : []
        let newShells = needsShells ? shells.values.sorted { $0.pid < $1.pid } : []
        return newLiveness.map { .upsertLiveness($0) } + newShells.map { .upsertShell($0) }
    }
}
