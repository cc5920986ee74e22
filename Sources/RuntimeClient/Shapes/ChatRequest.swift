import Bytes

/// One message to a runtime (§1.8).
public struct ChatRequest: Equatable, Sendable {
    /// Not blank, and at most 1 MiB.
    public var message: String
    /// The session to go on with; one that is not known is made. Without it there is a new one.
    public var sessionID: String?

    public init(message: String, sessionID: String? = nil) {
        self.message = message
        self.sessionID = sessionID
    }

    /// As it is sent.
    public var json: JSON {
        .omittingNil(["message": .string(message), "session_id": sessionID.map { .string($0) }])
    }
}
