import Fleet
import Wire

/// What supervision is told when it is made.
public struct SupervisionSettings: Sendable {
    public var version: VersionInfo
    /// The socket, as shims and clients connect to it.
    public var socketPath: String
    /// How the socket is shown to people (runtime-rpc §7, D-31).
    public var socketLabel: String
    /// The program that becomes the parent of each runtime (§3.3).
    public var shimPath: String
    /// Where the folders of the log files are: one for each session.
    public var logRoot: String
    /// The daemon's own environment: for shims without a terminal, and where launchers are looked for first.
    public var environment: [(String, String)]
    public var launchers: LauncherTable
    public var sweep: RuntimeSettings
    /// Names of the schema's steps that concern runtimes, as `doctor` shows them.
    public var migrations: [String]

    public init(
        version: VersionInfo, socketPath: String, socketLabel: String, shimPath: String, logRoot: String,
        environment: [(String, String)], launchers: LauncherTable, sweep: RuntimeSettings, migrations: [String]
    ) {
        self.version = version
        self.socketPath = socketPath
        self.socketLabel = socketLabel
        self.shimPath = shimPath
        self.logRoot = logRoot
        self.environment = environment
        self.launchers = launchers
        self.sweep = sweep
        self.migrations = migrations
    }

    /// The folder of a session's log files (§11).
    func logDirectory(of session: SessionID) -> String { "\(logRoot)/\(session)" }
    func stdoutPath(of session: SessionID) -> String { logDirectory(of: session) + "/stdout.log" }
    func stderrPath(of session: SessionID) -> String { logDirectory(of: session) + "/stderr.log" }

    var path: String { environment.last { $0.0 == "PATH" }?.1 ?? "/usr/local/bin:/usr/bin:/bin" }
}
