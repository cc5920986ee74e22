import Bytes
import Fleet
import HTTP
import Reactor
import SocketIO
import Wire

/// The control plane: takes what runners report into the journal, derives the fleet from it, and shows it to everybody.
@Loop
public final class Hub {
    public let settings: HubSettings
    public private(set) var fleet = FleetState()

    let journal: any Journal
    let runner: any SessionRunner
    let archive: any RecordingArchive
    weak var health: (any DaemonHealth)?

    var translator: Translator
    private var publications: [SessionID: Publication] = [:]
    private(set) var rings: [SessionID: EventRing] = [:]
    let feed: EventFeed
    let metrics = HubMetrics()
    public private(set) var isDraining = false
    /// Sessions whose admission is on its way to the journal: they count, but are not in the fleet yet.
    private(set) var admitting: Set<SessionID> = []

    // Set once, when the hub is put together.
    private(set) var sockets: SocketRooms!
    private(set) var announcements: FleetAnnouncements!
    /// Agents that report by themselves, and chats.
    public private(set) var reported: ReportedSessions!

    /// What is known of the reasons for a session's state beyond the fleet's own evidence; `nil` where there is nothing.
    public var evidence: @Loop (SessionID) -> JSON? = { _ in nil }
    /// Called when a session has changed, with what it was before.
    public var onChange: (@Loop (_ before: SessionView?, _ now: SessionView) -> Void)?

    /// The event ring of a session is kept this long after its end (control-plane §3.2): one hour.
    private static let ringRetention: Int64 = 3_600_000
    private var flushTimerDue: MonotonicTime?
    private var houses = HouseActivity()
    private var houseTimerDue: MonotonicTime?

    public init(
        settings: HubSettings, journal: any Journal, runner: any SessionRunner, archive: any RecordingArchive,
        health: any DaemonHealth
    ) {
        self.settings = settings
        self.journal = journal
        self.runner = runner
        self.archive = archive
        self.health = health
        translator = Translator(Translator.Options(usageEvents: settings.usageEvents))
        feed = EventFeed(journal: journal)
        sockets = SocketRooms(hub: self)
        announcements = FleetAnnouncements(hub: self)
        reported = ReportedSessions(hub: self)
        scheduleExpiry()
    }

    func canRun(_ provider: ProviderID) -> Bool { settings.providers.contains(provider) }

    /// Whether a session's admission is on its way to the journal.
    public func isAdmitting(_ session: SessionID) -> Bool { admitting.contains(session) }

    // MARK: - Start

    /// Takes an event of the journal that was committed before this process started.
    public func replay(_ event: JournalEvent) { _ = fleet.apply(event) }

    /// Ends what the process before this one left open: its sessions have lost their terminal.
    ///
    /// - Parameters:
    ///   - bytes: How much of a session's output is recorded, if any.
    ///   - survived: Whether its agent goes on without its daemon: such sessions are the runner's to take up.
    /// - Returns: The sessions that were lost. The caller ends those of their processes that still run.
    public func accountForLostSessions(
        bytes: (SessionID) -> Int?, survived: (SessionView) -> Bool
    ) -> (lost: [SessionView], survivors: [SessionView]) {
        for view in fleet.sessions.values {
            if let recorded = bytes(view.id) { fleet.recorded(recorded, of: view.id) }
        }
        let all = fleet.list(FleetFilter(states: .live))
        for view in all { reported.restore(view) }
        for view in all where view.config.origin.isReported {
            translator.restore(view)
            rings[view.id] = EventRing(lastSequence: view.lastSequence)
        }
        let live = all.filter { !$0.config.origin.isReported }
        let survivors = live.filter(survived)
        for view in survivors {
            translator.restore(view)
            rings[view.id] = EventRing(lastSequence: view.sequenceAfterRestart)
        }
        let lost = live.filter { !survived($0) }
        for view in lost {
            translator.restore(view)
            // Chunks are not in the journal: the numbers that viewers may have seen are passed over.
            var numbering = RunnerEventNumbering(
                sessionID: view.id, orgID: view.config.orgID, repoRef: view.config.repoRef,
                lastSequence: view.sequenceAfterRestart)
            let now = WallTime.now
            for body in view.lostEvents(at: now) { publish(numbering.next(body, at: now), source: .hub) }
        }
        return (lost, survivors)
    }

