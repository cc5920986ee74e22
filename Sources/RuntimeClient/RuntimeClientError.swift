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
    /// For a person: the server's own words where it gave some.
    public var message: String
    /// The `code` of the server's own error body.
    public var serverCode: String?
    /// The HTTP status, where an answer came.
    public var status: Int?

    public init(_ code: Code, _ message: String, serverCode: String? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.serverCode = serverCode
        self.status = status
    }
}

extension RuntimeClientError {
    /// The task that asked was cancelled.
    static let cancelled = RuntimeClientError(.unknown, "the request was cancelled", serverCode: cancelledCode)

    private static let cancelledCode = "cancelled"

    /// Whether the caller ended it: its task was cancelled.
    public var isCancellation: Bool { code == .unknown && serverCode == Self.cancelledCode && status == nil }
}
