import Glibc

/// Small questions to the kernel that are answered at once.
public enum SystemFacts {
    public enum Kind: Sendable {
        case file, directory, none
    }

    /// Seconds since 1970 at which this machine was started, by the clock's present idea; 0 when it cannot be read.
    public static var bootTime: Int64 {
        guard let text = readSmallFile("/proc/stat", limit: 1 << 20) else { return 0 }
        for line in text.split(separator: 10) where line.starts(with: Array("btime ".utf8)) {
            return Int64(String(decoding: line.dropFirst(6), as: UTF8.self)) ?? 0
        }
        return 0
    }

    public static var ticksPerSecond: Int64 { Int64(sysconf(Int32(_SC_CLK_TCK))) }

    /// Whether there is a process of that number, whoever may look at it.
    public static func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno == EPERM }

    /// What is at a path, links followed.
    public static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .none }
        return status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }

    /// The first bytes of a file.
    public static func read(_ path: String, limit: Int) -> [UInt8]? { readSmallFile(path, limit: limit) }

    /// The path with every link resolved.
    public static func canonical(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
