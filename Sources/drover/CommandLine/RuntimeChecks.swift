import Client
import Fleet
import Wire

/// What the daemon knows of the runtimes it launches, found out over its runtime socket (runtime-rpc §7).
struct RuntimeChecks {
    let context: Context

    /// How many lost sessions are told one by one.
    private static let lostLimit = 5

    func all() -> [Check] {
        let socket: RuntimeSocketPath
        do { socket = try context.runtimeSocket() } catch {
            return [Check("runtime socket", .broken, "HOME is not set, so nobody knows where it is", fix: "Set HOME.")]
        }
        var client = RuntimeRPCClient(path: socket.path)
        client.connectTimeout = .seconds(2)
        client.timeout = .seconds(10)
        do {
            let report = try client.doctor()
            return [Check("runtime socket", .fine, "answers at \(socket.path)")] + checks(report)
        } catch {
            return [silence(error, socket.path)]
        }
    }

    /// Why nobody answers. That no daemon runs is for another check to say.
    private func silence(_ error: RuntimeRPCError, _ path: String) -> Check {
        let failure = CommandFailure(error)
        if failure.exit == .daemonNotRunning {
            return Check(
                "runtime socket", .notice, "nobody answers at \(path)",
                fix: "drover up; when it runs already, set RTM_SOCKET_PATH as it is set there")
        }
        return Check("runtime socket", .broken, failure.sentence, fix: failure.hints.first)
    }

    private func checks(_ report: DoctorReport) -> [Check] {
        report.launchers.map(check) + [check(report.tmux), sweep(report)] + lost(report)
    }

    private func check(_ launcher: DoctorReport.Launcher) -> Check {
        if let command = launcher.command { return Check("agent \(launcher.runtime)", .fine, command) }
        return Check(
            "agent \(launcher.runtime)", .notice, launcher.error ?? "unavailable",
            fix: "install it where the daemon's PATH finds it, or name its command in the daemon's config.json: "
                + "{\"launchers\": {\"\(launcher.runtime)\": \"/path/to/it\"}}")
    }

    private func check(_ tmux: DoctorReport.Tmux) -> Check {
        if tmux.available { return Check("daemon's tmux", .fine, tmux.version ?? "there") }
        return Check(
            "daemon's tmux", .notice, tmux.error ?? "not found",
            fix: "install tmux where the daemon's PATH finds it, to run agents in panes")
    }

    private func sweep(_ report: DoctorReport) -> Check {
        let counts = report.lifecycles
        let detail = "\(counts.running) running, \(counts.exited) ended, \(counts.lost) lost"
        guard let sweep = report.lastProbeSweep else {
            return Check("runtimes", .notice, "\(detail); not looked after yet")
        }
        let ago = RelativeTime.ago(milliseconds: context.now() - Int(sweep.timestamp.milliseconds))
        return Check("runtimes", .fine, "\(detail); looked after \(ago)")
    }

    private func lost(_ report: DoctorReport) -> [Check] {
        report.recentLost.prefix(Self.lostLimit).map { lost in
            let ago = RelativeTime.ago(milliseconds: context.now() - Int(lost.occurredAt.timestamp.milliseconds))
            let id = Session.shortID(of: lost.sessionID.rawValue)
            let why = RuntimeEvidence.sentence(lost.evidence.rawValue) ?? lost.evidence.rawValue
            return Check("lost \(id)", .notice, "\(ago): \(why)", fix: "drover why \(id)")
        }
            + (report.recentLost.count > Self.lostLimit
                ? [Check("lost", .notice, "and \(report.recentLost.count - Self.lostLimit) more in the last day")] : [])
    }
}
