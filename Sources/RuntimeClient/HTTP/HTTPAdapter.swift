import Bytes
import Synchronization

/// A chat runtime over HTTP (chat-runtime §6).
///
/// Every request has a thread of its own while it lasts; tasks only wait. Cancelling the task that waits ends the
/// request and closes its connection. Servers elsewhere are reached through the proxies that the environment names,
/// those on this machine directly. Redirections are not followed.
public struct HTTPAdapter: RuntimeAdapter {
    /// How long things may take, and how much there may be of them.
    public struct Limits: Equatable, Sendable {
        /// For name, connection and TLS.
        public var connect = Duration.seconds(5)
        /// For a whole request that is no stream.
        public var request = Duration.seconds(30)
        /// Without a byte in a stream: three times the pause of its keep-alives.
        public var streamIdle = Duration.seconds(45)
        /// Bytes of an answer that is no stream.
        public var body = 256 << 20
        /// Bytes of one event.
        public var event = ChatStreamParser.eventLimit
        /// Requests under way at the same time; more of them fail at once.
        public var requests = 64

        public init() {}
    }

    public var source: RuntimeSource { .http }

    private let limits: Limits
    private let token: String?
    /// Who gets the token.
    private let trusted: Trusted
    private let gate = Gate()

    private final class Gate: Sendable {
        let count = Mutex(0)
    }

    /// `token` is shown to the server as a bearer token: to all of them, or only to the one at `trustedBaseURL`.
    public init(token: String? = nil, onlyTo trustedBaseURL: String? = nil, limits: Limits = Limits()) {
        self.token = token
        self.limits = limits
        // An address that is none is the address of nobody.
        trusted = trustedBaseURL.map { .one(BaseURL($0)) } ?? .all
    }

    private enum Trusted: Sendable {
        case all
        case one(BaseURL?)

        func includes(_ base: BaseURL) -> Bool {
            switch self {
            case .all: return true
            case .one(let trusted): return trusted == base
            }
        }
    }

    // MARK: - Operations

    public func health(_ baseURL: String) async throws(RuntimeClientError) -> Health {
        try await value(baseURL, "GET", "/api/health", Health.init)
    }

    public func listSessions(_ baseURL: String) async throws(RuntimeClientError) -> [ChatSession] {
        try await value(baseURL, "GET", "/api/sessions") { json in
            guard let list = json.array else { return nil }
            let sessions = list.compactMap { ChatSession($0) }
            return sessions.count == list.count ? sessions : nil
        }
    }

    public func createSession(_ baseURL: String) async throws(RuntimeClientError) -> ChatSession {
        try await value(baseURL, "POST", "/api/sessions", ChatSession.init)
    }

    public func session(_ baseURL: String, _ id: String) async throws(RuntimeClientError) -> ChatSession {
        try await value(baseURL, "GET", "/api/sessions/" + BaseURL.encoded(id), ChatSession.init)
    }

    public func deleteSession(_ baseURL: String, _ id: String) async throws(RuntimeClientError) {
        try await request(baseURL, "DELETE", "/api/sessions/" + BaseURL.encoded(id)) { _ in }
    }

    public func config(_ baseURL: String) async throws(RuntimeClientError) -> ConfigState {
        try await value(baseURL, "GET", "/api/config", ConfigState.init)
    }

