import Glibc

/// Keeps a second daemon away from a home directory or a socket, from `init` until this value ends.
///
/// The kernel holds the lock, so it never outlives its process. The file says who has it.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// Makes the home (for its owner alone) when there is none, and takes its lock.
    ///
    /// Throws `.locked(byPid:)` when another process holds it.
    public init(home: String) throws(StoreError) {
        try self.init(path: home + "/drover.lock")
    }

    /// Takes the lock that a file stands for. Its folder is made for its owner alone when there is none.
    public init(path: String) throws(StoreError) {
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try Directory.make(String(path[..<slash])) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreError(.last, path) }
        guard Self.take(descriptor) else {
            let error = SystemError.last
            let holder = Self.holder(in: descriptor)
            close(descriptor)
            throw error.number == EWOULDBLOCK ? .locked(byPid: holder) : StoreError(error, path)
        }
        self.descriptor = descriptor
        fchmod(descriptor, 0o600)
        let text = Array("\(getpid()) \(Self.startTicks() ?? 0)\n".utf8)
        // The lock is held whatever becomes of the text: it is for people and for error messages.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    /// Waits a moment when somebody has it: a daemon that was killed may leave a child between its fork and its exec, which
    /// holds what its parent held.
    private static func take(_ descriptor: Int32) -> Bool {
        for _ in 0..<patience {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK || errno == EINTR else { return false }
            // A holder that lives will not let go.
            if let holder = holder(in: descriptor), holder != getpid(), kill(holder, 0) == 0 { break }
            usleep(10_000)
        }
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }

    /// Tries, ten milliseconds apart.
    private static let patience = 50

    deinit { close(descriptor) }

    /// The process that holds the lock of `home`, and its start in clock ticks since boot, if one does.
    public static func holder(home: String) -> (pid: Int32, startTicks: UInt64)? {
        let descriptor = open(home + "/drover.lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        return fields(in: descriptor)
    }

    private static func holder(in descriptor: Int32) -> Int32? { fields(in: descriptor)?.pid }

    private static func fields(in descriptor: Int32) -> (pid: Int32, startTicks: UInt64)? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard let pid = words.first.flatMap({ Int32($0) }) else { return nil }
        return (pid, words.dropFirst().first.flatMap { UInt64($0) } ?? 0)
    }

    /// When this process began, in clock ticks since boot: field 22 of `/proc/self/stat`.
    private static func startTicks() -> UInt64? {
        guard let bytes = try? File.read("/proc/self/stat", limit: 4096) else { return nil }
        // The second field, the program's name, may contain anything, but it ends with the last parenthesis.
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        return fields.count > 19 ? UInt64(fields[19]) : nil
    }
}
