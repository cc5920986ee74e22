import Bytes
import Glibc

/// A chat runtime behind a bridge (§6.5): whatever carries frames to a ``BridgeServer``, or to a shell that speaks like it.
///
/// The server behind it keeps the times of §6.3; here only an answer that never comes is given up on. `onEvent` is called
/// on the thread that reads the bridge, so that all streams wait while it runs. It ends with its last reference, or when
/// it is closed; what is under way then fails.
public final class BridgeAdapter: RuntimeAdapter {
    public var source: RuntimeSource { .bridge }

    private let line: BridgeLine

    /// `answerLimit` is how long a call that is no stream may take.
    public init(over transport: any FrameTransport, answerLimit: Duration = .seconds(40)) {
        line = BridgeLine(transport, answerLimit: answerLimit)
        line.startReading()
    }

    deinit { line.close() }

    /// Ends the bridge. Calls under way fail, and so do later ones.
    public func close() { line.close() }

    // MARK: - Operations

    public func health(_ baseURL: String) async throws(RuntimeClientError) -> Health {
        try await value(.health, ["baseUrl": .string(baseURL)], Health.init)
    }

    public func listSessions(_ baseURL: String) async throws(RuntimeClientError) -> [ChatSession] {
        try await value(.listSessions, ["baseUrl": .string(baseURL)]) { json in
            guard let list = json.array else { return nil }
            let sessions = list.compactMap { ChatSession($0) }
            return sessions.count == list.count ? sessions : nil
        }
    }

    public func createSession(_ baseURL: String) async throws(RuntimeClientError) -> ChatSession {
        try await value(.createSession, ["baseUrl": .string(baseURL)], ChatSession.init)
    }

    public func session(_ baseURL: String, _ id: String) async throws(RuntimeClientError) -> ChatSession {
        try await value(.getSession, ["baseUrl": .string(baseURL), "sessionId": .string(id)], ChatSession.init)
    }

    public func deleteSession(_ baseURL: String, _ id: String) async throws(RuntimeClientError) {
        _ = try await line.call(.deleteSession, ["baseUrl": .string(baseURL), "sessionId": .string(id)])
    }

    public func chatStream(
        _ baseURL: String, _ request: ChatRequest, onEvent: @escaping @Sendable (ChatEnvelope) -> Void
    ) async throws(RuntimeClientError) {
        let id = ChatEnvelope.makeStreamID()
        try await line.stream(
            id, ["baseUrl": .string(baseURL), "request": request.json, "streamId": .string(id)], onEvent: onEvent)
    }

    public func config(_ baseURL: String) async throws(RuntimeClientError) -> ConfigState {
        try await value(.getConfig, ["baseUrl": .string(baseURL)], ConfigState.init)
    }

    public func applyConfig(
        _ baseURL: String, _ change: ConfigChange
    ) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(.applyConfig, ["baseUrl": .string(baseURL), "request": change.json], ConfigMutation.init)
    }

    public func resetConfig(_ baseURL: String) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(.resetConfig, ["baseUrl": .string(baseURL)], ConfigMutation.init)
    }

    public func restartConfig(
        _ baseURL: String, _ change: ConfigChange?
    ) async throws(RuntimeClientError) -> ConfigMutation {
        try await value(
            .restartConfig, .omittingNil(["baseUrl": .string(baseURL), "request": change?.json]), ConfigMutation.init)
    }

    public func cancelTurn(_ baseURL: String, _ id: String) async throws(RuntimeClientError) {
        _ = try await line.call(.cancelSession, ["baseUrl": .string(baseURL), "sessionId": .string(id)])
    }

    private func value<Value>(
        _ command: BridgeCommand, _ arguments: JSON, _ decode: (JSON) -> Value?
    ) async throws(RuntimeClientError) -> Value {
        guard let value = decode(try await line.call(command, arguments)) else {
            throw RuntimeClientError(.unknown, "the answer to \(command.rawValue) is not what was asked for")
        }
        return value
    }
}
