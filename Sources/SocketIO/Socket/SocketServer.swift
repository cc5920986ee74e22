import Bytes

/// What a Socket.IO server allows beyond its engine (control-plane §4.1).
public struct SocketOptions {
    /// A connection that has joined no namespace after this time is closed.
    public var connectTimeout: Duration = .seconds(45)
    /// Whether, and for how long, sockets can come back where they left.
    public var recovery: RecoveryOptions?
    /// The most bytes that a packet with binary attachments may have in all.
    public var maxBinaryPacket = 8_000_000
    /// Makes the adapter of a namespace; `nil` makes a `LocalAdapter` with the recovery above.
    public var makeAdapter: ((Namespace) -> any Adapter)?

    public init() {}
}

/// A Socket.IO 5 server on an `EngineServer` of its own (control-plane §4).
///
/// The host passes connections and time to `engine`; the application sets up namespaces and is called back, always
/// inside a call of the host's. Both live in one isolation domain. Set up namespaces before the first connection:
/// clients that ask for another are refused.
public final class SocketServer: EngineApplication {
    public let engine: EngineServer
    public let options: SocketOptions
    /// Hears of all that happens, to count it.
    public var observer: (any SocketObserver)?

    let random: () -> UInt64
    private let connectDeadlines: DeadlineQueue
    private var namespaces: [String: Namespace] = [:]

    /// `random` gives unpredictable bits; ids are made of them.
    public init(
        _ options: SocketOptions = SocketOptions(), engine engineOptions: EngineOptions = EngineOptions(),
        random: @escaping () -> UInt64
    ) {
        self.options = options
        self.random = random
        engine = EngineServer(options: engineOptions, random: random)
        connectDeadlines = engine.addQueue(interval: options.connectTimeout)
        engine.application = self
    }

    /// The namespace that clients join when they name none.
    public var root: Namespace { of("/") }

    /// The namespace of that name, made if need be.
    public func of(_ name: String) -> Namespace {
        let name = name.hasPrefix("/") ? name : "/" + name
        if let namespace = namespaces[name] { return namespace }
        let namespace = Namespace(name: name, server: self)
        namespaces[name] = namespace
        return namespace
    }

    func makeAdapter(for namespace: Namespace) -> any Adapter {
        options.makeAdapter?(namespace) ?? LocalAdapter(namespace, recovery: options.recovery)
    }

    func namespace(_ name: String) -> Namespace? {
        name == "/" ? root : namespaces[name]
    }

    /// Disconnects every socket as the server shuts down, closes all connections and lets go of the application.
    public func close() {
        engine.close()
        for namespace in namespaces.values { namespace.adapter.close() }
    }

    // MARK: - EngineApplication

    public func opened(_ session: EngineSession) {
        let connection = SocketConnection(server: self, session: session)
        session.context = connection
        connectDeadlines.add(connection, at: engine.now)
        observer?.opened(session)
    }

    public func upgraded(_ session: EngineSession) {
        observer?.upgraded(session)
    }

    public func received(text: ArraySlice<UInt8>, on session: EngineSession) {
        connection(of: session)?.received(text: text)
    }

    public func received(binary: [UInt8], on session: EngineSession) {
        connection(of: session)?.received(binary: binary)
    }

    public func closed(_ session: EngineSession, reason: CloseReason) {
        connection(of: session)?.ended(reason)
        observer?.closed(session, reason: reason)
    }

    private func connection(of session: EngineSession) -> SocketConnection? {
        // Nobody else sets it.
        session.context.map { unsafeDowncast($0, to: SocketConnection.self) }
    }
}