    public func applyConfig(
        _ baseURL: String, _ change: ConfigChange
    ) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(baseURL, "POST", "/api/config/apply", body: change.json, ConfigMutation.init)
    }

    public func resetConfig(_ baseURL: String) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(baseURL, "POST", "/api/config/reset", body: [:], ConfigMutation.init)
    }

    public func restartConfig(
        _ baseURL: String, _ change: ConfigChange?
    ) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(baseURL, "POST", "/api/config/restart", body: change?.json ?? [:], ConfigMutation.init)
    }

    public func cancelTurn(_ baseURL: String, _ id: String) async throws(RuntimeClientError) {
        try await request(baseURL, "POST", "/api/sessions/" + BaseURL.encoded(id) + "/cancel") { _ in }
    }

    public func chatStream(
        _ baseURL: String, _ request: ChatRequest, onEvent: @escaping @Sendable (ChatEnvelope) -> Void
    ) async throws(RuntimeClientError) {
        try await chatStream(baseURL, request, id: ChatEnvelope.makeStreamID(), onEvent: onEvent)
    }

    /// The same with the id that its envelopes carry.
    public func chatStream(
        _ baseURL: String, _ request: ChatRequest, id: String,
        onEvent: @escaping @Sendable (ChatEnvelope) -> Void
    ) async throws(RuntimeClientError) {
        var call = try call(baseURL, "POST", "/api/chat", body: request.json, accepting: "text/event-stream")
        call.idleLimit = limits.streamIdle
        let eventLimit = limits.event
        try await onThread { [call] exchange throws(RuntimeClientError) in
            let reader = ChatStreamReader(eventLimit: eventLimit) {
                onEvent(ChatEnvelope(streamID: id, event: $0))
            }
            try reader.read(call, over: exchange)
        }
    }

    // MARK: - Requests

    private func value<Value: Sendable>(
        _ baseURL: String, _ method: String, _ path: String, body: JSON? = nil,
        _ decode: @escaping @Sendable (JSON) -> Value?
    ) async throws(RuntimeClientError) -> Value {
        try await request(baseURL, method, path, body: body) { answer throws(RuntimeClientError) in
            guard let json = try? JSON(parsing: answer.body), let value = decode(json) else {
                throw RuntimeClientError(
                    .unknown, "the server's answer is not what was asked for", status: answer.head.status)
            }
            return value
        }
    }

    /// Asks, and reads the answer on the same thread: a list of sessions may be large.
    private func request<Value: Sendable>(
        _ baseURL: String, _ method: String, _ path: String, body: JSON? = nil,
        _ read: @escaping @Sendable (WholeAnswer) throws(RuntimeClientError) -> Value
    ) async throws(RuntimeClientError) -> Value {
        var call = try call(baseURL, method, path, body: body, accepting: "application/json")
        call.totalLimit = limits.request
        let limit = limits.body
        return try await onThread { [call] exchange throws(RuntimeClientError) in
            let answer = try WholeAnswer(to: call, over: exchange, limit: limit)
            guard (200...299).contains(answer.head.status) else { throw answer.refusal }
            return try read(answer)
        }
    }

    private func call(
        _ baseURL: String, _ method: String, _ path: String, body: JSON?, accepting type: String
    ) throws(RuntimeClientError) -> HTTPCall {
        guard let base = BaseURL(baseURL) else {
            throw RuntimeClientError(.networkUnavailable, "\"\(baseURL)\" is no address over http or https")
        }
        // curl would ask before it sends much, and servers need not answer.
        var headers = ["Accept: \(type)", "Expect:"]
        headers.append(body == nil ? "Content-Type:" : "Content-Type: application/json")
        if let token, trusted.includes(base) {
            guard !token.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw RuntimeClientError(.unauthorized, "the token has characters that no header can carry")
            }
            headers.append("Authorization: Bearer \(token)")
        }
        return HTTPCall(
            method: method, url: base.text + path, headers: headers, body: body?.encoded() ?? [],
            connectLimit: limits.connect)
    }

    /// Runs `work` on a thread of its own, and cancels its exchange with the task.
    private func onThread<Value: Sendable>(
        _ work: @escaping @Sendable (HTTPExchange) throws(RuntimeClientError) -> Value
    ) async throws(RuntimeClientError) -> Value {
        let gate = gate
        let limit = limits.requests
        let isIn = gate.count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard isIn else { throw RuntimeClientError(.unknown, "\(limit) requests are under way already") }
        let exchange = HTTPExchange()
        let result: Result<Value, RuntimeClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let started = DetachedThread.run {
                    let result: Result<Value, RuntimeClientError>
                    do throws(RuntimeClientError) { result = .success(try work(exchange)) } catch {
                        result = .failure(error)
                    }
                    gate.count.withLock { $0 -= 1 }
                    continuation.resume(returning: result)
                }
                guard !started else { return }
                gate.count.withLock { $0 -= 1 }
                continuation.resume(
                    returning: .failure(RuntimeClientError(.unknown, "the system has no thread for the request")))
            }
        } onCancel: {
            exchange.cancel()
        }
        return try result.get()
    }
}

extension RuntimeClientError {
    init(_ failure: HTTPExchangeFailure) {
        switch failure {
        case .cancelled: self = .cancelled
        case .network(let reason): self.init(.networkUnavailable, reason)
        }
    }
}
