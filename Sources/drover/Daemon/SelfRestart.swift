import Glibc
import Reactor

/// Starts the daemon anew in its own process: the same pid, the same arguments, the program as it is on disk now
/// (chat-runtime §4.9).
enum SelfRestart {
    /// Where the next daemon is to listen, when this one was left to choose a port: its clients ask again there.
    private static let portVariable = "DROVER_RESTARTED_PORT"

    /// Replaces this program. Whatever is open closes with it. Returns only when that cannot be done.
    static func run(port: UInt16) {
        setenv(portVariable, "\(port)", 1)
        ProcessLimits.restore()
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        for path in [ShimProgram.ownPath, "/proc/self/exe"] { execv(path, arguments) }
        DaemonLog.warn("the daemon cannot start itself anew: \(String(cString: strerror(errno)))")
    }

    /// The port of the daemon that this one comes from, if it comes from one. Asked once.
    static func takePort() -> UInt16? {
        guard let text = getenv(portVariable) else { return nil }
        defer { unsetenv(portVariable) }
        return UInt16(String(cString: text))
    }
}

/// Buries children that the program before this one has left to this process: nobody here waits for them, and a process that
/// is not waited for never quite ends.
@Loop
final class InheritedChildren {
    private var handles: [ProcessHandle] = []

    init() {
        for pid in Self.children() {
            guard let handle = try? ProcessHandle(pid: pid) else { continue }
            handles.append(handle)
            handle.whenEnded { [weak self] in
                var status: Int32 = 0
                _ = waitpid(pid, &status, WNOHANG)
                self?.handles.removeAll { $0.pid == pid }
            }
        }
    }

    private static func children() -> [Int32] {
        let path = "/proc/self/task/\(getpid())/children"
        guard let bytes = SystemFacts.read(path, limit: 1 << 20) else { return [] }
        return bytes.split(separator: UInt8(ascii: " ")).compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
    }
}
