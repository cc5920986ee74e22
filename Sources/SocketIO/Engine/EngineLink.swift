/// A WebSocket connection as the host lends it to a session.
///
/// The host answers pings and close frames itself. None of these methods may call back into the server: what they
/// find out (a broken pipe, say) is reported later, through `EngineWebSocket`.
public protocol EngineLink: AnyObject {
    /// Writes complete frames, in order.
    func send(_ frames: [UInt8])
    /// Sends a close frame after what was sent before, and closes the connection. `linkClosed` need not follow.
    func close(code: UInt16, reason: String)
    /// Bytes that were sent but have not left the process.
    var backlog: Int { get }
}

/// What an application hears of the sessions of a server. Each call happens inside the one that caused it.
public protocol EngineApplication: AnyObject {
    func opened(_ session: EngineSession)
    /// A session that began with polling goes on over WebSocket.
    func upgraded(_ session: EngineSession)
    func received(text: ArraySlice<UInt8>, on session: EngineSession)
    func received(binary: [UInt8], on session: EngineSession)
    func closed(_ session: EngineSession, reason: CloseReason)
}

extension EngineApplication {
    public func upgraded(_ session: EngineSession) {}
}
