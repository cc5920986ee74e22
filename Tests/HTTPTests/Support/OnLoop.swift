import HTTP
import Reactor

/// Calls `body` on the loop, which all tests share, and gives what it returns.
func onLoop<Value: Sendable>(_ body: @escaping @Sendable @Loop () -> Value) async -> Value {
    Loop.runInBackground()
    return await withCheckedContinuation { continuation in Loop.post { continuation.resume(returning: body()) } }
}

/// Lets the loop take everything that was sent before.
func turn() async {
    Loop.runInBackground()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        // A timer fires after the sockets of its turn have been read.
        Loop.post { _ = LoopTimer(after: 0) { continuation.resume() } }
    }
}

/// Waits for a condition; whoever asks says with `#expect` what it means that it never came.
func eventually(within limit: Duration = .seconds(10), _ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return await condition()
}

/// What was heard on the loop, line by line.
@Loop
final class Log {
    private(set) var lines: [String] = []
    /// Requests that wait for the test to answer them.
    var held: [HTTPExchange] = []

    nonisolated init() {}
    func note(_ line: String) { lines.append(line) }
}
