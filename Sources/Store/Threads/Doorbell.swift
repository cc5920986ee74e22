import CSystem
import Glibc

/// Wakes one waiting thread. Rings made while nobody waits are kept, as one.
final class Doorbell: Sendable {
    private let descriptor: Int32

    init() throws(StoreError) {
        descriptor = drover_eventfd()
        guard descriptor >= 0 else {
            throw .unavailable(reason: "an eventfd could not be made: \(SystemError.last)")
        }
    }

    deinit { close(descriptor) }

    func ring() {
        var one: UInt64 = 1
        // It can only fail when the counter is full, and then the bell is ringing already.
        _ = write(descriptor, &one, 8)
    }

    /// Waits for a ring, at most `milliseconds` (-1: as long as it takes). Says whether there was one.
    func wait(milliseconds: Int32 = -1) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var ready = poll(&request, 1, milliseconds)
        while ready < 0 && errno == EINTR { ready = poll(&request, 1, milliseconds) }
        guard ready > 0 else { return false }
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return true
    }
}
