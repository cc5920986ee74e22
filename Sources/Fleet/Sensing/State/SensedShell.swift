/// An interactive shell and where it is (daemon-ipc §2.2, §6.1): a row of the table `shell_state`.
public struct SensedShell: Equatable, Sendable {
    public var pid: UInt32
    /// As the shell said it.
    public var cwd: String
    /// ``cwd`` with its links resolved, where it could be; the resolver compares by it.
    public var canonicalCwd: String
    public var tty: String
    public var parentApp: String?
    public var tmuxSession: String?
    public var tmuxClientTTY: String?
    public var tmuxPane: String?
    /// Start of the process in seconds since 1970, as the shell said it.
    public var procStarted: Int64?
    public var updatedAt: Timestamp

    public init(
        pid: UInt32, cwd: String, canonicalCwd: String? = nil, tty: String, parentApp: String? = nil,
        tmuxSession: String? = nil, tmuxClientTTY: String? = nil, tmuxPane: String? = nil, procStarted: Int64? = nil,
        updatedAt: Timestamp
    ) {
        self.pid = pid
        self.cwd = cwd
        self.canonicalCwd = canonicalCwd ?? cwd
        self.tty = tty
        self.parentApp = parentApp
        self.tmuxSession = tmuxSession
        self.tmuxClientTTY = tmuxClientTTY
        self.tmuxPane = tmuxPane
        self.procStarted = procStarted
        self.updatedAt = updatedAt
    }

    /// Reads an accepted `shell_cwd`; `nil` for any other event. `at` is its time as it is believed (D-27).
    public init?(_ event: HookEvent, at: Timestamp, canonicalCwd: String?) {
        guard event.type == .shellCwd, let pid = event.pid, let cwd = event.cwd, let tty = event.tty else { return nil }
        let started = event.metadata?["proc_start"]
        self.init(
            pid: pid, cwd: cwd, canonicalCwd: canonicalCwd, tty: tty, parentApp: event.parentApp,
            tmuxSession: event.tmuxSession, tmuxClientTTY: event.tmuxClientTTY,
            tmuxPane: event.metadata?["tmux_pane"]?.string,
            procStarted: started?.integer.map(Int64.init) ?? started?.string.flatMap { Int64($0) }, updatedAt: at)
    }
}
