/// Finds the project of a path by what lies on the disk around it (daemon-ipc §4.5).
///
/// It looks at a few hundred paths at most; whoever calls it for every event keeps the answers for a while.
public struct ProjectFinder<Files: FileView> {
    private let files: Files
    private let rules: PathRules

    public init(_ files: Files, _ rules: PathRules) {
        self.files = files
        self.rules = rules
    }

    /// How many directories are examined, ignored ones included.
    static var depthLimit: Int { 20 }

    /// What the rules need to know of an event's paths.
    public func facts(for event: HookEvent) -> ProjectFacts {
        guard let cwd = event.cwd, !cwd.isBlank else { return ProjectFacts() }
        if event.type == .shellCwd { return ProjectFacts(canonicalCwd: files.canonical(cwd)) }
        guard event.sessionID != nil else { return ProjectFacts() }
        let file = event.filePath.flatMap { $0.isBlank ? nil : LexicalPath.join(cwd, $0) }
        return ProjectFacts(
            file: file.flatMap { identity(of: $0) }, cwd: identity(of: cwd), canonicalCwd: files.canonical(cwd))
    }

    // MARK: - Boundary

    private enum Priority: Int {
        case claude = 1
        case package = 2
        case git = 3
        case build = 4
    }

    private static var ignored: Set<String> {
        [
            "node_modules", "vendor", ".git", "__pycache__", "target", "dist", "build", ".next", ".output", "venv",
            ".venv", "env", ".turbo", ".cache",
        ]
    }

    private static var packages: [String] {
        [
            "package.json", "Cargo.toml", "pyproject.toml", "go.mod", "pubspec.yaml", "Project.toml", "deno.json",
            "Package.swift",
        ]
    }

    /// The directory that a path belongs to, canonical; `nil` when there is none, or the path does not exist.
    public func boundary(of path: String) -> String? {
        guard LexicalPath.isAbsolute(path), let path = files.canonical(path) else { return nil }
        var next: String? = files.kind(of: path) == .directory ? path : LexicalPath.parent(path)
        var best: (priority: Priority, directory: String)?
        var hasRepository = false
        let ignored = Self.ignored
        for _ in 0..<Self.depthLimit {
            guard let directory = next else { break }
            if rules.isHome(directory) { break }
            next = LexicalPath.parent(directory)
            if ignored.contains(LexicalPath.lastComponent(directory)) {
                best = nil
                hasRepository = false
                continue
            }
            guard !rules.isTooBroad(directory), let priority = marker(in: directory) else { continue }
            // One for many repositories would swallow them all (D-13).
            if priority == .claude, hasRepository { continue }
            if priority == .claude { return best?.priority == .package ? best?.directory : directory }
            if best.map({ priority.rawValue < $0.priority.rawValue }) ?? true { best = (priority, directory) }
            if !hasRepository { hasRepository = files.kind(of: directory + "/.git") != .none }
        }
        return best?.directory
    }

    private func marker(in directory: String) -> Priority? {
        func isFile(_ name: String) -> Bool { files.kind(of: directory + "/" + name) == .file }
        if isFile("CLAUDE.md") { return .claude }
        if Self.packages.contains(where: isFile) { return .package }
        if files.kind(of: directory + "/.git") != .none { return .git }
        if isFile("Makefile") || isFile("CMakeLists.txt") { return .build }
        return nil
    }

    // MARK: - Identity

    private struct Repository {
        var commonDirectory: String
        /// Of a linked worktree: its own root, and that of the repository it belongs to.
        var worktree: (root: String, main: String)?
    }

    /// The project of a path; `nil` when there is no boundary.
    public func identity(of path: String) -> ProjectIdentity? {
        guard let boundary = boundary(of: path) else { return nil }
        guard let repository = repository(around: boundary) else {
            return ProjectIdentity(boundary: boundary, projectPath: boundary, projectID: boundary)
        }
        var projectPath = boundary
        if let worktree = repository.worktree, let below = LexicalPath.relative(boundary, to: worktree.root) {
            let counterpart = below.isEmpty ? worktree.main : worktree.main + "/" + below
            projectPath = files.canonical(counterpart) ?? counterpart
        }
        let common = repository.commonDirectory
        return ProjectIdentity(
            boundary: boundary, projectPath: projectPath, projectID: files.canonical(common) ?? common)
    }

    private func repository(around boundary: String) -> Repository? {
        var next: String? = boundary
        while let directory = next {
            // A home kept under version control is no project.
            if rules.isTooBroad(directory) { return nil }
            switch files.kind(of: directory + "/.git") {
            case .directory: return Repository(commonDirectory: directory + "/.git")
            case .file:
                if let repository = linkedRepository(at: directory) { return repository }
            case .none: break
            }
            next = LexicalPath.parent(directory)
        }
        return nil
    }

    /// A worktree or a submodule: its `.git` is a file that points to the true one.
    private func linkedRepository(at root: String) -> Repository? {
        let key = Array("gitdir:".utf8)
        let lines = files.contents(of: root + "/.git", limit: 4096)?.split { $0 == 10 || $0 == 13 } ?? []
        guard
            let line = lines.first(where: { line in
                line.count > key.count && zip(line, key).allSatisfy { ($0 | 0x20) == ($1 | 0x20) }
            })
        else { return nil }
        let target = String(decoding: line.dropFirst(key.count), as: UTF8.self).trimmingBlanks
        guard !target.isEmpty, let gitDirectory = LexicalPath.join(root, target) else { return nil }
        let link = files.contents(of: gitDirectory + "/commondir", limit: 4096)
        guard let link = link.map({ String(decoding: $0, as: UTF8.self).trimmingBlanks }), !link.isEmpty,
            let common = LexicalPath.join(gitDirectory, link)
        else { return Repository(commonDirectory: gitDirectory) }
        // The worktrees of a bare repository lie wherever they like, so each is its own root (D-13).
        guard LexicalPath.lastComponent(common) == ".git", let main = LexicalPath.parent(common) else {
            return Repository(commonDirectory: common)
        }
        return Repository(commonDirectory: common, worktree: (root, files.canonical(main) ?? main))
    }
}