    // MARK: - Facts

    /// Admits a session: durable, announced, and handed to the runner.
    public func admit(_ config: SessionConfig, completion: @escaping @Loop (Result<Void, RunnerError>) -> Void) {
        let now = WallTime.now
        let event = JournalEvent(
            id: EventID(at: now, randomBytes: randomID()), at: now, source: .hub, sessionID: config.sessionID,
            body: .sessionCreated(SessionCreated(config)))
        publications[config.sessionID, default: Publication()].sent(event)
        admitting.insert(config.sessionID)
        journal.append([event]) { [self] result in
            admitting.remove(config.sessionID)
            committed(config.sessionID, result)
            switch result {
            case .failure(let error):
                publications[config.sessionID] = nil
                completion(.failure(.journal(error)))
            case .success:
                runner.start(config) { [self] result in
                    if case .failure(let error) = result { couldNotStart(config, error) }
                    completion(.success(()))
                }
            }
        }
    }

    /// The session is admitted and announced: that nobody runs it is told as every other failure is.
    private func couldNotStart(_ config: SessionConfig, _ error: RunnerError) {
        guard let view = fleet[config.sessionID] else { return }
        var numbering = RunnerEventNumbering(of: config)
        let now = WallTime.now
        let reason = ErrorEnvelope(error).message
        publish(
            numbering.next(.sessionStateChanged(StateChange(from: view.state, to: .failed, reason: reason)), at: now),
            source: .hub)
        let end = SessionEnd(finalState: .failed, exitCode: nil, totalDurationMs: 0, totalUsage: .zero)
        publish(numbering.next(.sessionEnded(end), at: now), source: .hub)
    }

    /// Takes a fact of another source than the runners: it is shown on the stream of events once it is durable.
    public func record(_ event: JournalEvent, completion: @escaping @Loop (Result<Int64, JournalError>) -> Void) {
        journal.append([event]) { [self] result in
            switch result {
            case .success(let rowids):
                var event = event
                event.rowid = rowids[0]
                show(event)
                completion(.success(rowids[0]))
            case .failure(let error): completion(.failure(error))
            }
        }
    }

    func publish(_ event: RunnerEvent, source: EventSource) {
        if event.kind == .terminalChunk {
            if let chunk = publications[event.sessionID, default: Publication()].took(event) { show(chunk) }
            return
        }
        append(JournalEvent(id: EventID(at: event.timestamp, randomBytes: randomID()), source: source, event))
    }

    func append(_ event: JournalEvent) {
        guard let session = event.sessionID else { return }
        publications[session, default: Publication()].sent(event)
        journal.append([event]) { [self] result in committed(session, result) }
    }

    /// Answers a request of a session once everything it led to is durable and shown.
    public func whenDurable(_ session: SessionID, _ answer: @escaping @Loop () -> Void) {
        guard var publication = publications[session] else { return answer() }
        let now = publication.took(answer)
        publications[session] = publication
        now?()
    }

    private func committed(_ session: SessionID, _ result: Result<[Int64], JournalError>) {
        let rowid = try? result.get().first
        guard let ready = publications[session]?.committed(rowid: rowid) else { return }
        for item in ready {
            switch item {
            case .fact(let event): show(event)
            case .chunk(let chunk): show(chunk)
            case .answer(let answer): answer()
            }
        }
    }

    // MARK: - Showing

