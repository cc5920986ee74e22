/// Counts what happens, for the host's metrics. All methods do nothing unless written.
public protocol SocketObserver: AnyObject {
    func opened(_ session: EngineSession)
    func upgraded(_ session: EngineSession)
    func closed(_ session: EngineSession, reason: CloseReason)
    func connected(_ socket: Socket)
    func refused(_ socket: Socket, _ refusal: ConnectRefusal)
    func disconnected(_ socket: Socket, reason: CloseReason)
    /// The state of a socket was recovered, or could not be although its client asked.
    func recovered(_ socket: Socket, successfully: Bool)
    func received(_ event: SocketEvent)
    /// An event went to so many of this server's sockets.
    func sent(_ event: OutgoingEvent, receivers: Int)
    /// A client's message was not a packet, and its connection is closed.
    func malformed(_ session: EngineSession, _ error: SocketPacketError)
}

extension SocketObserver {
    public func opened(_ session: EngineSession) {}
    public func upgraded(_ session: EngineSession) {}
    public func closed(_ session: EngineSession, reason: CloseReason) {}
    public func connected(_ socket: Socket) {}
    public func refused(_ socket: Socket, _ refusal: ConnectRefusal) {}
    public func disconnected(_ socket: Socket, reason: CloseReason) {}
    public func recovered(_ socket: Socket, successfully: Bool) {}
    public func received(_ event: SocketEvent) {}
    public func sent(_ event: OutgoingEvent, receivers: Int) {}
    public func malformed(_ session: EngineSession, _ error: SocketPacketError) {}
}
