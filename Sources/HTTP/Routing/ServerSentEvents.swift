import Bytes
import Reactor

/// A stream of server-sent events (HTML, "Server-sent events"). Kept alive by a comment while nothing happens.
@Loop
public final class EventStream {
    private let body: HTTPBodyStream
    private let keepAlive: Int64
    /// Called once, when the peer is gone or the stream was ended.
    public var onClosed: (@Loop () -> Void)?
    public var onDrained: (@Loop () -> Void)? {
        get { body.onDrained }
        set { body.onDrained = newValue }
    }

    /// - Parameter keepAlive: Milliseconds between two comments.
    public init(_ exchange: HTTPExchange, keepAlive: Int64 = 15_000) {
        body = exchange.stream(
            200,
            headers: [
                ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
            ])
        self.keepAlive = keepAlive
        body.onAbandoned = { [weak self] in self?.closed() }
        // Lets the client know at once that the stream is there.
        body.write(Array(": ok\n\n".utf8))
        scheduleKeepAlive()
    }

    public var backlog: Int { body.backlog }
    public var isOpen: Bool { body.isOpen }

    /// - Parameter data: One line, as JSON is.
    public func send(event: String, id: Int64? = nil, data: [UInt8]) {
        var output: [UInt8] = []
        output.reserveCapacity(data.count + 64)
        if let id {
            output.append(literal: "id: ")
            JSONWriter.append(id, to: &output)
            output.append(literal: "\n")
        }
        output.append(literal: "event: ")
        // A line break in a name would begin a field of its own.
        output.append(contentsOf: event.utf8.filter { $0 >= 0x20 })
        output.append(literal: "\ndata: ")
        output.append(contentsOf: data)
        output.append(literal: "\n\n")
        body.write(output)
    }

    public func end() {
        body.end()
        closed()
    }

    /// Ends the stream in the middle: the client comes back with the last id it has.
    public func abort() {
        body.abort()
        closed()
    }

    private func scheduleKeepAlive() {
        _ = LoopTimer(after: keepAlive) { [weak self] in
            guard let self, body.isOpen else { return }
            if body.backlog == 0 { body.write(Array(":\n\n".utf8)) }
            scheduleKeepAlive()
        }
    }

    private func closed() {
        let callback = onClosed
        onClosed = nil
        callback?()
    }
}
