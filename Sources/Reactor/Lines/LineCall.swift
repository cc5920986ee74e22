import Glibc

/// One request that waits for its answer. Letting go of it without an answer closes the connection.
@Loop
public final class LineCall {
    private enum State {
        /// The handler has not returned yet: the connection is a bare descriptor.
        case fresh(Int32)
        case waiting(LineConnection)
        case done
    }

    private var state: State
    private let server: LineServer
    /// Called once when the peer goes away, or says that it will send no more, while it waits for its answer. Setting it
    /// makes the connection watch for that.
    public var onHangUp: (@Loop () -> Void)?

    init(_ descriptor: Int32, server: LineServer) {
        state = .fresh(descriptor)
        self.server = server
    }

    init(_ connection: LineConnection, server: LineServer) {
        state = .waiting(connection)
        self.server = server
    }

    isolated deinit { close() }

    /// Writes the answer and an LF, then closes. A second answer is nothing.
    ///
    /// - Parameter completion: Called when the kernel has all of it, or the peer is gone.
    public func answer(_ line: consuming [UInt8], then completion: (@Loop () -> Void)? = nil) {
        let state = state
        self.state = .done
        onHangUp = nil
        // In place, when nobody else holds the line: some are long.
        line.append(10)
        switch state {
        case .done: break
        case .waiting(let connection): connection.finish(with: line[...], then: completion)
        case .fresh(let descriptor):
            let sent = line.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent == line.count || (sent < 0 && errno != EAGAIN && errno != EINTR) {
                Glibc.close(descriptor)
                completion?()
            } else {
                server.keep(descriptor).finish(with: line[max(0, sent)...], then: completion)
            }
        }
    }

    /// Closes without an answer.
    public func close() {
        let state = state
        self.state = .done
        onHangUp = nil
        switch state {
        case .done: break
        case .fresh(let descriptor): Glibc.close(descriptor)
        case .waiting(let connection): connection.close()
        }
    }

    /// The answer will come later: now the connection has to be looked after.
    func handlerReturned() {
        if case .fresh(let descriptor) = state { state = .waiting(server.keep(descriptor)) }
        guard case .waiting(let connection) = state else { return }
        if onHangUp != nil {
            connection.watchForHangUp { [weak self] in
                guard let self else { return }
                let hangUp = onHangUp
                close()
                hangUp?()
            }
        }
    }
}
