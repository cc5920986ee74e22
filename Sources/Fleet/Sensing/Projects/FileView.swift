/// Looks at the disk for the rules, which do not.
public protocol FileView {
    /// What is at that path, links followed.
    func kind(of path: String) -> FileKind
    /// The first bytes of a file; `nil` when it cannot be read.
    func contents(of path: String, limit: Int) -> [UInt8]?
    /// The path with every link resolved; `nil` when it does not exist or cannot be resolved.
    func canonical(_ path: String) -> String?
}

/// What is at a path.
public enum FileKind: Hashable, Sendable {
    case file
    case directory
    /// Nothing, or nothing that can be seen.
    case none
}
