import Models
import Reactor
import Toolbox
import Upstream

/// Reads one answer of another server whole. It holds itself until then.
@Loop
final class WholeAnswer: UpstreamReceiver {
    typealias Completion = @Loop (Result<WebAnswer, WebFailure>) -> Void

    private var call: UpstreamCall?
    private let limit: Int
    private var answer = WebAnswer(status: 0, body: [])
    private var completion: Completion?
    private var itself: WholeAnswer?

    /// Sends a request, and calls back once, with an answer of at most `limit` bytes.
    @discardableResult
    static func ask(
        _ client: UpstreamClient, _ request: UpstreamRequest, timeouts: UpstreamTimeouts, limit: Int,
        then completion: @escaping Completion
    ) -> WholeAnswer {
        let whole = WholeAnswer(limit: limit, completion)
        whole.call = client.send(request, timeouts: timeouts, receiver: whole)
        return whole
    }

    private init(limit: Int, _ completion: @escaping Completion) {
        self.limit = limit
        self.completion = completion
        itself = self
    }

    /// Gives it up.
    func cancel(_ reason: String) {
        call?.cancel()
        finish(.failure(WebFailure(reason: reason)))
    }

    func received(status: Int, headers: [(name: String, value: String)]) { answer.status = status }

    func received(bytes: [UInt8]) {
        guard answer.body.count + bytes.count <= limit else { return cancel("its answer is too long") }
        answer.body += bytes
    }

    func ended(_ result: Result<Void, UpstreamFailure>) {
        finish(result.map { answer }.mapError { WebFailure(reason: "\($0)") })
    }

    private func finish(_ result: Result<WebAnswer, WebFailure>) {
        let completion = completion
        self.completion = nil
        itself = nil
        completion?(result)
    }
}
