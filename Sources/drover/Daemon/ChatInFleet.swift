import Chat
import Fleet
import Hub
import Reactor

/// Shows chats among all other sessions: those in which something was asked, until they have been quiet for an hour. One
/// that goes on after that comes back.
@Loop
final class ChatInFleet: ChatFleet {
    private let sink: ReportedSessions
    private let project: String
    private var quietTimers: [SessionID: LoopTimer] = [:]

    private static let quietTime: Int64 = 3_600_000
    private static let titleLength = 80

    /// - Parameter project: The folder that chats work in, absolute.
    init(_ sink: ReportedSessions, project: String) {
        self.sink = sink
        self.project = project
    }

    func chatChanged(_ view: ChatSessionView) {
        guard let title = view.title else { return }
        let id = view.id
        quietTimers.removeValue(forKey: id)?.cancel()
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
        let updatedAt = view.updatedAt.timestamp
        let activity: AgentActivity
        switch view.state {
        case .working(let since, let tool):
            activity = AgentActivity(
                .working, since: since.timestamp, event: tool.map { "tool \($0)" } ?? "turn_started")
        case .idle:
            let due = updatedAt + Self.quietTime
            guard now < due else { return sink.left(id, at: updatedAt) }
            quietTimers[id] = LoopTimer(after: due - now) { [weak self] in
                self?.quietTimers[id] = nil
                self?.sink.left(id, at: due)
            }
            activity = AgentActivity(
                .ready, since: updatedAt, event: view.lastError == nil ? "turn_ended" : "turn_failed")
        }
        sink.saw(
            ReportedSession(
                origin: .chat, id: id, agent: ProviderID(view.provider ?? "chat"),
                title: Self.oneLine(title), projectPath: project, activity: activity))
    }

    func chatRemoved(_ id: SessionID) {
        quietTimers.removeValue(forKey: id)?.cancel()
        sink.left(id, at: Fleet.Timestamp(milliseconds: SystemClock.milliseconds))
    }

    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > titleLength ? line.prefix(titleLength - 1) + "…" : line
    }
}
