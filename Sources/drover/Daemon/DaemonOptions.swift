import Client
import Settings

/// What `drover up` was told, by its options and its environment.
struct DaemonOptions: Equatable, Sendable {
    var host: String
    /// 0 means any free one.
    var port: UInt16
    /// Drover's home, which the daemon creates with mode 0700.
    var home: String
    /// Where the web page lies, when it is not the one that came with the program.
    var webRoot: String?
    /// The key of access tokens. Without one only loopback is bound.
    var jwtSecret: String?
    var databaseURL: String?
    var redisURL: String?
    /// Whether somebody has named the host or the port: that wins over the configuration file.
    var isHostGiven = false
    var isPortGiven = false
    /// The daemon IPC socket.
    var ipcSocket: String
    /// The runtime RPC socket.
    var rpcSocket: String
    /// The same as people are shown it.
    var rpcSocketLabel: String
    /// Show the web page once the daemon listens.
    var opensPage = false
    /// Log warnings and errors only.
    var isQuiet = false

    static let standardHost = "127.0.0.1"
    static let standardPort: UInt16 = 3000

    /// What the environment says, with the defaults of an ordinary machine for the rest.
    ///
    /// `DROVER_PORT` wins over `PORT`, which other programs set too.
    init(environment: Environment) throws(UsageError) {
        let user = environment.userDirectory
        host = Self.standardHost
        home = environment.droverHome
        webRoot = environment["DROVER_WEB_ROOT"]
        jwtSecret = environment["JWT_SECRET"]
        databaseURL = environment["DATABASE_URL"]
        redisURL = environment["REDIS_URL"]
        ipcSocket = environment["CAPACITOR_DAEMON_SOCKET"] ?? user + "/.capacitor/daemon.sock"
        // Without any place the daemon says so when it starts.
        let socket = (try? RuntimeSocketPath(variable: environment.verbatim)) ?? RuntimeSocketPath(path: "")
        rpcSocket = socket.path
        rpcSocketLabel = socket.label
        port = Self.standardPort
        for name in ["DROVER_PORT", "PORT"] {
            guard let text = environment[name] else { continue }
            guard let number = UInt16(text) else {
                throw UsageError("\(name) is \"\(text)\", and a port is a number from 0 to 65535.", verb: "up")
            }
            port = number
            isPortGiven = true
            break
        }
    }

    /// Takes from the configuration file what nobody has said otherwise.
    mutating func take(_ server: ServerSettings) {
        if !isHostGiven, let host = server.host { self.host = host.address }
        if !isPortGiven, let port = server.port { self.port = port }
    }
}
