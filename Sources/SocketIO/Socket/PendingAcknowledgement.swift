/// Waits for clients to acknowledge an event.
class PendingAcknowledgement: HeapedDeadline {
    func answered(_ arguments: SocketArguments, by socket: Socket) {}
    /// The socket has disconnected.
    func abandoned(by socket: Socket) {}
}

/// Waits for one client.
final class SocketAcknowledgement: PendingAcknowledgement {
    private let socket: Socket
    private let id: UInt64
    private let completion: (Result<SocketArguments, AcknowledgementError>) -> Void

    init(
        socket: Socket, id: UInt64, _ completion: @escaping (Result<SocketArguments, AcknowledgementError>) -> Void
    ) {
        self.socket = socket
        self.id = id
        self.completion = completion
    }

    override func answered(_ arguments: SocketArguments, by socket: Socket) {
        socket.session.server.timers.remove(self)
        completion(.success(arguments))
    }

    override func abandoned(by socket: Socket) {
        socket.session.server.timers.remove(self)
        completion(.failure(.disconnected))
    }

    override func expire(at now: Instant) {
        socket.forgetAcknowledgement(id)
        completion(.failure(.timedOut))
    }
}

/// Waits for the receivers of a broadcast, who all acknowledge under the same id.
final class BroadcastAcknowledgement: PendingAcknowledgement {
    private let id: UInt64
    private let timers: DeadlineHeap
    private let each: ((SocketArguments) -> Void)?
    private let completion: (BroadcastAnswer) -> Void
    private var answer = BroadcastAnswer()
    private var waiting: [Socket] = []
    private var remaining = 0

    init(
        id: UInt64, timers: DeadlineHeap, each: ((SocketArguments) -> Void)?,
        _ completion: @escaping (BroadcastAnswer) -> Void
    ) {
        self.id = id
        self.timers = timers
        self.each = each
        self.completion = completion
    }

    func wait(for sockets: [Socket], deadline: Instant) {
        guard !sockets.isEmpty else { return completion(answer) }
        waiting = sockets
        remaining = sockets.count
        for socket in sockets { socket.awaitAcknowledgement(id, self) }
        timers.add(self, deadline: deadline)
    }

    override func answered(_ arguments: SocketArguments, by socket: Socket) {
        answer.responses.append(arguments)
        each?(arguments)
        completeOne()
    }

    override func abandoned(by socket: Socket) {
        answer.missing += 1
        completeOne()
    }

    override func expire(at now: Instant) {
        answer.missing += remaining
        for socket in waiting { socket.forgetAcknowledgement(id) }
        waiting = []
        completion(answer)
    }

    private func completeOne() {
        remaining -= 1
        guard remaining == 0 else { return }
        timers.remove(self)
        waiting = []
        completion(answer)
    }
}
