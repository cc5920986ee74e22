import Bytes

/// The polling side of a session: the request that waits for something to fetch, and what waits for a request.
final class PollingTransport {
    /// Answers the request in flight.
    private var respond: ((EngineResponse) -> Void)?
    /// Counts the polls, so that news about an old one is not taken for news about this one.
    private(set) var poll: UInt32 = 0
    var isPosting = false
    private var buffer: [EngineMessage] = []
    private(set) var bufferedBytes = 0

    /// Whether a request waits to be answered.
    var isWaiting: Bool { respond != nil }
    var hasBuffered: Bool { !buffer.isEmpty }

    /// Keeps a request, or answers it at once if something waits for it.
    func wait(_ respond: @escaping (EngineResponse) -> Void) {
        poll &+= 1
        self.respond = respond
        if hasBuffered { flush() }
    }

    func send(_ message: EngineMessage) {
        buffer.append(message)
        bufferedBytes += message.frames.count
        if isWaiting { flush() }
    }

    /// Answers the request in flight, if any, with what is buffered and one more packet.
    func release(with type: EnginePacketType) {
        guard isWaiting else { return }
        buffer.append(EngineMessage(type))
        flush()
    }

    /// Gives up what is buffered, to be sent otherwise.
    func takeBuffered() -> [EngineMessage] {
        let messages = buffer
        buffer = []
        bufferedBytes = 0
        return messages
    }

    /// Forgets the request in flight, whose client is gone.
    func forgetRequest() {
        respond = nil
    }

    private func flush() {
        guard let respond else { return }
        self.respond = nil
        var body: [UInt8] = []
        body.reserveCapacity(bufferedBytes + 16)
        for message in takeBuffered() { message.appendPayload(to: &body) }
        respond(
            EngineResponse(
                status: 200,
                headers: [("Content-Type", "text/plain; charset=UTF-8"), ("Cache-Control", "no-store")], body: body))
    }
}

/// A poll that has not been answered when `handlePolling` returns.
public struct EnginePoll {
    let session: EngineSession
    let poll: UInt32

    /// The client's connection went away before the answer. The session ends, as it does with the reference server.
    public func connectionLost(at now: Instant) {
        session.server.advance(to: now)
        session.pollLost(poll)
    }
}

/// A POST whose body is on its way.
public struct EnginePost {
    let session: EngineSession
    let respond: (EngineResponse) -> Void

    /// The body has arrived whole.
    public func received(_ body: [UInt8], at now: Instant) {
        session.server.advance(to: now)
        session.posted(body, respond)
    }

    /// The client's connection went away before the body's end. The session ends.
    public func connectionLost(at now: Instant) {
        session.server.advance(to: now)
        session.postLost()
    }
}
