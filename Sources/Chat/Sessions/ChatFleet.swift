import Fleet
import Models
import Reactor

/// Where chat sessions stand among Drover's other sessions. Told of everything that a list of sessions shows; declared
/// here, implemented by whoever keeps that list. What it is told is durable already.
@Loop
public protocol ChatFleet: AnyObject {
    /// A session is new, was there when the daemon started, or is otherwise than it was.
    func chatChanged(_ view: ChatSessionView)
    func chatRemoved(_ id: SessionID)
}

/// A chat session as a list of sessions shows it.
public struct ChatSessionView: Equatable, Sendable {
    public enum State: Equatable, Sendable {
        case idle
        /// A turn is under way.
        case working(since: PreciseTime, tool: String?)
    }

    public struct LastMessage: Equatable, Sendable {
        public var role: ChatMessage.Role
        /// At most 160 characters.
        public var text: String
    }

    public var id: SessionID
    public var createdAt: PreciseTime
    public var updatedAt: PreciseTime
    public var state: State
    /// Turns that wait for the one under way.
    public var waitingTurns: Int
    public var messageCount: Int
    /// The beginning of the first thing that was asked; `nil` as long as nothing was.
    public var title: String?
    /// The last message that is text; `nil` as long as there is none.
    public var lastMessage: LastMessage?
    /// Of the last turn; `nil` before the first one since the daemon started.
    public var provider: String?
    public var model: String?
    /// Over all turns since the daemon started.
    public var usage: TokenUsage
    /// Why the last turn failed.
    public var lastError: String?
}
