import Fleet
import Reactor
import Tmux
import Wire

/// What agents and shells report by themselves, whoever started them: the sessions, projects and terminals behind it
/// (daemon-ipc).
///
/// Decided here on the loop, one event after another; answered when it is durable.
@Loop
public final class SensingService {
    public struct Settings: Sendable {
        public var version: String
        public var buildHash: String
        public var pid: UInt32
        /// The home directory of the user, which projects lie in.
        public var home: String
        public var configuration: SensingConfiguration

        public init(version: String, buildHash: String, pid: UInt32, home: String, configuration: SensingConfiguration)
        {
            self.version = version
            self.buildHash = buildHash
            self.pid = pid
            self.home = home
            self.configuration = configuration
        }
    }

    public let settings: Settings
    let journal: any SensingJournal
    let tmux: TmuxServer
    let host: HostView
    let processes: RecentProcesses
    let rules: PathRules
    let finder: ProjectFinder<HostView>
    let resolver: RouteResolver

    var state: SensingState
    var counters: RoutingCounters
    var registry = TmuxRegistry()
    var reconciles: [ReconcileSource: ReconcileHealth.Counters] = [:]
    public var backoff: StartBackoff?
    /// Asked for `get_health`.
    public var connections: @Loop () -> (active: Int, rejected: UInt64) = { (1, 0) }
    /// Who shows observed sessions among all others.
    public weak var sink: (any ReportedSessionSink)?

    /// What was reported of each session last.
    var reportedStates: [SessionID: SensedState] = [:]
    /// Sessions that are looked at again when their turn has been over for long enough.
    var lookTimers: [SessionID: LoopTimer] = [:]
    var children: [SessionID: ChildWatch] = [:]
    var childTimer: LoopTimer?

    /// Numbers of events as the state counts them: rising, like the rows they will have.
    private var nextRowid: Int64
    private var projects: [String: (facts: ProjectFacts, until: Int64)] = [:]
    private var nextPoll: Int64 = 0
    /// Events on their way to the journal, and who has sent them again meanwhile.
    private var underWay: [EventID: [@Loop (Result<EventAccepted, IPCError>) -> Void]] = [:]

    /// How long what the disk said of a path is believed, in milliseconds.
    private static let projectTime: Int64 = 2000
    private static let projectLimit = 1000
    /// Milliseconds until an event that cannot be written is refused, so that its reporter keeps it.
    private static let writeTime: Int64 = 5000

    /// - Parameters:
    ///   - state: As it was loaded and brought up to date.
    ///   - newestRowid: The last row of the journal.
    public init(
        settings: Settings, journal: any SensingJournal, tmux: TmuxServer, host: HostView, state: SensingState,
        rollout: RoutingRollout, newestRowid: Int64
    ) {
        self.settings = settings
        self.journal = journal
        self.tmux = tmux
        self.host = host
        processes = RecentProcesses(host)
        self.state = state
        rules = PathRules(home: settings.home, host)
        finder = ProjectFinder(host, rules)
        resolver = RouteResolver(settings.configuration.routing)
        counters = RoutingCounters(rollout)
        nextRowid = max(newestRowid, state.cursor) + 1
        for shell in state.shells.values.sorted(by: { $0.pid < $1.pid }) { registry.heard(shell) }
    }

    var now: Timestamp { Timestamp(milliseconds: SystemClock.milliseconds) }

    // MARK: - Start

    /// Makes idle whose process is gone, now and every 15 seconds (§4.8).
    public func start() {
        reconcile(.startup)
        scheduleReconcile()
    }

    private func scheduleReconcile() {
        _ = LoopTimer(after: settings.configuration.sensing.reconcileInterval) { [weak self] in
            self?.reconcile(.periodic)
            self?.scheduleReconcile()
        }
    }

    private func reconcile(_ source: ReconcileSource) {
        let now = now
        let (effects, repaired) = state.reconcile(source, at: now, host)
        if !effects.isEmpty { journal.write(effects) }
        var counters =
            reconciles[source]
            ?? ReconcileHealth.Counters(runs: 0, repairedSessions: 0, lastRunAt: nil, lastRepairAt: nil)
        counters.runs += 1
        counters.repairedSessions += UInt64(repaired)
        counters.lastRunAt = now
        if repaired > 0 { counters.lastRepairAt = now }
        reconciles[source] = counters
        reportAll()
    }

    // MARK: - Events

    /// Takes an event, and answers once it and all that follows from it are durable (§7.3).
    func take(_ event: HookEvent, then completion: @escaping @Loop (Result<EventAccepted, IPCError>) -> Void) {
        guard let written = admit(event.eventID, completion) else { return }
        let effects = state.apply(
            event, rowid: nextRowid, receivedAt: now, project: projectFacts(of: event), processes: processes)
        nextRowid += 1
        if event.type == .shellCwd, let pid = event.pid, let shell = state.shells[pid] { registry.heard(shell) }
        journal.append(event, effects: effects) { [self] isWritten in
            if isWritten {
                report(effects)
                reportFile(event)
            }
            written(isWritten)
        }
    }

