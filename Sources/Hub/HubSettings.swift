import Fleet
import Wire

/// What the hub is told when it is made.
public struct HubSettings: Sendable {
    public var version: String
    public var pid: Int
    public var startedAt: Timestamp
    /// The home directory of whoever runs the daemon: where commands start that name no directory.
    public var userHome: String
    /// The folder of the web page's files.
    public var webRoot: String
    /// Host names beside the loopback's by which the daemon may be addressed.
    public var hosts: [String] = []
    /// Foreign origins whose pages may use the daemon (`WS_ALLOWED_ORIGINS`, `CORS_ALLOWED_ORIGINS`).
    public var allowedOrigins: [String] = []
    /// `USAGE_EVENTS=on`: `usage_tick` is shown to session rooms.
    public var usageEvents = false
    /// Sessions that may be live at once.
    public var maxSessions = 100
    /// The kinds of agents that the runner can run.
    public var providers: Set<ProviderID> = []
    /// Names of the environment of the daemon, to tell whether it has a provider's credentials.
    public var environmentNames: Set<String> = []
    /// Milliseconds, as Engine.IO counts (control-plane §4.1).
    public var pingInterval = 25_000
    public var pingTimeout = 60_000

    public init(version: String, pid: Int, startedAt: Timestamp, userHome: String, webRoot: String) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.userHome = userHome
        self.webRoot = webRoot
    }

    var daemonInfo: DaemonInfo { DaemonInfo(pid: pid, version: version, startedAt: startedAt) }
}
