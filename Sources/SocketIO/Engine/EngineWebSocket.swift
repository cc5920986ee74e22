/// What a WebSocket connection hands its messages to. The host drops it when the connection is gone.
public struct EngineWebSocket {
    private let session: EngineSession?
    private let link: ObjectIdentifier

    init(session: EngineSession?, link: ObjectIdentifier) {
        self.session = session
        self.link = link
    }

    /// A whole text message, checked to be UTF-8.
    public func received(text: [UInt8], at now: Instant) {
        session?.server.advance(to: now)
        session?.received(text: text, from: link)
    }

    public func received(binary: [UInt8], at now: Instant) {
        session?.server.advance(to: now)
        session?.received(binary: binary, from: link)
    }

    /// The connection has ended: by a close frame or the end of the stream, or by an error (a reset, a breach of the
    /// WebSocket protocol).
    public func linkClosed(error: Bool = false, at now: Instant) {
        session?.server.advance(to: now)
        session?.linkClosed(link, error ? .transportError : .transportClose)
    }
}
