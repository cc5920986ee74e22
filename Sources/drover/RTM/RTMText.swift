import Bytes
import Fleet
import Wire

/// The human format of `rtm` (runtime-rpc §10). Scripts look for these words, so they stay as they are.
enum RTMText {
    static func text(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "-" }

    static func time(_ time: PreciseTime?) -> String { text(time?.rfc3339WithOffset) }

    /// `Running`, `Exited(code=1)`, `Lost(PidNotAlive)`.
    static func state(_ state: RuntimeState) -> String {
        switch state {
        case .forking: return "Forking"
        case .running: return "Running"
        case .exited(let exit):
            if let signal = exit.signal { return "Exited(signal=\(signal))" }
            return exit.code.map { "Exited(code=\($0))" } ?? "Exited(unknown)"
        case .lost(let evidence): return "Lost(\(self.evidence(evidence)))"
        }
    }

    static func evidence(_ evidence: LostEvidence) -> String {
        switch evidence {
        case .shimDiedBeforeReport: return "ShimDiedBeforeReport"
        case .pidNotAlive: return "PidNotAlive"
        case .pidReuseDetected: return "PidReuseDetected"
        }
    }

    static func evidence(_ evidence: TerminationEvidence) -> String {
        switch evidence {
        case .shimExit: return "ShimExit"
        case .processExit: return "ProcessExit"
        case .lost(let evidence): return "Lost(\(self.evidence(evidence)))"
        }
    }

    static func lifecycle(_ record: LifecycleRecord) -> String {
        "session_id=\(record.sessionID) state=\(state(record.state)) runtime=\(record.runtime) "
            + "shim_pid=\(text(record.shimPID)) runtime_pid=\(text(record.runtimePID)) "
            + "start_time=\(time(record.startTime)) tmux_pane=\(text(record.tmuxPane))"
    }

    static func event(_ event: RuntimeEvent) -> String {
        switch event {
        case .running(let id, let pid, let startTime):
            return "runtime event=Running session_id=\(id) runtime_pid=\(pid) start_time=\(time(startTime))"
        case .terminated(let id, let exit, let evidence):
            return "runtime event=Terminated session_id=\(id) exit_code=\(text(exit.code)) "
                + "signal=\(text(exit.signal)) evidence=\(self.evidence(evidence))"
        case .lost(let id, let evidence):
            return "runtime event=Lost session_id=\(id) evidence=\(self.evidence(evidence))"
        }
    }

    /// `spawn` is answered with the event that says so.
    static func eventWord(_ event: RuntimeEvent) -> String {
        switch event {
        case .running: return "Running"
        case .terminated: return "Terminated"
        case .lost: return "Lost"
        }
    }

    static func spawned(_ spawned: SpawnedRuntime) -> String {
        "spawn OK; lifecycle state=\(state(spawned.lifecycle.state)); runtime event=\(eventWord(spawned.event)); "
            + "runtime_pid=\(text(spawned.lifecycle.runtimePID)) log_dir=\(text(spawned.logDirectory)) "
            + "stdout_path=\(text(spawned.stdoutPath)) stderr_path=\(text(spawned.stderrPath))"
    }

    static func snapshot(_ snapshot: PaneSnapshot) -> String {
        "pane snapshot; captured_at_ms=\(snapshot.capturedAtMilliseconds) "
            + "scrollback_lines_requested=\(snapshot.scrollbackLinesRequested) "
            + "scrollback_lines_included=\(snapshot.scrollbackLinesIncluded) "
            + "pane_history_lines=\(snapshot.paneHistoryLines)\n\(snapshot.content)"
    }

    static func captureError(_ error: CaptureError) -> String {
        switch error {
        case .notATmuxTarget: return "not_a_tmux_target"
        case .paneUnavailable: return "pane_unavailable"
        case .sessionMissing: return "session_missing"
        case .tmuxNotAvailable: return "tmux_not_available"
        case .capturePaneFailed(let stderr): return "capture_pane_failed stderr=\(stderr)"
        }
    }

    /// `TmuxPaneDead`, with what there is to say about it.
    static func outcome(_ outcome: TargetOutcome) -> String {
        switch outcome {
        case .valid: return "Valid"
        case .invalidTarget(let message): return "InvalidTarget: \(message)"
        case .tmuxPaneDead(let address): return "TmuxPaneDead: \(address)"
        case .unsupportedTarget(let target): return "UnsupportedTarget: \(target)"
        }
    }
}

// MARK: - Doctor

extension RTMText {
    private static let labelWidth = 22

    static func doctor(_ report: DoctorReport) -> String {
        var lines: [String] = []
        func line(_ label: String, _ value: String) {
            lines.append(label + String(repeating: " ", count: max(1, labelWidth - label.count)) + value)
        }
        lines.append("rtmd")
        line("  version", "\(report.version.version) (\(report.version.gitSHA))")
        line("  protocol", report.version.protocolVersion)
        line("  capabilities", report.version.capabilities.joined(separator: ", "))
        line("  socket", report.socketPath)
        line("  uptime", uptime(report.uptimeSeconds))
        let sqlite = report.sqlite
        lines.append("sqlite")
        line(
            "  applied migrations",
            "\(sqlite.applied) of \(sqlite.total) (\(sqlite.appliedDescriptions.joined(separator: ", ")))")
        if !sqlite.pendingDescriptions.isEmpty {
            line("  pending migrations", sqlite.pendingDescriptions.joined(separator: ", "))
        }
        lines.append("lifecycles")
        line("  forking", "\(report.lifecycles.forking)")
        line("  running", "\(report.lifecycles.running)")
        line("  exited", "\(report.lifecycles.exited)")
        line("  lost", "\(report.lifecycles.lost)")
        line("process exit watchers", "\(report.watchers.processExitWatchers)")
        line("shim sockets", "\(report.watchers.shimSockets)")
        line("event waiters", "\(report.watchers.eventWaiters)")
        lines.append("launchers")
        for launcher in report.launchers {
            line("  \(launcher.runtime)", launcher.command ?? launcher.error ?? "unavailable")
        }
        line("tmux", tmux(report.tmux))
        line("last probe sweep", report.lastProbeSweep.map { time($0) } ?? "never")
        if report.recentLost.isEmpty {
            line("recent lost", "(none in last 24h)")
        } else {
            lines.append("recent lost")
        }
        for lost in report.recentLost {
            lines.append(
                "  session_id=\(lost.sessionID) evidence=\(evidence(lost.evidence)) at \(time(lost.occurredAt))")
        }
        return lines.joined(separator: "\n")
    }

    private static func tmux(_ tmux: DoctorReport.Tmux) -> String {
        if tmux.available { return "available" + (tmux.version.map { " (\($0))" } ?? "") }
        return "unavailable" + (tmux.error.map { " (\($0))" } ?? "")
    }

    /// `00:15:12`; the hours go on beyond a day.
    private static func uptime(_ seconds: UInt64) -> String {
        [seconds / 3600, seconds / 60 % 60, seconds % 60]
            .map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
