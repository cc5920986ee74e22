/// A terminal that shows a tmux session (daemon-ipc §6.1).
public struct SensedTmuxClient: Hashable, Sendable {
    public var tty: String
    public var sessionName: String
    /// Where its active pane is; `nil` when tmux does not say.
    public var panePath: String?
    public var capturedAt: Timestamp

    public init(tty: String, sessionName: String, panePath: String?, capturedAt: Timestamp) {
        self.tty = tty
        self.sessionName = sessionName
        self.panePath = panePath
        self.capturedAt = capturedAt
    }
}

/// A tmux session and where its panes are.
public struct SensedTmuxSession: Hashable, Sendable {
    public var name: String
    /// Each once, sorted.
    public var panePaths: [String]
    public var capturedAt: Timestamp

    public init(name: String, panePaths: [String], capturedAt: Timestamp) {
        self.name = name
        self.panePaths = panePaths
        self.capturedAt = capturedAt
    }
}

/// What a poll of tmux brought (§6.9). No answer is never an empty one (D-18).
public enum TmuxPoll: Equatable, Sendable {
    case answered(clients: [SensedTmuxClient], sessions: [SensedTmuxSession])
    /// tmux says that it has no server.
    case noServer
    /// Not installed, timed out, or any other error, as a sentence for the log.
    case failed(String)
}

/// The clients and sessions of tmux as polls and shells report them.
public struct TmuxRegistry: Equatable, Sendable {
    /// What follows a poll.
    public struct Next: Equatable, Sendable {
        /// Milliseconds until the next.
        public var delay: Int64
        /// A sentence for the log, once for a row of failures.
        public var warning: String?

        public init(delay: Int64, warning: String? = nil) {
            self.delay = delay
            self.warning = warning
        }
    }

    private var clientsByTTY: [String: SensedTmuxClient] = [:]
    private var sessionsByName: [String: SensedTmuxSession] = [:]
    private var hasFailed = false

    /// Milliseconds that lie between two polls at least, whatever is configured.
    public static let shortestInterval: Int64 = 100
    /// Milliseconds after a poll that failed.
    public static let retryInterval: Int64 = 30_000

    public init() {}

    /// By tty.
    public var clients: [SensedTmuxClient] { clientsByTTY.values.sorted { $0.tty.precedesByBytes($1.tty) } }
    /// By name.
    public var sessions: [SensedTmuxSession] { sessionsByName.values.sorted { $0.name.precedesByBytes($1.name) } }

    /// Takes what a poll brought, and says when to poll again.
    public mutating func polled(_ poll: TmuxPoll, at now: Timestamp, _ settings: RoutingSettings) -> Next {
        let interval = max(Self.shortestInterval, settings.tmuxPollInterval)
        switch poll {
        case .answered(let clients, let sessions):
            clientsByTTY = Dictionary(clients.map { ($0.tty, $0) }) { $1 }
            sessionsByName = Dictionary(sessions.map { ($0.name, $0) }) { $1 }
            hasFailed = false
            return Next(delay: interval)
        case .noServer:
            clientsByTTY = [:]
            sessionsByName = [:]
            hasFailed = false
            return Next(delay: interval)
        case .failed(let reason):
            // Their age speaks for itself; only what nobody would believe any more is let go.
            let (hours, overflow) = settings.shellRetentionHours.multipliedReportingOverflow(by: 3_600_000)
            let oldest = overflow ? Int64.max : hours
            clientsByTTY = clientsByTTY.filter { now - $0.value.capturedAt <= oldest }
            sessionsByName = sessionsByName.filter { now - $0.value.capturedAt <= oldest }
            defer { hasFailed = true }
            return Next(delay: max(interval, Self.retryInterval), warning: hasFailed ? nil : reason)
        }
    }

    /// Takes what a shell inside tmux says of its terminal (§6.1), unless something newer is known.
    public mutating func heard(_ shell: SensedShell) {
        guard let session = shell.routableSession, let tty = shell.tmuxClientTTY, !tty.isBlank else { return }
        let path = shell.canonicalCwd
        if clientsByTTY[tty].map({ $0.capturedAt <= shell.updatedAt }) ?? true {
            clientsByTTY[tty] = SensedTmuxClient(
                tty: tty, sessionName: session, panePath: path, capturedAt: shell.updatedAt)
        }
        if sessionsByName[session].map({ $0.capturedAt <= shell.updatedAt }) ?? true {
            sessionsByName[session] = SensedTmuxSession(name: session, panePaths: [path], capturedAt: shell.updatedAt)
        }
    }
}
