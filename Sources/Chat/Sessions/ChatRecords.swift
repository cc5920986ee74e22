import Bytes
import Fleet
import Models
import Reactor

/// Where chat sessions are kept. Declared here, implemented by the composition root over the journal: each call is one
/// transaction of an event for each thing that happened, and the rows that derive from it.
@Loop
public protocol ChatRecords: AnyObject {
    /// Writes all or nothing, and calls back when it is durable. Calls are carried out in their order. A disk without room
    /// is a failure, not a wait.
    func write(_ change: ChatChange, completion: @escaping @Loop (Result<Void, JournalError>) -> Void)
}

/// How a session is named in rows: by a number, which is smaller than its id.
public struct ChatSessionKey: Hashable, Sendable {
    public var number: Int64
    public var id: String

    public init(number: Int64, id: String) {
        self.number = number
        self.id = id
    }
}

/// What is written at a time.
public enum ChatChange: Sendable {
    case save(ChatSave)
    case delete(ChatSessionKey, at: PreciseTime)
}

/// What is added to a session, in order: the session itself, messages, the end of a turn.
public struct ChatSave: Sendable {
    public struct Message: Sendable {
        /// From 0.
        public var position: Int
        public var role: ChatMessage.Role
        /// When it was appended; what the session's `updated_at` was from then on.
        public var at: PreciseTime
        /// As JSON (§3.1).
        public var encoded: [UInt8]
        /// Tool of a tool's answer.
        public var tool: String?
        public var isError: Bool
        public var isPartial: Bool
    }

    public var session: ChatSessionKey
    public var createdAt: PreciseTime
    /// Whether the session is new with this.
    public var isNew: Bool
    public var messages: [Message]
    public var updatedAt: PreciseTime
    public var outcome: TurnOutcome?
    /// What the turn went by, where it got that far.
    public var model: String?
    public var provider: String?
}

/// A session as it was read back.
public struct StoredChatSession: Sendable {
    public var key: ChatSessionKey
    public var createdAt: PreciseTime
    public var updatedAt: PreciseTime
    /// As JSON, in order.
    public var messages: [[UInt8]]

    public init(key: ChatSessionKey, createdAt: PreciseTime, updatedAt: PreciseTime, messages: [[UInt8]]) {
        self.key = key
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.messages = messages
    }
}
