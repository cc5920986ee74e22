import Bytes
import HTTP
import Reactor

/// The stream of one turn to one reader. The reader may go, or be too slow: the turn goes on without it (chat-runtime
/// §2.7).
@Loop
final class TurnStream {
    /// Bytes that a reader may leave unread.
    static let backlogLimit = 4 << 20

    private let body: HTTPBodyStream
    private let keepAlives: KeepAlives
    private var encoder = TurnEventEncoder()
    private var pending: [UInt8] = []
    fileprivate var lastEventAt: Int64

    init(_ exchange: HTTPExchange, keepAlives: KeepAlives) {
        body = exchange.stream(
            200,
            headers: [
                ("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no"),
            ])
        self.keepAlives = keepAlives
        lastEventAt = Loop.now
        body.onAbandoned = { [weak self] in self?.closed() }
        keepAlives.add(self)
    }

    /// Takes an event; `flush` sends what came together.
    func send(_ event: TurnEvent) {
        guard body.isOpen else { return }
        encoder.append(event, to: &pending)
        lastEventAt = Loop.now
    }

    func flush() {
        guard !pending.isEmpty else { return }
        body.write(pending)
        pending.removeAll(keepingCapacity: true)
        boundBacklog()
    }

    func end() {
        flush()
        body.end()
        closed()
    }

    fileprivate func keepAlive() {
        lastEventAt = Loop.now
        body.write(TurnEventEncoder.keepAlive)
        boundBacklog()
    }

    private func boundBacklog() {
        guard body.backlog > Self.backlogLimit else { return }
        body.abort()
        closed()
    }

    private func closed() {
        pending = []
        keepAlives.remove(self)
    }
}

/// Sends a comment to every reader that was sent nothing for a while, by one timer for all of them.
@Loop
final class KeepAlives {
    /// Milliseconds (§2.2).
    private let silence: Int64
    private var streams: [ObjectIdentifier: TurnStream] = [:]
    private var isArmed = false

    init(silence: Int64 = 15_000) { self.silence = silence }

    var count: Int { streams.count }

    func add(_ stream: TurnStream) {
        streams[ObjectIdentifier(stream)] = stream
        arm(after: silence)
    }

    func remove(_ stream: TurnStream) { streams[ObjectIdentifier(stream)] = nil }

    private func arm(after milliseconds: Int64) {
        if isArmed { return }
        isArmed = true
        _ = LoopTimer(after: milliseconds) { [weak self] in self?.fire() }
    }

    private func fire() {
        isArmed = false
        let due = Loop.now - silence
        for stream in streams.values where stream.lastEventAt <= due { stream.keepAlive() }
        guard let oldest = streams.values.map(\.lastEventAt).min() else { return }
        arm(after: max(1, oldest + silence - Loop.now))
    }
}