    /// Takes an event that the contract does not know: it is kept, and its session changes by what it says.
    func take(_ event: ExtraEvent, then completion: @escaping @Loop (Result<EventAccepted, IPCError>) -> Void) {
        guard let written = admit(event.eventID, completion) else { return }
        let effects = state.apply(event, receivedAt: now)
        journal.append(event, effects: effects) { [self] isWritten in
            if isWritten { report(effects) }
            written(isWritten)
        }
    }

    /// Answers one that came before as that one, and gives for any other what is to be called when it is written, or
    /// cannot be.
    private func admit(
        _ event: EventID, _ completion: @escaping @Loop (Result<EventAccepted, IPCError>) -> Void
    ) -> (@Loop (Bool) -> Void)? {
        let answer = Self.once(completion)
        // A full disk is waited for; whoever reports need not.
        let waitNoLonger: @Loop () -> Void = { answer(.failure(Self.notStored)) }
        // One that is sent again is no more durable than the first: who is told that it is accepted lets go of it.
        guard underWay[event] == nil else {
            underWay[event]?.append(answer)
            _ = LoopTimer(after: Self.writeTime, waitNoLonger)
            return nil
        }
        guard !journal.contains(event) else {
            answer(.success(EventAccepted(duplicate: true)))
            return nil
        }
        underWay[event] = []
        let patience = LoopTimer(after: Self.writeTime, waitNoLonger)
        return { [self] isWritten in
            patience.cancel()
            let result: Result<Void, IPCError> = isWritten ? .success(()) : .failure(Self.notStored)
            answer(result.map { EventAccepted(duplicate: false) })
            for again in underWay.removeValue(forKey: event) ?? [] {
                again(result.map { EventAccepted(duplicate: true) })
            }
        }
    }

    /// Takes the first of several answers.
    private static func once<Answer>(_ completion: @escaping @Loop (Answer) -> Void) -> @Loop (Answer) -> Void {
        var isAnswered = false
        return { answer in
            guard !isAnswered else { return }
            isAnswered = true
            completion(answer)
        }
    }

    private static let notStored = IPCError(
        .sessionsError, "the event could not be stored; send it again when the disk has room")

    /// What the disk says of an event's paths. The same paths come again and again, so it is asked once in a while.
    private func projectFacts(of event: HookEvent) -> ProjectFacts {
        // Of a shell less is asked, and an agent in the same directory must not be given that.
        if event.type == .shellCwd { return finder.facts(for: event) }
        let key = "\(event.cwd ?? "")\u{0}\(event.filePath ?? "")"
        if let known = projects[key], known.until > Loop.now { return known.facts }
        if projects.count >= Self.projectLimit { projects = [:] }
        let facts = finder.facts(for: event)
        projects[key] = (facts, Loop.now + Self.projectTime)
        return facts
    }

    // MARK: - Terminals

    /// Asks tmux who is where, unless that is known well enough; then calls back.
    ///
    /// Only when somebody wants to know: a daemon that nobody asks need not ask tmux every second.
    func pollTmux(then completion: @escaping @Loop () -> Void) {
        let routing = settings.configuration.routing
        guard routing.pollsTmux, Loop.now >= nextPoll else { return completion() }
        let begun = now
        nextPoll = Loop.now + 1000
        tmux.listing(clients: TmuxListing.clientFormat, panes: TmuxListing.paneFormat) { [self] result in
            let poll: TmuxPoll
            switch result {
            case .success(let lists):
                poll = TmuxListing.answer(
                    clients: String(decoding: lists.clients, as: UTF8.self),
                    panes: String(decoding: lists.panes, as: UTF8.self), at: begun)
            case .failure(.noServer): poll = .noServer
            case .failure(let error): poll = .failed("\(error)")
            }
            nextPoll = Loop.now + registry.polled(poll, at: now, routing).delay
            completion()
        }
    }

    /// Finds the terminal of a project (§6).
    func route(
        _ query: RoutingQuery, then completion: @escaping @Loop (Result<RouteDiagnosis, IPCError>) -> Void
    ) {
        let path: String
        do throws(ProjectPathError) {
            path = try rules.resolve(query.projectPath, host)
        } catch {
            return completion(.failure(IPCError(.invalidProjectPath, "\(error)")))
        }
        let workspace: WorkspaceID
        if let given = query.workspaceID {
            workspace = WorkspaceID(given)
        } else if let identity = finder.identity(of: path) {
            workspace = WorkspaceID(projectID: identity.projectID, projectPath: identity.projectPath, host)
        } else {
            workspace = WorkspaceID(projectID: path, projectPath: path, host)
        }
        pollTmux { [self] in
            let now = now
            let shells = state.routableShells(at: now, host)
            completion(
                .success(
                    resolver.resolve(
                        path, workspace: workspace, among: TerminalSignals(registry, shells: shells), at: now)))
        }
    }

    /// Counts a route that is given out, and compares it with the older rules (§6.7).
    func emitted(_ route: TerminalRoute) {
        let routing = settings.configuration.routing
        var legacy: LegacyRoute?
        if routing.isDualRunEnabled {
            legacy = LegacyRoute(
                route.projectPath, shells: state.routableShells(at: route.updatedAt, host), at: route.updatedAt, routing
            )
        }
        if counters.emitted(route, legacy: legacy) { journal.write(counters.rollout) }
    }
}
