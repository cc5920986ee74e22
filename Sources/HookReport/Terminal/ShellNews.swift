import Bytes
import Fleet

/// What a shell at its prompt tells (daemon-ipc §9.3).
public struct ShellNews: Equatable, Sendable {
    /// Canonical.
    public var cwd: String
    public var pid: UInt32
    public var tty: String
    public var parentApp: String
    /// Session and client's terminal: both or none.
    public var tmux: (session: String, clientTTY: String)?
    public var tmuxPane: String?
    /// Seconds since 1970 at which the shell started.
    public var processStart: UInt64?

    public init(cwd: String, pid: UInt32, tty: String, parentApp: String) {
        self.cwd = cwd
        self.pid = pid
        self.tty = tty
        self.parentApp = parentApp
    }

    public func report(at now: Timestamp, random: UInt64) -> Report {
        var report = Report(EventKind("shell_cwd"), at: now, pid: pid, random: random)
        report.cwd = cwd
        report.tty = tty
        report.parentApp = parentApp
        report.tmuxSession = tmux?.session
        report.tmuxClientTTY = tmux?.clientTTY
        if let processStart { report.metadata["proc_start"] = .integer(Int(clamping: processStart)) }
        if let tmuxPane { report.metadata["tmux_pane"] = .string(tmuxPane) }
        return report
    }

    public static func == (left: ShellNews, right: ShellNews) -> Bool {
        let epoch = Timestamp(milliseconds: 0)
        return left.report(at: epoch, random: 0) == right.report(at: epoch, random: 0)
    }
}
