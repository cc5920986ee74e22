/// Why a session or a socket ended, in the words of Socket.IO.
public enum CloseReason: String, Equatable, Sendable {
    case transportClose = "transport close"
    case transportError = "transport error"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    case forcedClose = "forced close"
    case forcedServerClose = "forced server close"
    case serverShuttingDown = "server shutting down"
    case clientNamespaceDisconnect = "client namespace disconnect"
    case serverNamespaceDisconnect = "server namespace disconnect"

    /// Whether the state of a socket that ended so may be recovered (control-plane §4.10).
    public var isRecoverable: Bool {
        switch self {
        case .transportClose, .transportError, .pingTimeout, .forcedClose, .forcedServerClose, .serverShuttingDown:
            return true
        case .parseError, .clientNamespaceDisconnect, .serverNamespaceDisconnect: return false
        }
    }
}
