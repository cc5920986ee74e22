import CSystem
import Glibc
import Synchronization

/// News from other threads for a loop that polls descriptors.
final class ChatMailbox<Message: Sendable>: Sendable {
    /// Readable when there is news.
    let descriptor: Int32
    private let messages = Mutex<[Message]>([])

    /// Messages that may wait. Who brings more waits with them: a stream is read as fast as it is shown.
    private static var limit: Int { 4096 }

    init() {
        descriptor = drover_eventfd()
        precondition(descriptor >= 0, "a counter needs a descriptor, and there is none left")
    }

    deinit { close(descriptor) }

    /// Not for threads of the cooperative pool, unless there is never much.
    func post(_ message: Message) {
        while messages.withLock({ $0.count }) >= Self.limit { WallClock.sleep(.milliseconds(2)) }
        messages.withLock { $0.append(message) }
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// What has come, in order.
    func take() -> [Message] {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
        return messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}
