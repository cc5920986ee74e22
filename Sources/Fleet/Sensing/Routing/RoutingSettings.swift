/// How terminals are looked for: table `routing` of the configuration (daemon-ipc §6.10), with its defaults.
public struct RoutingSettings: Hashable, Sendable {
    public var isEnabled = false
    /// How old news of tmux may be to count as current, in milliseconds.
    public var tmuxSignalFresh: Int64 = 5000
    /// The same of shells.
    public var shellSignalFresh: Int64 = 600_000
    /// How long a shell that was not heard of is evidence at all.
    public var shellRetentionHours: Int64 = 24
    /// Milliseconds between two polls of tmux, as configured; see ``TmuxRegistry`` for the floor.
    public var tmuxPollInterval: Int64 = 1000
    public var isDualRunEnabled = true
    public var emitsDiagnostics = true
    public var bindings: [WorkspaceID: WorkspaceBinding] = [:]

    public init() {}

    /// Whether tmux is polled (§6.9).
    public var pollsTmux: Bool { isEnabled || isDualRunEnabled }
}

/// What a person says about where a workspace is at home (§6.3).
public struct WorkspaceBinding: Hashable, Sendable {
    /// Names of tmux sessions.
    public var preferredSessions: [String]
    /// A path, or with `/**` at its end a directory and all below it.
    public var pathPatterns: [String]

    public init(preferredSessions: [String] = [], pathPatterns: [String] = []) {
        self.preferredSessions = preferredSessions
        self.pathPatterns = pathPatterns
    }

    func matches(_ path: String) -> Bool {
        pathPatterns.contains { pattern in
            if pattern.hasSuffix("/**") { return LexicalPath.contains(String(pattern.dropLast(3)), path) }
            return LexicalPath.trimmingSlashes(pattern) == LexicalPath.trimmingSlashes(path)
        }
    }
}
