import Glibc
import Models
import Reactor
import Synchronization
import Toolbox
import Upstream

/// Lets tools, which run on threads of their own, ask web servers over the loop.
@Loop
public final class WebFetcher {
    /// Bytes of an answer.
    private static let answerLimit = 2 << 20
    /// Milliseconds for the first byte, and between two; and for all of it.
    private static let patience = 15_000
    private nonisolated static let wholePatience: Int32 = 30_000

    private lazy var client = UpstreamClient()

    public init() {}

    /// What tools call: it blocks its thread, never the loop's, for at most half a minute.
    public nonisolated var fetch: WebFetch {
        { [self] request in
            guard let bell = Bell() else { return .failure(WebFailure(reason: "there are no more descriptors")) }
            Loop.post {
                WholeAnswer.ask(
                    self.client, request,
                    timeouts: UpstreamTimeouts(firstByte: Self.patience, idle: Self.patience), limit: Self.answerLimit
                ) { bell.ring($0) }
            }
            return bell.wait(Self.wholePatience) ?? .failure(WebFailure(reason: "it took longer than 30 seconds"))
        }
    }
}

/// An answer that one thread waits for and another gives.
private final class Bell: Sendable {
    private let answer = Mutex<Result<WebAnswer, WebFailure>?>(nil)
    private let ends: (read: Int32, write: Int32)

    init?() {
        var ends: [Int32] = [-1, -1]
        // Programs inherit nothing that is not given to them, so no flag is needed between the two calls.
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.ends = (ends[0], ends[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }

    func ring(_ result: Result<WebAnswer, WebFailure>) {
        answer.withLock { $0 = result }
        var byte: UInt8 = 1
        _ = write(ends.write, &byte, 1)
    }

    /// - Parameter milliseconds: How long; then it gives `nil`.
    func wait(_ milliseconds: Int32) -> Result<WebAnswer, WebFailure>? {
        var descriptor = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        while poll(&descriptor, 1, milliseconds) < 0, errno == EINTR {}
        return answer.withLock { $0 }
    }
}
