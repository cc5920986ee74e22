/// Which project a path belongs to (daemon-ipc §4.5).
public struct ProjectIdentity: Hashable, Sendable {
    /// The directory with the marker, canonical.
    public var boundary: String
    /// The same, or in a linked worktree its counterpart in the main repository: worktrees share one project.
    public var projectPath: String
    /// The repository's common directory, or the boundary where there is no repository.
    public var projectID: String

    public init(boundary: String, projectPath: String, projectID: String) {
        self.boundary = boundary
        self.projectPath = projectPath
        self.projectID = projectID
    }
}

/// What the disk says of the paths of one event, looked up before it is applied.
public struct ProjectFacts: Equatable, Sendable {
    /// Of the event's file, made absolute with its directory; `nil` when there is no boundary.
    public var file: ProjectIdentity?
    /// Of the event's directory.
    public var cwd: ProjectIdentity?
    /// The event's directory with its links resolved; `nil` when it does not exist.
    public var canonicalCwd: String?

    public init(file: ProjectIdentity? = nil, cwd: ProjectIdentity? = nil, canonicalCwd: String? = nil) {
        self.file = file
        self.cwd = cwd
        self.canonicalCwd = canonicalCwd
    }
}

/// Which project a session is in after an event (§4.5, attribution in an upsert).
enum ProjectAttribution {
    /// Changes the record's `path` and `id`; `cwd` is the session's after the event.
    static func attribute(
        path: inout String?, id: inout String?, cwd: String, filePath: String?, facts: ProjectFacts
    ) {
        if path?.isBlank == true { path = nil }
        if id?.isBlank == true { id = nil }
        var identity = facts.cwd
        if let filePath, let file = facts.file, isUsable(filePath, in: cwd, of: path) { identity = file }
        let newPath = identity?.projectPath ?? path ?? cwd
        // A session that narrowed to a package stays there until a tool touches a file elsewhere.
        if filePath == nil, let path, path == newPath || LexicalPath.contains(newPath, path) {
            if id == nil { id = path }
            return
        }
        path = newPath
        id = identity?.projectID ?? id ?? newPath
    }

    /// Whether a file can say which project it is: those outside the one that is known do not.
    private static func isUsable(_ filePath: String, in cwd: String, of project: String?) -> Bool {
        guard let absolute = LexicalPath.join(cwd, filePath) else { return false }
        return project.map { LexicalPath.contains($0, absolute) } ?? true
    }
}
