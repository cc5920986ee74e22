import Chat
import Fleet
import Hub
import Models
import Reactor

/// Shows chats among all other sessions: those in which something was asked, until they have been quiet for an hour. One
/// that goes on after that comes back.
@Loop
final class ChatInFleet: ChatFleet {
    private let sink: ReportedSessions
    private let project: String
    private var quietTimers: [SessionID: LoopTimer] = [:]

    /// What has changed since they were last told.
    private var waiting: [SessionID: ChatSessionView] = [:]
    /// What is being told, the oldest change at the end.
    private var due: [ChatSessionView] = []
    private var timer: LoopTimer?
    /// What was told of each session's use of tokens.
    private var used: [SessionID: TokenTotals] = [:]

    /// Milliseconds in which changes of a session are one.
    private static let pause: Int64 = 50
    /// Sessions that are told of at a time, so that no stream waits for many of them.
    private static let portion = 8
    private static let quietTime: Int64 = 3_600_000
    private static let titleLength = 80

    /// - Parameter project: The folder that chats work in, absolute.
    init(_ sink: ReportedSessions, project: String) {
        self.sink = sink
        self.project = project
    }

    /// Tells what has come of a session in a moment: short turns need no event for their beginning.
    func chatChanged(_ view: ChatSessionView) {
        guard view.title != nil else { return }
        waiting[view.id] = view
        if timer == nil { tellSoon(Self.pause) }
    }

    private func tellSoon(_ pause: Int64) {
        timer = LoopTimer(after: pause) { [weak self] in
            guard let self else { return }
            timer = nil
            if due.isEmpty {
                due = waiting.values.sorted { $0.updatedAt > $1.updatedAt }
                waiting = [:]
            }
            for _ in 0..<min(Self.portion, due.count) { tell(due.removeLast()) }
            if !due.isEmpty || !waiting.isEmpty { tellSoon(due.isEmpty ? Self.pause : 1) }
        }
    }

    private func tell(_ view: ChatSessionView) {
        let id = view.id
        quietTimers.removeValue(forKey: id)?.cancel()
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
        let updatedAt = view.updatedAt.timestamp
        var activity: AgentActivity
        switch view.state {
        case .working(let since, let tool):
            activity = AgentActivity(
                .working, since: since.timestamp, event: tool.map { "tool \($0)" } ?? "turn_started")
        case .idle:
            let due = updatedAt + Self.quietTime
            guard now < due else {
                used[id] = nil
                return sink.left(id, at: updatedAt)
            }
            quietTimers[id] = LoopTimer(after: due - now) { [weak self] in
                self?.quietTimers[id] = nil
                self?.used[id] = nil
                self?.sink.left(id, at: due)
            }
            activity = AgentActivity(
                .ready, since: updatedAt, event: view.lastError == nil ? "turn_ended" : "turn_failed")
        }
        let total = TokenTotals(view.usage)
        activity.tokens = total - (used[id] ?? .zero)
        used[id] = total
        sink.saw(
            ReportedSession(
                origin: .chat, id: id, agent: ProviderID(view.provider ?? "chat"),
                title: Self.oneLine(view.title ?? ""), projectPath: project, activity: activity))
    }

    func chatRemoved(_ id: SessionID) {
        waiting[id] = nil
        due.removeAll { $0.id == id }
        used[id] = nil
        quietTimers.removeValue(forKey: id)?.cancel()
        sink.left(id, at: Fleet.Timestamp(milliseconds: SystemClock.milliseconds))
    }

    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > titleLength ? line.prefix(titleLength - 1) + "…" : line
    }
}

extension TokenTotals {
    fileprivate init(_ usage: TokenUsage) {
        self.init(
            prompt: Int(usage.promptTokens), completion: Int(usage.completionTokens), total: Int(usage.totalTokens))
    }
}
