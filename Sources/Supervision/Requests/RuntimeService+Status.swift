import Fleet
import Reactor
import Tmux
import Wire

// `status` and `doctor` (runtime-rpc §7).
extension RuntimeService {
    func status(_ filter: StatusFilter, then answer: @escaping Answer) {
        let rows = table.status(
            ids: filter.sessionIDs, updatedSince: filter.updatedSince, runtime: filter.runtime, state: filter.state)
        livePanes(of: rows) { [self] panes in
            answer(.status(rows.map { LifecycleRecord($0, logAvailability: logs(of: $0, panes: panes)) }))
        }
    }

    /// The panes that live now, asked once for all rows; not at all when no row has one.
    private func livePanes(of rows: [RuntimeLifecycle], then completion: @escaping @Loop ([PaneID: String]) -> Void) {
        guard rows.contains(where: { $0.target.pane != nil }) else { return completion([:]) }
        tmux.livingPanes { result in completion((try? result.get()) ?? [:]) }
    }

    /// Where a session's output can be read (§2.3).
    ///
    /// - Parameter panes: Those that live, each with its server.
    func logs(of row: RuntimeLifecycle, panes: [PaneID: String]) -> LogAvailability {
        switch row.target {
        case .headless:
            return .headless(
                stdoutPath: settings.stdoutPath(of: row.sessionID), stderrPath: settings.stderrPath(of: row.sessionID))
        case .tmux:
            guard let id = row.paneID, let server = panes[id], row.placement.map({ $0.server == server }) ?? true else {
                return .unavailable(.paneUnavailable)
            }
            return .tmuxPaneSnapshot
        }
    }

    func doctor(then answer: @escaping Answer) {
        let launchers = settings.launchers.launchers
        let path = settings.path
        worker.run(
            { launchers.map { $0.report(searching: [path]) } },
            then: { [self] reports in
                tmux.version { [self] version in
                    livePanes(of: table.status()) { [self] panes in
                        answer(.doctor(report(launchers: reports, tmux: version, panes: panes)))
                    }
                }
            })
    }

    private func report(
        launchers: [DoctorReport.Launcher], tmux: TmuxVersion, panes: [PaneID: String]
    ) -> DoctorReport {
        let counts = table.counts
        let yesterday = PreciseTime(Timestamp(milliseconds: SystemClock.milliseconds - 24 * 3600 * 1000))
        let tmuxReport: DoctorReport.Tmux
        switch tmux {
        case .available(let version): tmuxReport = DoctorReport.Tmux(available: true, version: version)
        case .notInstalled: tmuxReport = DoctorReport.Tmux(available: false)
        case .failed(let reason): tmuxReport = DoctorReport.Tmux(available: false, error: reason)
        }
        return DoctorReport(
            version: settings.version, socketPath: settings.socketLabel, socketPathResolved: settings.socketPath,
            uptimeSeconds: UInt64(max(0, Loop.now - startedAt) / 1000),
            sqlite: DoctorReport.Migrations(
                applied: UInt64(settings.migrations.count), total: UInt64(settings.migrations.count),
                appliedDescriptions: settings.migrations, pendingDescriptions: []),
            lifecycles: DoctorReport.LifecycleCounts(
                forking: UInt64(counts.forking), running: UInt64(counts.running), exited: UInt64(counts.exited),
                lost: UInt64(counts.lost)),
            watchers: watcherCounts, launchers: launchers, tmux: tmuxReport,
            logAvailability: table.status().map {
                DoctorReport.SessionLogs(sessionID: $0.sessionID, logAvailability: logs(of: $0, panes: panes))
            },
            lastProbeSweep: lastSweep,
            recentLost: table.recentLost(since: yesterday).compactMap { row in
                guard case .lost(let evidence) = row.state else { return nil }
                return DoctorReport.LostRuntime(
                    sessionID: row.sessionID, evidence: evidence, occurredAt: row.updatedAt)
            })
    }
}
