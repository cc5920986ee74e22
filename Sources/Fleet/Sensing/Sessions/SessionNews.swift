import Bytes

/// What one event says about its session, reduced to what the rules look at.
struct SessionNews: Equatable, Sendable {
    enum Subject: Equatable, Sendable {
        case sessionStarted
        case promptSubmitted
        /// `asks`: the tool is a question to the person.
        case toolBegan(asks: Bool)
        /// `isFailure` only tells the types apart; the rules are the same.
        case toolEnded(isFailure: Bool)
        case permissionAsked
        case compactionBegan(Compaction.Trigger?)
        /// `wasStart`: told by the start of a session with source `compact` (D-16).
        case compactionEnded(Compaction.Trigger?, wasStart: Bool)
        case notified(String)
        case stopped(isHookActive: Bool, isSubagent: Bool, hasBackgroundTasks: Bool)
        case taskCompleted(isOfAnother: Bool)
        case sessionEnded
        /// Types that say nothing about a session's state.
        case other
        /// The agent started a program, or was told so: it is not waiting for an answer any more.
        case answered
        /// The agent stands still until a person does something.
        case stuck
    }

    var subject: Subject
    var source: StateClaim.Source
    var at: Timestamp
    var pid: UInt32?
    var cwd: String?
    var filePath: String?
    var project = ProjectFacts()
    var agent: ProviderID?
    var launchedAs: SessionID?

    /// The word for ``SensedSession/lastEvent``.
    var name: String { source.name }
}

extension SessionNews {
    /// Reads an event of a session. `at` is its time as it is believed (D-27).
    init(_ event: HookEvent, rowid: Int64, at: Timestamp, project: ProjectFacts) {
        subject = Subject(event)
        source = .hook(event.type, event.eventID, rowid: rowid)
        self.at = at
        pid = event.pid
        cwd = event.cwd.flatMap { $0.isBlank ? nil : $0 }
        filePath = event.filePath.flatMap { $0.isBlank ? nil : $0 }
        self.project = project
        agent = event.agent
        launchedAs = event.launchedAs
    }
}

extension HookEvent {
    /// Whose agent reports, where its reporter says so (docs/protocols/hook-reports.md).
    public var agent: ProviderID? { Self.agent(of: metadata) }
    /// The session of ours that the agent was started in.
    public var launchedAs: SessionID? { Self.launchedAs(of: metadata) }

    static func agent(of metadata: JSON?) -> ProviderID? { id(metadata?["drover_agent"]).map { ProviderID($0) } }
    static func launchedAs(of metadata: JSON?) -> SessionID? {
        id(metadata?["drover_session_id"]).map { SessionID($0) }
    }

    /// Ids of ours are short. Longer ones are somebody's joke, and would be carried around for ever.
    private static func id(_ value: JSON?) -> String? {
        guard let text = value?.string, !text.isEmpty, text.utf8.count <= 128 else { return nil }
        return text
    }
}

extension SessionNews.Subject {
    /// Tools of Claude Code that wait for a person.
    private static let questions: Set<String> = ["AskUserQuestion", "ExitPlanMode"]

    init(_ event: HookEvent) {
        let metadata = event.metadata?.object
        switch event.type {
        case .sessionStart:
            if metadata?["source"]?.string == "compact" {
                self = .compactionEnded(Compaction.Trigger(metadata), wasStart: true)
            } else {
                self = .sessionStarted
            }
        case .userPromptSubmit: self = .promptSubmitted
        case .preToolUse: self = .toolBegan(asks: Self.questions.contains(event.tool ?? ""))
        case .postToolUse: self = .toolEnded(isFailure: false)
        case .postToolUseFailure: self = .toolEnded(isFailure: true)
        case .permissionRequest: self = .permissionAsked
        case .preCompact: self = .compactionBegan(Compaction.Trigger(metadata))
        case .notification: self = .notified(event.notificationType ?? "")
        case .stop:
            self = .stopped(
                isHookActive: event.stopHookActive == true, isSubagent: metadata.hasText("agent_id"),
                hasBackgroundTasks: metadata.hasElements("background_tasks") || metadata.hasElements("session_crons"))
        case .taskCompleted:
            self = .taskCompleted(isOfAnother: metadata.hasText("agent_id") || metadata.hasText("teammate_name"))
        case .sessionEnd: self = .sessionEnded
        case .subagentStart, .subagentStop, .teammateIdle, .shellCwd, .worktreeCreate, .worktreeRemove, .configChange:
            self = .other
        }
    }
}

extension SessionNews {
    /// Reads an event that the contract does not know; `nil` for one that says nothing about the state.
    init?(_ event: ExtraEvent, at: Timestamp) {
        let metadata = event.metadata?.object
        switch event.type {
        case "post_compact": subject = .compactionEnded(Compaction.Trigger(metadata), wasStart: false)
        // The turn ended with an error: it goes on when a person says so.
        case "stop_failure", "session_error", "elicitation": subject = .stuck
        case "permission_denied", "permission_replied", "elicitation_result", "question_replied",
            "question_rejected":
            subject = .answered
        default: return nil
        }
        source = .extra(event.type, event.eventID)
        self.at = at
        pid = event.pid
        agent = HookEvent.agent(of: event.metadata)
        launchedAs = HookEvent.launchedAs(of: event.metadata)
    }
}

extension Compaction.Trigger {
    fileprivate init?(_ metadata: JSONObject?) {
        guard let text = metadata?["trigger"]?.string else { return nil }
        self.init(rawValue: text)
    }
}

extension JSONObject? {
    fileprivate func hasText(_ key: String) -> Bool { self?[key]?.string.map { !$0.isEmpty } ?? false }
    fileprivate func hasElements(_ key: String) -> Bool { self?[key]?.array.map { !$0.isEmpty } ?? false }
}

extension String {
    /// Whether there is nothing in it but white space.
    var isBlank: Bool { utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }
}
