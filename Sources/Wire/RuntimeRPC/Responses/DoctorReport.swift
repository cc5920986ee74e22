import Bytes
import Fleet

/// The daemon's account of itself (runtime-rpc §7). Names and kinds are stable.
public struct DoctorReport: Equatable, Sendable {
    public var version: VersionInfo
    /// A label: `$XDG_RUNTIME_DIR/rtm/sock`, `~/.rtm/sock`, or the path that was set.
    public var socketPath: String
    /// Where the socket is; an extra key that original clients pass over (D-31).
    public var socketPathResolved: String?
    public var uptimeSeconds: UInt64
    public var sqlite: Migrations
    public var lifecycles: LifecycleCounts
    public var watchers: WatcherCounts
    public var launchers: [Launcher]
    public var tmux: Tmux
    /// One for each row, by session id.
    public var logAvailability: [SessionLogs]
    public var lastProbeSweep: PreciseTime?
    /// Of the last 24 hours, newest first.
    public var recentLost: [LostRuntime]

    public init(
        version: VersionInfo, socketPath: String, socketPathResolved: String? = nil, uptimeSeconds: UInt64,
        sqlite: Migrations, lifecycles: LifecycleCounts, watchers: WatcherCounts, launchers: [Launcher], tmux: Tmux,
        logAvailability: [SessionLogs], lastProbeSweep: PreciseTime?, recentLost: [LostRuntime]
    ) {
        self.version = version
        self.socketPath = socketPath
        self.socketPathResolved = socketPathResolved
        self.uptimeSeconds = uptimeSeconds
        self.sqlite = sqlite
        self.lifecycles = lifecycles
        self.watchers = watchers
        self.launchers = launchers
        self.tmux = tmux
        self.logAvailability = logAvailability
        self.lastProbeSweep = lastProbeSweep
        self.recentLost = recentLost
    }
}

extension DoctorReport: RPCValue {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            version: try fields.value("version"), socketPath: try fields.string("socket_path"),
            socketPathResolved: try fields.optionalString("socket_path_resolved"),
            uptimeSeconds: try fields.number("uptime_secs"), sqlite: try fields.value("sqlite"),
            lifecycles: try fields.value("lifecycles"), watchers: try fields.value("watchers"),
            launchers: try fields.values("launchers"), tmux: try fields.value("tmux"),
            logAvailability: try fields.values("log_availability"),
            lastProbeSweep: try fields.optionalTime("last_probe_sweep"),
            recentLost: try fields.values("recent_lost"))
    }

    public func append(to output: inout [UInt8]) {
        output.append(#"{"version":"#, version)
        output.append(#","socket_path":"#, socketPath)
        if let socketPathResolved { output.append(#","socket_path_resolved":"#, socketPathResolved) }
        output.append(#","uptime_secs":"#, uptimeSeconds)
        output.append(#","sqlite":"#, sqlite)
        output.append(#","lifecycles":"#, lifecycles)
        output.append(#","watchers":"#, watchers)
        output.append(#","launchers":"#, list: launchers)
        output.append(#","tmux":"#, tmux)
        output.append(#","log_availability":"#, list: logAvailability)
        output.append(#","last_probe_sweep":"#, lastProbeSweep)
        output.append(#","recent_lost":"#, list: recentLost)
        output.append(UInt8(ascii: "}"))
    }
}
