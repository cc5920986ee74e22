import Glibc

/// What the system refused to do with a file.
public struct StorageFailure: Error, Equatable, Sendable {
    public var path: String
    /// `reading`, `writing`, …
    public var doing: String
    /// In the system's words, or ours.
    public var reason: String

    public init(_ doing: String, _ path: String, reason: String) {
        self.path = path
        self.doing = doing
        self.reason = reason
    }

    /// With what `errno` says now.
    init(_ doing: String, _ path: String) {
        self.init(doing, path, reason: String(cString: strerror(errno)))
    }

    public var message: String { "\(doing) \(path): \(reason)" }
}
