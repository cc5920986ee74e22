import CSystem
import Glibc

/// The process of a tool server, which leads a group of its own.
struct ServerProcess {
    let pid: pid_t
    let pidfd: Descriptor

    /// Ends it with its group: first it may go by itself, since its input has ended, then SIGTERM, then SIGKILL. Blocks for
    /// twice the grace at most, and a moment.
    func end(grace: Duration) {
        if !hasEnded(within: grace) {
            kill(-pid, SIGTERM)
            _ = hasEnded(within: grace)
        }
        // Also what it has left behind. It is not reaped yet, so no other group can have its number.
        kill(-pid, SIGKILL)
        _ = hasEnded(within: .seconds(2))
        var code: Int32 = 0
        var isSignalled: Int32 = 0
        _ = drover_reap(pidfd.number, &code, &isSignalled)
    }

    private func hasEnded(within time: Duration) -> Bool {
        let (seconds, attoseconds) = time.components
        var polled = pollfd(fd: pidfd.number, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)) > 0
    }
}
