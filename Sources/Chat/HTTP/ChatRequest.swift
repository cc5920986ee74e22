import Bytes

/// The body of `POST /api/chat` (chat-runtime §1.8).
struct ChatRequest: Equatable, Sendable {
    /// Bytes of a message.
    static let messageLimit = 1 << 20

    var message: String
    /// `nil` for a new session.
    var sessionID: String?

    init(message: String, sessionID: String? = nil) {
        self.message = message
        self.sessionID = sessionID
    }

    init(body: [UInt8]) throws(TurnError) {
        let fields = try JSON.requestBody(body)
        guard let message = fields["message"]?.string else {
            throw TurnError(.invalidRequest, "\"message\" must be a text")
        }
        guard message.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
            throw TurnError(.invalidRequest, "\"message\" is empty")
        }
        guard message.utf8.count <= Self.messageLimit else {
            throw TurnError(.invalidRequest, "\"message\" has more than \(Self.messageLimit) bytes")
        }
        self.message = message
        switch fields["session_id"] {
        case nil, .null?, .string("")?: sessionID = nil
        case .string(let id)? where SessionIDRules.accepts(id): sessionID = id
        case .string?:
            throw TurnError(
                .invalidRequest, "\"session_id\" takes up to 128 letters, digits and . _ : -, a letter or digit first")
        default: throw TurnError(.invalidRequest, "\"session_id\" must be a text or null")
        }
    }
}

extension JSON {
    /// Reads a body that must be one JSON object, without keys that stand twice (§1.4).
    static func requestBody(_ body: [UInt8]) throws(TurnError) -> JSONObject {
        let json: JSON
        do throws(JSONError) {
            json = try JSON(parsing: body, duplicateKeys: .reject)
        } catch {
            throw TurnError(.invalidRequest, body.isEmpty ? "the body is empty" : "the body is not JSON: \(error)")
        }
        guard case .object(let fields) = json else {
            throw TurnError(.invalidRequest, "the body must be a JSON object")
        }
        return fields
    }
}
