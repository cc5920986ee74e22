/// Why a command of the chat runtime failed (chat-runtime §6.3).
public struct RuntimeClientError: Error, Equatable, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        case networkUnavailable = "NETWORK_UNAVAILABLE"
        case badRequest = "HTTP_BAD_REQUEST"
        case unauthorized = "HTTP_UNAUTHORIZED"
        case notFound = "HTTP_NOT_FOUND"
        case serverError = "HTTP_SERVER_ERROR"
        case streamViolated = "SSE_PROTOCOL_ERROR"
        /// The bridge itself failed. The name is older than this bridge.
        case bridgeFailed = "TAURI_INVOKE_FAILED"
        case unknown = "UNKNOWN"
    }

    public var code: Code
    public var message: String
    /// The `code` of the server's own error body.
    public var serverCode: String?

    public init(_ code: Code, _ message: String, serverCode: String? = nil) {
        self.code = code
        self.message = message
        self.serverCode = serverCode
    }
}
