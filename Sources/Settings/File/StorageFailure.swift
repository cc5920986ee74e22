import Glibc

/// What the system refused to do with a file.
public struct StorageFailure: Error, Equatable, Sendable {
    public var path: String
    /// `reading`, `writing`, …
    public var doing: String
    /// In the system's words, or ours.
    public var reason: String
    /// That of the system; 0 where the reason is ours.
    var number: Int32 = 0

    public init(_ doing: String, _ path: String, reason: String) {
        self.path = path
        self.doing = doing
        self.reason = reason
    }

    /// With what `errno` says now.
    init(_ doing: String, _ path: String) {
        let number = errno
        self.init(doing, path, reason: String(cString: strerror(number)))
        self.number = number
    }

    public var message: String { "\(doing) \(path): \(reason)" }
}
