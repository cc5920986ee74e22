import Bytes

/// The codes of the control plane's HTTP errors, each with its status (control-plane §3.1, §3.2).
public enum ErrorCode: String, CaseIterable, Sendable {
    case validation = "VALIDATION_ERROR"
    case providerAuthMissing = "PROVIDER_AUTH_MISSING"
    case providerNotSupported = "PROVIDER_NOT_SUPPORTED"
    case unauthorized = "UNAUTHORIZED"
    case forbidden = "FORBIDDEN"
    case notFound = "NOT_FOUND"
    case sessionNotFound = "SESSION_NOT_FOUND"
    case approvalNotFound = "APPROVAL_NOT_FOUND"
    case villageNotFound = "VILLAGE_NOT_FOUND"
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    case conflict = "CONFLICT"
    case invalidState = "INVALID_STATE"
    case approvalConflict = "APPROVAL_CONFLICT"
    case ambiguousID = "AMBIGUOUS_ID"
    case payloadTooLarge = "PAYLOAD_TOO_LARGE"
    case rateLimited = "RATE_LIMITED"
    case sessionLimitExceeded = "SESSION_LIMIT_EXCEEDED"
    case internalError = "INTERNAL_ERROR"
    case upstream = "UPSTREAM"
    case unavailable = "UNAVAILABLE"
    case noRunnerAvailable = "NO_RUNNER_AVAILABLE"

    public var status: Int {
        switch self {
        case .validation, .providerAuthMissing, .providerNotSupported: return 400
        case .unauthorized: return 401
        case .forbidden: return 403
        case .notFound, .sessionNotFound, .approvalNotFound, .villageNotFound: return 404
        case .methodNotAllowed: return 405
        case .conflict, .invalidState, .approvalConflict, .ambiguousID: return 409
        case .payloadTooLarge: return 413
        case .rateLimited, .sessionLimitExceeded: return 429
        case .internalError: return 500
        case .upstream: return 502
        case .unavailable, .noRunnerAvailable: return 503
        }
    }
}

/// What an HTTP request is answered with when it fails: `{"error":{code,message,details?},"requestId"}`.
public struct ErrorEnvelope: Error, Equatable, Sendable {
    public var code: ErrorCode
    /// What happened and what to do next, for a person.
    public var message: String
    public var details: JSON?

    public init(_ code: ErrorCode, _ message: String, details: JSON? = nil) {
        self.code = code
        self.message = message
        self.details = details
    }

    public var status: Int { code.status }

    /// The body. A fault of our own never says more than that it is one (§3.1).
    public func json(requestID: String) -> JSON {
        let isOurs = code == .internalError
        return [
            "error": .omittingNil([
                "code": .string(code.rawValue), "message": .string(isOurs ? "Internal Server Error" : message),
                "details": isOurs ? nil : details,
            ]),
            "requestId": .string(requestID),
        ]
    }

    /// The body for a route that does not exist, which has its code at the top too (§3.1).
    public static func unknownRoute(requestID: String) -> JSON {
        [
            "code": "NOT_FOUND", "error": ["message": "Not Found", "code": "NOT_FOUND"],
            "requestId": .string(requestID),
        ]
    }

    public static let malformedJSON = ErrorEnvelope(.validation, "Malformed JSON")
}