    /// Shows a fact that is durable.
    public func show(_ event: JournalEvent) {
        let now = MonotonicTime(milliseconds: Loop.now)
        let before = onChange == nil ? nil : event.sessionID.flatMap { fleet[$0] }
        let effects = fleet.apply(event)
        metrics.shown(event)
        guard let session = event.sessionID else { return }
        switch event.body {
        case .sessionCreated:
            if let view = fleet[session] {
                rings[session] = EventRing()
                send(translator.admit(view.config, at: event.at))
            }
        case .terminalResized(let size): send([translator.resized(session, to: size, at: event.at)])
        case .runner:
            if let view = fleet[session],
                let shown = event.runnerEvent(orgID: view.config.orgID, repoRef: view.config.repoRef)
            {
                rings[session, default: EventRing()].append(shown.encoded(), sequence: shown.sequence)
                send(translator.translate(shown, at: now))
                houses.saw(shown, of: view.config.villageID, at: now)
                scheduleHouses()
            }
        case .processSpawned, .processExited, .activity, .runtime, .other: break
        }
        feed.published(event)
        for effect in effects { announcements.saw(effect) }
        if !effects.isEmpty, let onChange, let view = fleet[session] { onChange(before, view) }
        if effects.contains(.ended(session)) { ended(session) }
    }

    private func show(_ chunk: RunnerEvent) {
        fleet.watched(chunk)
        metrics.chunksShown += 1
        rings[chunk.sessionID, default: EventRing()].append(chunk.encoded(), sequence: chunk.sequence)
        send(translator.translate(chunk, at: MonotonicTime(milliseconds: Loop.now)))
        announcements.saw(.changed(chunk.sessionID))
        scheduleFlush()
    }

    func send(_ emissions: [Emission]) {
        for emission in emissions {
            metrics.emitted(emission.event)
            sockets.send(emission)
        }
    }

    private func ended(_ session: SessionID) {
        publications[session] = nil
        reported.ended(session)
        _ = LoopTimer(after: Self.ringRetention) { [weak self] in self?.rings[session] = nil }
    }

    /// Output that was joined for the village goes out when it is due.
    private func scheduleFlush() {
        guard flushTimerDue == nil, let due = translator.nextFlush else { return }
        flushTimerDue = due
        _ = LoopTimer(after: due.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self else { return }
            flushTimerDue = nil
            send(translator.flush(at: MonotonicTime(milliseconds: Loop.now)))
            scheduleFlush()
        }
    }

    /// What is known of a repository's house, for a socket that joins its room.
    func house(of repo: String) -> JSON? { houses.snapshot(of: repo, at: moment) }

    private var moment: Moment { Moment(wall: WallTime.now, monotonic: MonotonicTime(milliseconds: Loop.now)) }

    private func scheduleHouses() {
        guard let due = houses.nextWake else { return }
        if let houseTimerDue, houseTimerDue <= due { return }
        houseTimerDue = due
        _ = LoopTimer(after: due.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self, houseTimerDue == due else { return }
            houseTimerDue = nil
            send(houses.wake(at: moment))
            scheduleHouses()
        }
    }

    private func scheduleExpiry() {
        _ = LoopTimer(after: 600_000) { [weak self] in
            guard let self else { return }
            for effect in fleet.expire(at: WallTime.now) {
                announcements.saw(effect)
                if case .removed(let id) = effect { rings[id] = nil }
            }
            scheduleExpiry()
        }
    }

    /// The last row of the journal that no live session needs any more: up to here it may forget. Those that are only
    /// reported come again by themselves.
    public var forgettable: Int64 {
        let needed = fleet.sessions.values.filter { $0.isLive && !$0.config.origin.isReported }.map(\.createdRowid)
            .min()
        return needed.map { $0 - 1 } ?? fleet.cursor
    }

    // MARK: - End

    /// Tells every client that the daemon ends.
    public func drain() {
        isDraining = true
        feed.close()
        sockets.close()
    }
}

// MARK: - What runners report

extension Hub: @Loop SessionSink {
    public func publish(_ event: RunnerEvent) { publish(event, source: .runner) }

    public func note(_ body: JournalEvent.Body, of session: SessionID, at time: Timestamp) {
        append(JournalEvent(id: EventID(at: time, randomBytes: randomID()), at: time, sessionID: session, body: body))
    }
}
