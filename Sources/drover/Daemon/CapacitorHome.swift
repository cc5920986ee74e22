import Client
import Fleet
import Glibc
import Reactor
import Sensing
import Store

/// The folder of the daemon IPC, `~/.capacitor`, held for this daemon alone for as long as this object lives
/// (daemon-ipc §1.1, §7.1).
final class CapacitorHome: Sendable {
    let socketPath: String
    private let folder: String
    private let lock: FileLock

    /// What fits the address of a Unix socket.
    private static let longestPath = 107

    /// Makes the folders for their owner alone, takes the lock, and removes the socket of a dead daemon.
    init(userHome: String, socketPath: String) throws(DaemonFailure) {
        guard socketPath.utf8.count <= Self.longestPath else {
            throw .socket(
                path: socketPath,
                "it has \(socketPath.utf8.count) bytes, and the address of a socket takes \(Self.longestPath); set CAPACITOR_DAEMON_SOCKET to a shorter one"
            )
        }
        self.socketPath = socketPath
        folder = userHome + "/.capacitor/daemon"
        lock = try Self.lock(folder, socketPath)
        for path in [userHome + "/.capacitor", folder] { chmod(path, 0o700) }
        unlink(socketPath)
    }

    private static func lock(_ folder: String, _ socketPath: String) throws(DaemonFailure) -> FileLock {
        do throws(StoreError) {
            return try FileLock(path: folder + "/daemon.lock")
        } catch .locked(let pid) {
            throw .socketHeld(path: socketPath, byPid: pid)
        } catch {
            throw .store(error)
        }
    }

    /// What `hem-v2.toml` says, with warnings for what it should not say (§6.10).
    var configuration: SensingConfiguration {
        guard let bytes = try? File.read(folder + "/hem-v2.toml", limit: 1 << 20) else { return SensingConfiguration() }
        return SensingConfiguration(parsing: String(decoding: bytes, as: UTF8.self))
    }

    // MARK: - Starts (§7.5)

    private var backoffPath: String { folder + "/daemon-backoff.json" }

    private var backoff: StartBackoff {
        let bytes = try? File.read(backoffPath, limit: 1 << 20)
        return bytes.flatMap { StartBackoff(file: $0) } ?? StartBackoff()
    }

    /// Notes this start, and says how many seconds it is to wait before the socket is there.
    func started(at now: Fleet.Timestamp) -> (backoff: StartBackoff, delay: Int64) {
        var backoff = backoff
        let delay = backoff.started(at: now)
        if !writeAtomically(backoff.file, to: backoffPath) { DaemonLog.warn("cannot write \(backoffPath)") }
        return (backoff, delay)
    }

    /// Takes the start back: it ended as it was told.
    func stoppedCleanly(startedAt: Fleet.Timestamp) {
        var backoff = backoff
        backoff.stoppedCleanly(startedAt: startedAt)
        _ = writeAtomically(backoff.file, to: backoffPath)
    }
}
