import CSystem
import Glibc

/// Any process of this machine, held by a pidfd: what is done through it can never reach another one.
///
/// Whoever opens it checks afterwards that it is the process that was meant: until then the pid may have been used again.
@Loop
public final class ProcessHandle {
    public let pid: Int32
    private let watcher: DescriptorWatcher
    private var bodies: [@Loop () -> Void] = []
    private var isWatching = false

    /// Opens a process that exists. Throws the kernel's reason, `ESRCH` when there is none.
    public init(pid: Int32) throws(ReactorError) {
        let descriptor = drover_pidfd_open(pid)
        try check(descriptor, "cannot open process \(pid)")
        self.pid = pid
        let relay = Relay()
        watcher = DescriptorWatcher(descriptor) { _ in relay.handle?.ended() }
        relay.handle = self
    }

    private final class Relay {
        weak var handle: ProcessHandle?
    }

    isolated deinit { watcher.close() }

    /// Whether it has ended, reaped or not.
    public var hasEnded: Bool {
        var descriptor = pollfd(fd: watcher.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) > 0
    }

    /// Sends a signal. Returns 0 or an errno, `ESRCH` when it has ended and been reaped.
    @discardableResult
    public func signal(_ signal: Int32) -> Int32 { drover_pidfd_signal(watcher.descriptor, signal) }

    /// Calls back once when it has ended, unless this handle is let go before.
    public func whenEnded(_ body: @escaping @Loop () -> Void) {
        bodies.append(body)
        guard !isWatching else { return }
        isWatching = true
        watcher.watch(.readable)
    }

    private func ended() {
        // It stays readable for ever.
        watcher.watch([])
        let bodies = bodies
        self.bodies = []
        for body in bodies { body() }
    }
}
