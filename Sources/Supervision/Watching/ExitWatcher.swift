import Fleet
import Glibc
import Reactor

/// Tells once when a process that is not our child has ended (runtime-rpc §4.2). Letting go of it stops watching.
@Loop
final class ExitWatcher {
    private static let pollInterval: Int64 = 100

    private let pid: Int32
    private var handle: ProcessHandle?
    private var onEnd: (@Loop () -> Void)?

    init(pid: Int32, onEnd: @escaping @Loop () -> Void) {
        self.pid = pid
        self.onEnd = onEnd
        handle = try? ProcessHandle(pid: pid)
        if let handle {
            handle.whenEnded { [weak self] in self?.ended() }
        } else {
            poll()
        }
    }

    /// Where there is no pidfd to be had: the process has gone already, or the kernel is an old one.
    private func poll() {
        _ = LoopTimer(after: Self.pollInterval) { [weak self] in
            guard let self, onEnd != nil else { return }
            // Not being allowed to signal it proves that it is there.
            if kill(pid, 0) == 0 || errno == EPERM { poll() } else { ended() }
        }
    }

    private func ended() {
        handle = nil
        let body = onEnd
        onEnd = nil
        body?()
    }
}
