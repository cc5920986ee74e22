import Glibc

/// What no tool reads, writes or searches: the configuration with its backups, `.env*`, stored sessions, and what the
/// program around the tools names (chat-runtime §5.8).
///
/// Taken anew for every call, since files come and go. It knows protected things by their names and by their identity, so
/// that neither a link nor another name of the same file is a way around it.
final class Protection {
    /// Of the workspace.
    private let root: FilePath
    /// Canonical. Each stands for itself, what is in it, and its companions: `config.json.bak1`, `drover.db-wal`.
    private let paths: [FilePath]
    /// Of the protected files that can be named at once.
    private let known: Set<FileIdentity>
    /// Of all, found by searching the workspace when a file with several names turns up; `nil` in it when there were too
    /// many files to look at.
    private lazy var searched: Set<FileIdentity>? = search()

    /// At the top of a workspace, with their companions: the default workspace is where the configuration is.
    private static let files = ["config.json", "agent.json", "drover.db"].map { Array($0.utf8) }
    private static let sessions = Array("sessions".utf8)
    private static let data = Array("data".utf8)
    private static let environment = Array(".env".utf8)
    /// Entries looked at in search of other names of protected files.
    private static let searchLimit = 50_000

    init(root: FilePath, paths named: [String]) {
        self.root = root
        var paths: [FilePath] = []
        // Most lie in the same few directories.
        var directories: [FilePath: FilePath] = [:]
        for path in named {
            let absolute = path.hasPrefix("/") ? path : root.absoluteText + "/" + path
            var directory = FilePath(absolute)
            guard let name = directory.names.popLast() else { continue }
            let canonical = directories[directory] ?? canonicalPath(directory.absoluteText) ?? directory
            directories[directory] = canonical
            let place = canonical.appending(name)
            paths.append(place)
            // Both the name and what it leads to: a configuration may be a link to a file elsewhere.
            let leadsElsewhere = Self.dots.contains(name) || Self.status(of: place, AT_SYMLINK_NOFOLLOW)?.isLink == true
            if leadsElsewhere, let target = canonicalPath(absolute) { paths.append(target) }
        }
        self.paths = paths
        var known: Set<FileIdentity> = []
        for path in paths + (Self.files + [Self.environment]).map(root.appending) {
            // Directories are known by name alone: a directory has only one.
            if let status = Self.status(of: path), !status.st_mode.isDirectory { known.insert(FileIdentity(status)) }
        }
        self.known = known
    }

    private static let dots = [".", ".."].map { Array($0.utf8) }

    private static func status(of path: FilePath, _ flags: Int32 = 0) -> stat? {
        var status = stat()
        let isThere = ([UInt8(ascii: "/")] + path.bytes).withCString { fstatat(AT_FDCWD, $0, &status, flags) } == 0
        return isThere ? status : nil
    }

    /// Whether a path from the root of the file system, without links or dots in it, is protected.
    func covers(_ path: FilePath) -> Bool {
        let isInside = path.hasPrefix(root)
        let names = isInside ? path.names.dropFirst(root.names.count) : path.names[...]
        if names.contains(where: { $0.starts(with: Self.environment) }) { return true }
        if isInside, let first = names.first {
            if first == Self.sessions || names.starts(with: [Self.data, Self.sessions]) { return true }
            if Self.files.contains(where: { isCompanion(first, of: $0) }) { return true }
        }
        return paths.contains { protected in
            guard let last = protected.names.last else { return true }
            let depth = protected.names.count
            return path.names.count >= depth && path.names.starts(with: protected.names.dropLast())
                && isCompanion(path.names[depth - 1], of: last)
        }
    }

    /// Whether a file is a protected one under another name.
    ///
    /// One with several names that cannot be told apart from protected files, because there are too many files to look at,
    /// counts as protected.
    func covers(_ status: stat) -> Bool {
        let identity = FileIdentity(status)
        if known.contains(identity) { return true }
        guard status.st_nlink > 1, !status.st_mode.isDirectory else { return false }
        return searched?.contains(identity) ?? true
    }

    private func isCompanion(_ name: [UInt8], of protected: [UInt8]) -> Bool {
        guard name.starts(with: protected) else { return false }
        guard name.count > protected.count else { return true }
        let next = name[protected.count]
        return next == UInt8(ascii: ".") || next == UInt8(ascii: "-")
    }

    private func search() -> Set<FileIdentity>? {
        var found: Set<FileIdentity> = []
        var remaining = Self.searchLimit
        var starts = [root]
        for path in paths where !starts.contains(where: path.hasPrefix) {
            // A protected directory itself, and the companions of a file.
            starts.append(path)
            let directory = FilePath(path.names.dropLast())
            guard let descriptor = Descriptor.directory(directory) else { continue }
            for entry in DirectoryEntry.list(descriptor) where covers(directory.appending(entry.name)) {
                if let status = entry.status(in: descriptor) { found.insert(FileIdentity(status)) }
            }
        }
        for start in starts {
            guard let descriptor = Descriptor.directory(start) else { continue }
            let isComplete = TreeWalk.visit(descriptor, at: start) { entry in
                remaining -= 1
                guard remaining > 0 else { return .stop }
                if entry.kind != .directory, covers(entry.path), let status = entry.status {
                    found.insert(FileIdentity(status))
                }
                return .into
            }
            guard isComplete, remaining > 0 else { return nil }
        }
        return found
    }
}

extension stat {
    fileprivate var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
}
