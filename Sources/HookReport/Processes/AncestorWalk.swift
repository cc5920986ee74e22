/// Looks for the agent among the processes above a hook (daemon-ipc §9.1, D-22).
///
/// The parent is often a shell that is gone a moment later; the daemon would take the whole session for dead. The first
/// ancestor that is neither a shell nor a small helper is the agent. A value: the caller reads `/proc` and tells.
public struct AncestorWalk: Equatable, Sendable {
    /// What is known of one process.
    public struct Ancestor: Equatable, Sendable {
        public var pid: Int32
        public var parent: Int32
        /// Where `/proc/<pid>/exe` leads, if that may be read.
        public var executable: String?
        /// The first word of its command line.
        public var firstWord: String?

        public init(pid: Int32, parent: Int32, executable: String?, firstWord: String?) {
            self.pid = pid
            self.parent = parent
            self.executable = executable
            self.firstWord = firstWord
        }
    }

    public enum Step: Equatable, Sendable {
        /// Tell about this process next.
        case look(Int32)
        case found(UInt32)
        /// There is no saying which process it is.
        case unknown
    }

    /// Processes looked at before giving up.
    static let limit = 32
    private var seen = 0

    public init() {}

    /// Begins with the parent of this process.
    public mutating func begin(parent: Int32) -> Step { next(parent) }

    /// Takes what was found of the process asked for, `nil` when it is gone.
    public mutating func saw(_ ancestor: Ancestor?) -> Step {
        guard let ancestor else { return .unknown }
        let name = Self.name(of: ancestor)
        if Self.reapers.contains(name) { return .unknown }
        if Self.passed.contains(name) { return next(ancestor.parent) }
        return .found(UInt32(ancestor.pid))
    }

    private mutating func next(_ pid: Int32) -> Step {
        seen += 1
        return pid <= 1 || seen > Self.limit ? .unknown : .look(pid)
    }

    /// Whether a process is a shell that people type into.
    public static func isShell(_ ancestor: Ancestor) -> Bool {
        ["sh", "dash", "bash", "zsh", "fish"].contains(name(of: ancestor))
    }

    /// The program's name: that of its file, unless the file is many programs in one or unknown. Never the name a
    /// process gives itself, which agents change as they please.
    static func name(of ancestor: Ancestor) -> String {
        let word = ancestor.firstWord.map { base($0) }.map { $0.hasPrefix("-") ? String($0.dropFirst()) : $0 }
        guard let file = ancestor.executable.map({ base($0) }), !file.isEmpty else { return word ?? "" }
        if multiple.contains(file), let word, !word.isEmpty { return word }
        return file
    }

    /// The last component, without what the kernel appends when the file was replaced.
    private static func base(_ path: String) -> String {
        var path = path[...]
        if path.hasSuffix(" (deleted)") { path = path.dropLast(10) }
        return path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[path.utf8.index(after: $0)...]) }
            ?? String(path)
    }

    static let passed: Set<String> = ["sh", "dash", "bash", "zsh", "fish", "env", "timeout", "setsid"]
    /// They adopt what lost its parent.
    static let reapers: Set<String> = [
        "systemd", "init", "tini", "tini-static", "dumb-init", "docker-init", "catatonit", "launchd", "runit",
        "s6-svscan",
    ]
    private static let multiple: Set<String> = ["busybox", "toybox", "coreutils"]
}
