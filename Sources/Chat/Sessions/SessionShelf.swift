import Fleet
import Reactor

/// All sessions that are stored, by id and by their last change.
@Loop
final class SessionShelf {
    private var sessions: [String: ChatSession] = [:]
    /// The last one of the list first to come: oldest change first, so that a change moves its session to the end.
    private var order: [ChatSession] = []
    private var nextNumber: Int64 = 1

    init(_ stored: [StoredChatSession] = []) {
        for item in stored where sessions[item.key.id] == nil {
            let session = ChatSession(item)
            sessions[session.id] = session
            order.append(session)
            nextNumber = max(nextNumber, item.key.number + 1)
        }
        order.sort { Self.isBefore($0, $1) }
    }

    var count: Int { sessions.count }

    subscript(id: String) -> ChatSession? { sessions[id] }

    /// As the list shows them: newest change first, then newest, then by id (chat-runtime §3.2).
    var newestFirst: ReversedCollection<[ChatSession]> { order.reversed() }

    /// A number that no other session has.
    func takeNumber() -> Int64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    /// Changes a session, which may be new, and puts it in its place again.
    func update(_ session: ChatSession, _ change: () -> Void) {
        if let index = index(of: session) { order.remove(at: index) }
        change()
        sessions[session.id] = session
        order.insert(session, at: lowerBound(of: session))
    }

    func remove(_ session: ChatSession) {
        guard let index = index(of: session) else { return }
        order.remove(at: index)
        sessions[session.id] = nil
    }

    private func index(of session: ChatSession) -> Int? {
        guard sessions[session.id] === session else { return nil }
        return lowerBound(of: session)
    }

    private func lowerBound(of session: ChatSession) -> Int {
        // Nearly always the newest of all.
        if let last = order.last, Self.isBefore(last, session) { return order.count }
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if Self.isBefore(order[middle], session) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The reverse of the list's order.
    private static func isBefore(_ left: ChatSession, _ right: ChatSession) -> Bool {
        if left.updatedAt != right.updatedAt { return left.updatedAt < right.updatedAt }
        if left.createdAt != right.createdAt { return left.createdAt < right.createdAt }
        return left.id > right.id
    }
}
