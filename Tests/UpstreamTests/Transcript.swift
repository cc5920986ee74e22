import Glibc
import Models
import Reactor

@testable import Upstream

/// Writes down what a call says.
@Loop final class Transcript: UpstreamReceiver {
    private(set) var status: Int?
    private(set) var headers: [(name: String, value: String)] = []
    private(set) var pieces: [[UInt8]] = []
    private(set) var result: Result<Void, UpstreamFailure>?
    /// How often each was called, in order: `h`ead, `b`ody, `e`nd.
    private(set) var order = ""

    var onHead: (@Loop () -> Void)?
    var onBytes: (@Loop ([UInt8]) -> Void)?
    var onEnd: (@Loop () -> Void)?

    func received(status: Int, headers: [(name: String, value: String)]) {
        order += "h"
        self.status = status
        self.headers = headers
        onHead?()
    }

    func received(bytes: [UInt8]) {
        order += "b"
        pieces.append(bytes)
        onBytes?(bytes)
    }

    func ended(_ result: Result<Void, UpstreamFailure>) {
        order += "e"
        self.result = result
        // What they hold is free once the call is over.
        let end = onEnd
        (onHead, onBytes, onEnd) = (nil, nil, nil)
        end?()
    }

    var answer: UpstreamAnswer {
        UpstreamAnswer(
            status: status, headers: headers.map { "\($0.name): \($0.value)" },
            body: String(decoding: pieces.joined(), as: UTF8.self), order: order,
            failure: { if case .failure(let failure)? = result { failure } else { nil } }())
    }
}

/// What a call has said so far.
struct UpstreamAnswer: Sendable {
    var status: Int?
    var headers: [String]
    var body: String
    var order: String
    var failure: UpstreamFailure?
}

/// Calls `body` on the loop and waits for what it hands to its continuation.
func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable @Loop (CheckedContinuation<Value, Never>) -> Void
) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { body(continuation) } }
}

/// Sends a request with a client of its own, and waits for the end.
func send(
    _ request: UpstreamRequest,
    timeouts: UpstreamTimeouts = UpstreamTimeouts(connect: 5000, firstByte: 5000, idle: 5000),
    onBytes: (@Sendable @Loop ([UInt8]) -> Void)? = nil
) async -> UpstreamAnswer {
    await onLoop { continuation in
        let client = UpstreamClient()
        let transcript = Transcript()
        transcript.onBytes = onBytes
        transcript.onEnd = { [unowned transcript] in
            continuation.resume(returning: transcript.answer)
            client.close()
        }
        client.send(request, timeouts: timeouts, receiver: transcript)
    }
}

func request(_ url: String, headers: [(name: String, value: String)] = [], body: String = "{}") -> UpstreamRequest {
    UpstreamRequest(url: url, headers: headers, body: Array(body.utf8))
}

/// Sets variables of this process until they are restored.
struct Environment {
    private let before: [(name: String, value: String?)]

    init(_ variables: [String: String]) {
        before = variables.keys.map { ($0, getenv($0).map { String(cString: $0) }) }
        for (name, value) in variables { setenv(name, value, 1) }
    }

    func restore() {
        for (name, value) in before {
            if let value { setenv(name, value, 1) } else { unsetenv(name) }
        }
    }
}
