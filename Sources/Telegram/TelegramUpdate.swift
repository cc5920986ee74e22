import Bytes

/// News from Telegram: an `Update` of its Bot API, as far as chats go by it (chat-runtime §8.1).
public struct TelegramUpdate: Equatable, Sendable {
    public var id: Int
    /// What somebody wrote or changed; `nil` for every other kind of news, and for messages without text.
    public var message: TelegramMessage?

    public init(id: Int, message: TelegramMessage?) {
        self.id = id
        self.message = message
    }

    /// `nil` for what is no update at all.
    public init?(json: JSON) {
        guard let id = json["update_id"]?.integer else { return nil }
        self.id = id
        for kind in ["message", "edited_message"] {
            guard let found = json[kind], !found.isNull else { continue }
            guard let number = found["message_id"]?.integer, let chat = found["chat"]?["id"]?.integer else {
                return nil
            }
            guard let text = found["text"]?.string, !text.isEmpty else { continue }
            message = TelegramMessage(id: number, chat: chat, user: found["from"]?["id"]?.integer, text: text)
            return
        }
    }
}

/// A text that somebody wrote in a chat.
public struct TelegramMessage: Equatable, Sendable {
    public var id: Int
    /// Negative for groups.
    public var chat: Int
    /// `nil` for what a channel or a group says in its own name.
    public var user: Int?
    /// Never empty.
    public var text: String

    public init(id: Int, chat: Int, user: Int?, text: String) {
        self.id = id
        self.chat = chat
        self.user = user
        self.text = text
    }

    /// Whose conversation it belongs to: everybody in a group has one of their own.
    public var sessionKey: String { "telegram:\(chat):\(user ?? 0)" }
}

/// Which chat session a conversation goes on in. A plain value, in memory alone.
public struct TelegramSessions: Equatable, Sendable {
    /// Conversations remembered; beyond it the one that was quiet longest is forgotten, and begins anew.
    public static let limit = 10_000

    private var sessions: [String: (session: String, used: UInt64)] = [:]
    private var clock: UInt64 = 0

    public init() {}

    /// The session of that conversation, if it has one; asking counts as use.
    public mutating func session(of key: String) -> String? {
        guard let found = sessions[key] else { return nil }
        clock += 1
        sessions[key] = (found.session, clock)
        return found.session
    }

    public mutating func bind(_ key: String, to session: String) {
        clock += 1
        sessions[key] = (session, clock)
        guard sessions.count > Self.limit, let oldest = sessions.min(by: { $0.value.used < $1.value.used }) else {
            return
        }
        sessions[oldest.key] = nil
    }

    /// Forgets conversations of a session that was deleted (§3.2).
    public mutating func forget(session: String) {
        sessions = sessions.filter { $0.value.session != session }
    }

    public static func == (left: TelegramSessions, right: TelegramSessions) -> Bool {
        left.sessions.mapValues(\.session) == right.sessions.mapValues(\.session)
    }
}
