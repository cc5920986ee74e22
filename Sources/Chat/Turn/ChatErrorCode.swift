/// What programs are told about a failure: `code` of an error body and of the event `error` (chat-runtime §1.3).
public enum ChatErrorCode: String, Sendable, CaseIterable {
    case invalidRequest = "invalid_request"
    case notFound = "not_found"
    case serviceUnavailable = "service_unavailable"
    case internalError = "internal_error"
    case unauthorized
    case forbidden
    case methodNotAllowed = "method_not_allowed"
    case conflict
    case payloadTooLarge = "payload_too_large"
    case configInvalid = "config_invalid"
    case shuttingDown = "shutting_down"
    /// A turn that somebody ended; only ever in a stream (§2.7).
    case cancelled

    /// The status it goes with outside of a stream.
    public var status: Int {
        switch self {
        case .invalidRequest, .configInvalid: return 400
        case .unauthorized: return 401
        case .forbidden: return 403
        case .notFound: return 404
        case .methodNotAllowed: return 405
        case .conflict, .cancelled: return 409
        case .payloadTooLarge: return 413
        case .internalError: return 500
        case .serviceUnavailable, .shuttingDown: return 503
        }
    }
}
