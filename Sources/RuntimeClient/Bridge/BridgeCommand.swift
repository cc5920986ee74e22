/// What a bridge can be asked (§6.1), by the names on the wire.
enum BridgeCommand: String, Sendable, CaseIterable {
    case health
    case listSessions = "list_sessions"
    case createSession = "create_session"
    case getSession = "get_session"
    case deleteSession = "delete_session"
    case chatStream = "chat_stream"
    case getConfig = "get_config"
    case applyConfig = "apply_config"
    case resetConfig = "reset_config"
    case restartConfig = "restart_config"
    /// Ours: ends the turn of a session (§2.7).
    case cancelSession = "cancel_session"
    /// Ours: no more of a stream is wanted, which does not end its turn.
    case cancelStream = "cancel_stream"
}
