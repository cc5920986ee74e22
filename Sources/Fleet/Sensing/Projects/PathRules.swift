/// Which paths can be a project at all (daemon-ipc §2.4, §4.5).
public struct PathRules: Hashable, Sendable {
    public let home: String
    /// ``home`` with its links resolved.
    public let canonicalHome: String

    public init(home: String, canonicalHome: String? = nil) {
        self.home = LexicalPath.trimmingSlashes(home)
        self.canonicalHome = LexicalPath.trimmingSlashes(canonicalHome ?? home)
    }

    public init(home: String, _ files: some FileView) {
        self.init(home: home, canonicalHome: files.canonical(home))
    }

    private static let broad: Set<String> = [
        "/", "/Users", "/home", "/var", "/tmp", "/opt", "/root", "/usr", "/etc", "/srv", "/mnt", "/media", "/run",
        "/proc", "/sys", "/dev",
    ]

    /// Whether half of the disk lies below it, so that it says nothing about a project.
    public func isTooBroad(_ path: String) -> Bool {
        let path = LexicalPath.trimmingSlashes(path)
        return Self.broad.contains(path) || isHome(path)
    }

    func isHome(_ path: String) -> Bool { path == home || path == canonicalHome }

    /// The path that a request for a project means (§2.4): resolved when it exists, else without `.` and `..` (D-07).
    public func resolve(_ text: String, _ files: some FileView) throws(ProjectPathError) -> String {
        let given = text.trimmingBlanks
        guard !given.isEmpty else { throw .blank }
        guard LexicalPath.isAbsolute(given) else { throw .relative(given) }
        let cleaned = LexicalPath.clean(given)
        guard !isTooBroad(cleaned) else { throw .tooBroad(cleaned) }
        guard files.kind(of: given) != .none else { return cleaned }
        guard let canonical = files.canonical(given) else { throw .unresolvable(given) }
        guard !isTooBroad(canonical) else { throw .tooBroad(canonical) }
        guard LexicalPath.contains(canonicalHome, canonical) else { throw .outsideHome(canonical) }
        return canonical
    }
}

/// Why a path cannot be asked about: `invalid_project_path` of daemon-ipc §2.4.
public enum ProjectPathError: Error, Hashable, Sendable, CustomStringConvertible {
    case blank
    case relative(String)
    /// Too much lies below it.
    case tooBroad(String)
    /// It exists, and its links cannot be followed.
    case unresolvable(String)
    case outsideHome(String)

    public var description: String {
        switch self {
        case .blank: return "project_path is blank; give the absolute path of a project"
        case .relative(let path): return "project_path \(path) is relative; give an absolute path"
        case .tooBroad(let path): return "project_path \(path) is not a project; give a directory further down"
        case .unresolvable(let path): return "project_path \(path) cannot be resolved; check its links and permissions"
        case .outsideHome(let path):
            return "project_path \(path) is outside the home directory; give a path inside it"
        }
    }
}

extension String {
    /// Without white space at both ends.
    var trimmingBlanks: String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = utf8.first, let last = utf8.last, isBlank(first) || isBlank(last) else { return self }
        var bytes = utf8[...]
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(Substring(bytes))
    }
}
