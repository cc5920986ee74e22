/// A session that nobody here runs, as it is now: an agent that reports by itself, or a chat.
public struct ReportedSession: Equatable, Sendable {
    /// `observed` or `chat`.
    public var origin: SessionOrigin
    public var id: SessionID
    public var agent: ProviderID
    /// One line.
    public var title: String
    /// Absolute.
    public var projectPath: String
    public var process: ProcessIdentity?
    public var activity: AgentActivity
    /// The session of ours that the agent says it was started in.
    public var launchedAs: SessionID?

    public init(
        origin: SessionOrigin, id: SessionID, agent: ProviderID, title: String, projectPath: String,
        process: ProcessIdentity? = nil, activity: AgentActivity, launchedAs: SessionID? = nil
    ) {
        self.origin = origin
        self.id = id
        self.agent = agent
        self.title = title
        self.projectPath = projectPath
        self.process = process
        self.activity = activity
        self.launchedAs = launchedAs
    }
}

/// Who makes ordinary sessions of those that are only reported: in the list, in rooms, on the stream of events.
///
/// Isolation-neutral like ``Journal``.
public protocol ReportedSessionSink: AnyObject {
    /// The observed sessions that are believed to live.
    var observed: [SessionID] { get }
    /// The agent's own id of a session of ours, when its agent reports.
    func speaker(of session: SessionID) -> SessionID?
    /// Takes the present state of a session. Saying the same again changes nothing.
    func saw(_ session: ReportedSession)
    /// A tool of its agent touched a file, relative to its project where it lies in it.
    func touched(_ path: String, _ reason: FileTouch.Reason, by session: SessionID, at time: Timestamp)
    /// It is over.
    func left(_ session: SessionID, at time: Timestamp)
}
