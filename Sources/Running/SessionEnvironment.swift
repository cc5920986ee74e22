import Fleet

/// The environment of an agent: what it needs of the daemon's own, what the terminal is, and what the request asks for.
///
/// An allow-list, because the daemon's environment may hold what no agent must see (control-plane §7.1).
public struct SessionEnvironment: Sendable {
    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "EDITOR", "VISUAL", "PAGER",
        "SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "NO_PROXY", "HTTP_PROXY",
        "HTTPS_PROXY", "no_proxy", "http_proxy", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "NODE_EXTRA_CA_CERTS",
    ]
    private static let prefixes = ["LC_", "XDG_"]

    private let inherited: [(String, String)]
    /// The daemon's address, so that `drover` inside a session finds it.
    public var daemonURL = ""
    public var droverHome = ""
    /// The socket of the daemon IPC, so that hooks of agents inside a session find this daemon.
    public var ipcSocket = ""

    /// - Parameter environment: The daemon's own.
    public init(of environment: [(String, String)]) {
        inherited = environment.filter { name, _ in
            Self.names.contains(name) || Self.prefixes.contains { name.hasPrefix($0) }
        }
    }

    public var home: String { inherited.first { $0.0 == "HOME" }?.1 ?? "/" }

    public func environment(for config: SessionConfig) -> [(String, String)] {
        var result = inherited
        func set(_ name: String, _ value: String) {
            result.removeAll { $0.0 == name }
            result.append((name, value))
        }
        if !result.contains(where: { $0.0 == "PATH" }) { set("PATH", "/usr/local/bin:/usr/bin:/bin") }
        set("TERM", "xterm-256color")
        set("COLORTERM", "truecolor")
        for (name, value) in config.environment.sorted(by: { $0.key < $1.key }) { set(name, value) }
        set("DROVER_SESSION_ID", config.sessionID.description)
        if !daemonURL.isEmpty { set("DROVER_URL", daemonURL) }
        if !droverHome.isEmpty { set("DROVER_HOME", droverHome) }
        if !ipcSocket.isEmpty { set("CAPACITOR_DAEMON_SOCKET", ipcSocket) }
        return result
    }
}
