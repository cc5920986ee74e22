import Glibc
import Store

/// The place of the runtime RPC's socket, held for this daemon alone for as long as this object lives (runtime-rpc §1.1).
final class RuntimeSocket: Sendable {
    let path: String
    private let lock: FileLock

    /// What fits the address of a Unix socket.
    private static let longestPath = 107

    /// Makes the folder, takes the lock and removes what a dead daemon left at the path.
    init(path: String) throws(DaemonFailure) {
        try Self.check(path)
        let lock = try Self.lock(path)
        unlink(path)
        self.path = path
        self.lock = lock
    }

    private static func check(_ path: String) throws(DaemonFailure) {
        guard !path.isEmpty else {
            throw .socket(path: path, "no path is known; set HOME, XDG_RUNTIME_DIR or RTM_SOCKET_PATH")
        }
        guard path.utf8.count <= longestPath else {
            throw .socket(
                path: path,
                """
                it has \(path.utf8.count) bytes, and the address of a socket takes \(longestPath); \
                set RTM_SOCKET_PATH to a shorter one
                """)
        }
        var status = stat()
        guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK else {
            throw .socket(path: path, "something that is no socket is in its place; move it away")
        }
    }

    private static func lock(_ path: String) throws(DaemonFailure) -> FileLock {
        do throws(StoreError) {
            return try FileLock(path: path + ".lock")
        } catch .locked(let pid) {
            throw .socketHeld(path: path, byPid: pid)
        } catch {
            throw .store(error)
        }
    }
}
