import Glibc
import Models
import Reactor
import Synchronization
import Toolbox
import Upstream

extension UpstreamGateway {
    /// Asks a web server for a tool, which waits on its own thread for the whole answer.
    public nonisolated var fetch: WebFetch {
        { [self] request in
            let answer = WaitingFetch()
            Loop.post { answer.begin(self.client, request) }
            return answer.wait()
        }
    }
}

/// One answer on its way from the loop to the thread that waits for it.
private final class WaitingFetch: Sendable {
    /// Bytes of an answer; more is cut off.
    private static let limit = 2 << 20
    /// Microseconds between two looks.
    private static let pause: UInt32 = 5_000
    /// Milliseconds for all of it.
    private static let patience: Int64 = 30_000

    private let result = Mutex<Result<WebAnswer, WebFailure>?>(nil)

    @Loop
    func begin(_ client: UpstreamClient, _ request: UpstreamRequest) {
        let receiver = Receiver { [self] result in self.result.withLock { $0 = $0 ?? result } }
        receiver.call = client.send(
            request, timeouts: UpstreamTimeouts(firstByte: 20_000, idle: 10_000), receiver: receiver)
        _ = LoopTimer(after: Self.patience) { [weak receiver] in
            receiver?.finish(.failure(WebFailure(reason: "the web server takes too long")))
        }
    }

    /// Sleeps until there is an answer. The loop bounds the wait; a loop that is gone takes the process with it.
    func wait() -> Result<WebAnswer, WebFailure> {
        while true {
            if let result = result.withLock({ $0 }) { return result }
            usleep(Self.pause)
        }
    }

    @Loop
    private final class Receiver: UpstreamReceiver {
        private var status = 0
        private var body: [UInt8] = []
        private var done: ((Result<WebAnswer, WebFailure>) -> Void)?
        var call: UpstreamCall?

        init(_ done: @escaping (Result<WebAnswer, WebFailure>) -> Void) { self.done = done }

        func received(status: Int, headers: [(name: String, value: String)]) { self.status = status }

        func received(bytes: [UInt8]) {
            body += bytes.prefix(WaitingFetch.limit - body.count)
            if body.count >= WaitingFetch.limit { finish(.success(WebAnswer(status: status, body: body))) }
        }

        func ended(_ result: Result<Void, UpstreamFailure>) {
            switch result {
            case .success: finish(.success(WebAnswer(status: status, body: body)))
            case .failure(let failure): finish(.failure(WebFailure(reason: "\(failure)")))
            }
        }

        func finish(_ result: Result<WebAnswer, WebFailure>) {
            guard let done else { return }
            self.done = nil
            call?.cancel()
            call = nil
            done(result)
        }
    }
}
