/// Which terminal a person should be taken to for a project (daemon-ipc §2.4, §6).
public struct TerminalRoute: Equatable, Sendable {
    public enum Status: String, CaseIterable, Sendable {
        case attached
        case detached
        case unavailable
    }

    public enum Target: Hashable, Sendable {
        case tmuxSession(String)
        case terminalApp(String)
        case none

        /// The contract's word.
        public var kind: String {
            switch self {
            case .tmuxSession: return "tmux_session"
            case .terminalApp: return "terminal_app"
            case .none: return "none"
            }
        }

        public var value: String? {
            switch self {
            case .tmuxSession(let value), .terminalApp(let value): return value
            case .none: return nil
            }
        }
    }

    public enum Confidence: String, CaseIterable, Sendable {
        case high
        case medium
        case low
    }

    /// The codes of §6.6.
    public enum Reason: String, CaseIterable, Sendable {
        case tmuxClientAttached = "TMUX_CLIENT_ATTACHED"
        case tmuxSessionDetached = "TMUX_SESSION_DETACHED"
        case shellFallbackActive = "SHELL_FALLBACK_ACTIVE"
        case shellFallbackStale = "SHELL_FALLBACK_STALE"
        case noTrustedEvidence = "NO_TRUSTED_EVIDENCE"

        /// The same for people.
        public var text: String {
            switch self {
            case .tmuxClientAttached: return "A terminal shows a tmux session of this project."
            case .tmuxSessionDetached: return "A tmux session of this project runs, and no terminal shows it."
            case .shellFallbackActive: return "A shell was in this project a moment ago."
            case .shellFallbackStale: return "A shell was in this project, some time ago."
            case .noTrustedEvidence: return "No terminal is known to be in this project."
            }
        }
    }

    public struct Evidence: Hashable, Sendable {
        public enum Kind: String, CaseIterable, Sendable {
            case tmuxClient = "tmux_client"
            case tmuxSession = "tmux_session"
            case tmuxPanePath = "tmux_pane_path"
            case shellCwd = "shell_cwd"

            /// Lower is better (§6.5).
            public var trustRank: UInt8 { self == .shellCwd ? 2 : 1 }
        }

        public var kind: Kind
        public var value: String
        /// In milliseconds.
        public var age: Int64

        public init(_ kind: Kind, _ value: String, age: Int64) {
            self.kind = kind
            self.value = value
            self.age = age
        }
    }

    public var workspaceID: WorkspaceID
    public var projectPath: String
    public var status: Status
    public var target: Target
    public var confidence: Confidence
    public var reason: Reason
    public var evidence: [Evidence]
    /// When it was found out.
    public var updatedAt: Timestamp

    public init(
        workspaceID: WorkspaceID, projectPath: String, status: Status, target: Target, confidence: Confidence,
        reason: Reason, evidence: [Evidence], updatedAt: Timestamp
    ) {
        self.workspaceID = workspaceID
        self.projectPath = projectPath
        self.status = status
        self.target = target
        self.confidence = confidence
        self.reason = reason
        self.evidence = evidence
        self.updatedAt = updatedAt
    }
}

/// A route with what was considered on the way (§2.5).
public struct RouteDiagnosis: Equatable, Sendable {
    /// The codes of §6.6, both or none.
    public enum Conflict: String, CaseIterable, Sendable {
        case routingConflictDetected = "ROUTING_CONFLICT_DETECTED"
        case routingScopeAmbiguous = "ROUTING_SCOPE_AMBIGUOUS"
    }

    public var route: TerminalRoute
    /// Age of the newest client of tmux in milliseconds; `nil` without any.
    public var tmuxClientAge: Int64?
    /// Age of the newest shell; `nil` without any, and when nobody needed to ask for shells.
    public var shellAge: Int64?
    /// All that were admitted, in the order in which they were looked at.
    public var candidates: [TerminalRoute.Target]
    public var conflicts: [Conflict]
    public var scope: RouteScope
}

/// How near a candidate is to the project, the words of §6.6.
public enum RouteScope: String, CaseIterable, Sendable {
    case workspaceBindingExact = "workspace_binding_exact"
    case workspaceBindingPattern = "workspace_binding_pattern"
    case pathExact = "path_exact"
    case sessionNameExact = "session_name_exact"
    case pathParent = "path_parent"
    case globalFallback = "global_fallback"
    /// Several were equally near.
    case workspaceAmbiguous = "workspace_ambiguous"

    /// Higher is nearer (§6.3).
    var quality: Int {
        switch self {
        case .workspaceBindingExact: return 4
        case .workspaceBindingPattern, .pathExact, .sessionNameExact: return 3
        case .pathParent: return 2
        case .globalFallback, .workspaceAmbiguous: return 1
        }
    }
}
