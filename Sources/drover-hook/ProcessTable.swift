import Glibc
import HookReport
import Spool

/// Reads `/proc`.
enum ProcessTable {
    static func stat(of pid: Int32) -> ProcessStat? {
        SmallFile.read("/proc/\(pid)/stat", limit: 4096).flatMap { ProcessStat(parsing: $0) }
    }

    static func ancestor(_ pid: Int32) -> AncestorWalk.Ancestor? {
        guard let stat = stat(of: pid), stat.state != UInt8(ascii: "Z"), stat.state != UInt8(ascii: "X") else {
            return nil
        }
        let words = SmallFile.read("/proc/\(pid)/cmdline", limit: 4096) ?? []
        let first = String(decoding: words.prefix { $0 != 0 }, as: UTF8.self)
        return AncestorWalk.Ancestor(
            pid: pid, parent: stat.parent, executable: executable(of: pid), firstWord: first.isEmpty ? nil : first)
    }

    /// The agent that called this hook.
    static func agent() -> UInt32? {
        var walk = AncestorWalk()
        var step = walk.begin(parent: getppid())
        while case .look(let pid) = step { step = walk.saw(ancestor(pid)) }
        if case .found(let pid) = step { return pid }
        return nil
    }

    /// The shell above this process that a person types into: the nearest one that leads its process group.
    static func shell() -> UInt32? {
        var pid = getppid()
        for _ in 0..<16 where pid > 1 {
            guard let stat = stat(of: pid), let ancestor = ancestor(pid) else { return nil }
            if stat.group == pid, AncestorWalk.isShell(ancestor) { return UInt32(pid) }
            pid = stat.parent
        }
        return nil
    }

    /// Seconds since 1970 at which a process started.
    static func startSeconds(of pid: Int32) -> UInt64? {
        guard let stat = stat(of: pid), let statistics = SmallFile.read("/proc/stat", limit: 1 << 20) else {
            return nil
        }
        return stat.startSeconds(
            statistics: statistics, ticksPerSecond: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    }

    private static func executable(of pid: Int32) -> String? { link("/proc/\(pid)/exe") }

    /// Where a symbolic link leads.
    static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            readlink(path, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
