import Bytes

/// What Telegram posts, and what it is answered (chat-runtime §8.1).
public enum TelegramWebhook {
    /// The header that carries the secret, in small letters.
    public static let header = "x-telegram-bot-api-secret-token"

    /// Whether the sender knows the secret, compared in a time that does not depend on where it differs. Without a
    /// configured secret everybody does.
    public static func accepts(_ given: String?, secret: String?) -> Bool {
        guard let secret else { return true }
        let offered = Array((given ?? "").utf8)
        let wanted = Array(secret.utf8)
        guard !wanted.isEmpty else { return false }
        var difference = offered.count ^ wanted.count
        for (index, byte) in offered.enumerated() { difference |= Int(byte ^ wanted[index % wanted.count]) }
        return difference == 0
    }

    /// The answer to an update: whether it was passed over, and the session that it went to.
    public static func answer(session: String?) -> JSON {
        ["ok": true, "ignored": .bool(session == nil), "session_id": session.map { .string($0) } ?? .null]
    }
}

/// `GET /api/channels/status` (chat-runtime §8.1).
public struct ChannelStatus: Equatable, Sendable {
    public enum Connector: String, Sendable {
        case disabled, running, failing
    }

    public var isEnabled: Bool
    public var polls: Bool
    public var apiBaseURL: String
    public var hasWebhookSecret: Bool
    public var connector: Connector
    /// What went wrong last.
    public var failure: String?

    public init(
        isEnabled: Bool, polls: Bool, apiBaseURL: String, hasWebhookSecret: Bool, connector: Connector,
        failure: String? = nil
    ) {
        self.isEnabled = isEnabled
        self.polls = polls
        self.apiBaseURL = apiBaseURL
        self.hasWebhookSecret = hasWebhookSecret
        self.connector = connector
        self.failure = failure
    }

    public var json: JSON {
        [
            "enabled_channels": isEnabled ? ["telegram"] : [],
            "connectors": [
                [
                    "channel": "telegram", "status": .string(connector.rawValue),
                    "detail": .omittingNil(["last_error": failure.map { .string($0) }]),
                ]
            ],
            "telegram": [
                "enabled": .bool(isEnabled), "polling": .bool(polls), "api_base_url": .string(apiBaseURL),
                "webhook_secret_configured": .bool(hasWebhookSecret),
            ],
        ]
    }
}
