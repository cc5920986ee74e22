import Bytes

/// What an adapter talks through, as a page shows it.
public enum RuntimeSource: String, Sendable, CaseIterable {
    case http
    /// The bridge of a native shell. The name is older than this bridge.
    case bridge = "tauri"
}

/// The ten commands of a chat runtime (chat-runtime §6.1, §6.2), whichever way they travel.
///
/// Every operation takes the base URL of the runtime: `http://127.0.0.1:3000`, spaces around it and slashes at its end
/// are passed over. What they answer with can be made from JSON, for adapters of your own. All of them throw ``RuntimeClientError`` with one of the eight codes of §6.3, and all of them end
/// early when their task is cancelled; the error then says so (``RuntimeClientError/isCancellation``).
public protocol RuntimeAdapter: Sendable {
    var source: RuntimeSource { get }

    /// `runtime.health`
    func health(_ baseURL: String) async throws(RuntimeClientError) -> Health
    /// `session.list`: all sessions with their messages, the one changed last first.
    func listSessions(_ baseURL: String) async throws(RuntimeClientError) -> [ChatSession]
    /// `session.create`
    func createSession(_ baseURL: String) async throws(RuntimeClientError) -> ChatSession
    /// `session.get`
    func session(_ baseURL: String, _ id: String) async throws(RuntimeClientError) -> ChatSession
    /// `session.delete`
    func deleteSession(_ baseURL: String, _ id: String) async throws(RuntimeClientError)
    /// `chat.stream`: returns when the stream is over, after everything in it was told to `onEvent`.
    ///
    /// `onEvent` is called on a thread of the adapter, one event after the other; the stream waits while it runs. An
    /// event of kind `error` is the server's answer and no failure of this call.
    func chatStream(
        _ baseURL: String, _ request: ChatRequest, onEvent: @escaping @Sendable (ChatEnvelope) -> Void
    ) async throws(RuntimeClientError)
    /// `config.get`
    func config(_ baseURL: String) async throws(RuntimeClientError) -> ConfigState
    /// `config.apply`
    func applyConfig(_ baseURL: String, _ change: ConfigChange) async throws(RuntimeClientError) -> ConfigMutation
    /// `config.reset`: writes what runs over the file.
    func resetConfig(_ baseURL: String) async throws(RuntimeClientError) -> ConfigMutation
    /// `config.restart`: with a change, that is applied first.
    func restartConfig(_ baseURL: String, _ change: ConfigChange?) async throws(RuntimeClientError) -> ConfigMutation

    /// Asks that the turn of a session end (§2.7): its stream then ends with an event `error` of code `cancelled`.
    func cancelTurn(_ baseURL: String, _ id: String) async throws(RuntimeClientError)
}

extension RuntimeAdapter {
    /// For adapters that know the ten commands only.
    public func cancelTurn(_ baseURL: String, _ id: String) async throws(RuntimeClientError) {
        throw RuntimeClientError(.unknown, "this adapter cannot end a turn")
    }

    /// `chat.stream` in the contract's form: it returns when the stream is over, and tells its failure once.
    public func chatStream(
        _ baseURL: String, _ request: ChatRequest, onEvent: @escaping @Sendable (ChatEnvelope) -> Void,
        onError: @escaping @Sendable (RuntimeClientError) -> Void
    ) async {
        do throws(RuntimeClientError) {
            try await chatStream(baseURL, request, onEvent: onEvent)
        } catch {
            onError(error)
        }
    }
}
