/// The id of a directory of a project, the same in all worktrees of a repository (daemon-ipc §6.2).
public struct WorkspaceID: TextID {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Makes the id of a project's directory. Both are canonical, as the records have them, or do not exist.
    public init(projectID: String, projectPath: String) {
        let project = LexicalPath.trimmingSlashes(projectID)
        let path = LexicalPath.trimmingSlashes(projectPath)
        var relative: Substring?
        if LexicalPath.lastComponent(project) == ".git", let root = LexicalPath.parent(project) {
            relative = LexicalPath.relative(path, to: root)
        }
        self.init(rawValue: MD5.hex("\(project)|\(relative ?? path[...])".utf8))
    }

    /// The same for paths as they were given: those that exist are resolved first.
    public init(projectID: String, projectPath: String, _ files: some FileView) {
        self.init(
            projectID: files.canonical(projectID) ?? projectID, projectPath: files.canonical(projectPath) ?? projectPath
        )
    }
}
