/// Sends to many sockets of a namespace: `namespace.to("a", "b").except("c").emit("news")`.
///
/// The rooms add up, and a socket in several of them gets one copy.
public struct Broadcast {
    private let namespace: Namespace
    public private(set) var target = BroadcastTarget()

    init(_ namespace: Namespace) {
        self.namespace = namespace
    }

    // MARK: - Whom

    public func to(_ rooms: String...) -> Broadcast { to(rooms) }

    /// Adds rooms. An empty list reaches nobody rather than everybody.
    public func to(_ rooms: [String]) -> Broadcast {
        with { $0.rooms = ($0.rooms ?? []) + rooms }
    }

    public func except(_ rooms: String...) -> Broadcast { except(rooms) }

    public func except(_ rooms: [String]) -> Broadcast {
        with { $0.except += rooms }
    }

    /// Sockets that are not ready for it miss the event.
    public var volatile: Broadcast { with { $0.isVolatile = true } }

    /// Only the sockets of this server.
    public var local: Broadcast { with { $0.isLocal = true } }

    private func with(_ change: (inout BroadcastTarget) -> Void) -> Broadcast {
        var result = self
        change(&result.target)
        return result
    }

    // MARK: - What

    public func emit(_ name: String, _ arguments: SocketArguments = .none) {
        namespace.adapter.broadcast(OutgoingEvent(name: name, arguments: arguments), to: target)
    }

    /// Emits an event that every receiver shall acknowledge; `completion` is called when all have, or in time.
    public func emit(
        _ name: String, _ arguments: SocketArguments = .none, timeout: Duration,
        acknowledged completion: @escaping (BroadcastAnswer) -> Void
    ) {
        let event = OutgoingEvent(name: name, arguments: arguments, id: namespace.nextAcknowledgementID())
        namespace.adapter.broadcast(event, to: target, timeout: timeout, acknowledged: completion)
    }

    // MARK: - The sockets themselves

    /// The sockets of this server.
    public var sockets: [Socket] { namespace.adapter.sockets(in: target) }

    /// The sockets of all servers.
    public func fetchSockets(_ completion: @escaping ([RemoteSocket]) -> Void) {
        namespace.adapter.fetchSockets(in: target, completion)
    }

    public func socketsJoin(_ rooms: String...) { namespace.adapter.joinSockets(in: target, rooms) }
    public func socketsLeave(_ rooms: String...) { namespace.adapter.leaveSockets(in: target, rooms) }
    public func disconnectSockets(close: Bool = false) {
        namespace.adapter.disconnectSockets(in: target, close: close)
    }
}
