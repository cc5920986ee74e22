/// What a route is looked for: a project, and where a person says it is at home.
struct RouteQuestion {
    let projectPath: String
    let projectName: String
    let binding: WorkspaceBinding?
    /// Whether a pattern of the binding holds for the project itself.
    let isBoundByPattern: Bool

    init(projectPath: String, binding: WorkspaceBinding?) {
        self.projectPath = LexicalPath.trimmingSlashes(projectPath)
        projectName = LexicalPath.lastComponent(projectPath)
        self.binding = binding
        isBoundByPattern = binding?.matches(projectPath) ?? false
    }
}

/// How near a candidate is (daemon-ipc §6.3).
struct RouteNearness {
    var scope: RouteScope
    /// One of the bindings holds.
    var isWorkspaceScoped: Bool
    /// It is in the project, not above it: a shell in a parent directory would route all projects below it.
    var isPathScoped: Bool
    /// A tmux session that is named as the project.
    var isSessionScoped: Bool

    init(_ path: String?, session: String?, isTmux: Bool, _ question: RouteQuestion) {
        let project = question.projectPath
        isPathScoped = path.map { LexicalPath.contains(project, $0) } ?? false
        isSessionScoped = isTmux && !question.projectName.isEmpty && session == question.projectName
        if let session, question.binding?.preferredSessions.contains(session) == true {
            scope = .workspaceBindingExact
        } else if let path, question.isBoundByPattern, question.binding?.matches(path) == true {
            scope = .workspaceBindingPattern
        } else if let path, LexicalPath.trimmingSlashes(path) == project {
            scope = .pathExact
        } else if let path, isPathScoped || LexicalPath.contains(path, project) {
            scope = .pathParent
        } else {
            scope = .globalFallback
        }
        isWorkspaceScoped = scope == .workspaceBindingExact || scope == .workspaceBindingPattern
        if isSessionScoped, scope.quality < 3 { scope = .sessionNameExact }
    }

    /// Nothing but its name speaks for it.
    var isNameFallback: Bool { isSessionScoped && !isWorkspaceScoped && !isPathScoped }

    /// The order in which the panes of a session speak for it (§6.4, stage B).
    static func isNearer(_ left: RouteNearness, _ right: RouteNearness) -> Bool {
        if left.scope.quality != right.scope.quality { return left.scope.quality > right.scope.quality }
        if left.isPathScoped != right.isPathScoped { return left.isPathScoped }
        return left.isWorkspaceScoped && !right.isWorkspaceScoped
    }
}

/// A terminal that may be the one.
struct RouteCandidate {
    var target: TerminalRoute.Target
    var nearness: RouteNearness
    /// In milliseconds.
    var age: Int64
    var evidence: [TerminalRoute.Evidence]

    private var trustRank: UInt8 { evidence.first?.kind.trustRank ?? .max }

    private var client: String { evidence.first { $0.kind == .tmuxClient }?.value ?? "" }

    /// The ranking inside a stage (§6.4).
    static func isBetter(_ left: RouteCandidate, _ right: RouteCandidate) -> Bool {
        if left.nearness.scope.quality != right.nearness.scope.quality {
            return left.nearness.scope.quality > right.nearness.scope.quality
        }
        if left.trustRank != right.trustRank { return left.trustRank < right.trustRank }
        if left.age != right.age { return left.age < right.age }
        let values = (left.target.value ?? "", right.target.value ?? "")
        if values.0 != values.1 { return values.0.precedesByBytes(values.1) }
        return left.client.precedesByBytes(right.client)
    }

    /// Whether only the names tell which of both is better, and they lead elsewhere.
    func conflicts(with other: RouteCandidate) -> Bool {
        nearness.scope.quality == other.nearness.scope.quality && trustRank == other.trustRank && age == other.age
            && target != other.target
    }
}

extension String {
    func precedesByBytes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
