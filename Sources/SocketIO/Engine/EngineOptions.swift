/// How a client speaks to the server.
public enum EngineTransport: String, Equatable, Sendable {
    case polling
    case websocket
}

/// What a server allows and how patient it is (control-plane §4.1). The defaults are those of the reference server.
public struct EngineOptions {
    public var pingInterval: Duration = .seconds(25)
    public var pingTimeout: Duration = .seconds(20)
    /// The largest message in bytes, advertised in the open packet; the host limits WebSocket messages to it as well.
    public var maxPayload = 1_000_000
    public var transports: [EngineTransport] = [.polling, .websocket]
    public var allowUpgrades = true
    public var upgradeTimeout: Duration = .seconds(10)
    /// How long a closed polling session waits for the request that fetches its close packet.
    public var closeTimeout: Duration = .seconds(30)
    /// A session that has more bytes than this waiting when another message comes is closed as a transport error:
    /// its peer does not read, and may recover or start anew.
    public var maxBacklog = 4 << 20
    /// Volatile messages are dropped for a session that has more bytes than this waiting.
    public var volatileBacklog = 64 << 10
    /// Whether sessions keep what the handshake request said for as long as they live, or only while the application
    /// hears of them for the first time.
    public var keepsHandshake = true
    /// The headers of the handshake request that are kept. An idle session has to carry them.
    public var keptHeaders: Set<String> = ["authorization", "cookie", "origin", "user-agent", "x-forwarded-for"]
    /// Decides on a request's `Origin`; requests without one pass. Allowed origins get CORS headers. `nil` allows all
    /// and sends none.
    public var allowsOrigin: ((_ origin: String) -> Bool)?

    public init() {}
}
