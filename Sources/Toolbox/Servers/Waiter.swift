import Bytes
import CSystem
import Glibc
import Synchronization

/// Where the answer of one call arrives.
final class Waiter: Sendable {
    private let result = Mutex<Result<JSON, ToolServerFailure>?>(nil)
    private let bell: Descriptor

    /// `nil` with `errno` set when there are too many open files.
    init?() {
        let bell = drover_eventfd()
        guard bell >= 0 else { return nil }
        self.bell = Descriptor(bell)
    }

    func answer(_ answer: Result<JSON, ToolServerFailure>) {
        result.withLock { $0 = $0 ?? answer }
        var one: UInt64 = 1
        _ = write(bell.number, &one, MemoryLayout<UInt64>.size)
    }

    /// The answer, or `nil` when there is none after this time.
    func wait(milliseconds: Int32) -> Result<JSON, ToolServerFailure>? {
        var polled = pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0)
        _ = poll(&polled, 1, milliseconds)
        return result.withLock { $0 }
    }
}
