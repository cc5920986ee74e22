import Fleet
import Hub
import Reactor
import Sensing
import Store

/// What sensing needs of the database: called and answering on the loop, written by the store's own thread.
@Loop
final class SensingOnLoop: SensingJournal {
    private let journal: JournalOnLoop
    private let archive: SensingArchive
    /// Shows what is durable. Set once, when the daemon is put together.
    weak var hub: Hub?
    /// How many paths a replay remembers.
    private static let projectLimit = 10_000
    /// Events on their way to the journal.
    private var pending: Set<EventID> = []

    /// - Parameter reader: Of its own: asked for every event, it must not wait for others.
    init(_ journal: JournalOnLoop, reader: JournalReader) {
        self.journal = journal
        archive = SensingArchive(reader)
    }

    // MARK: - Start

    /// All that sensing begins with: the tables, and what came while nobody listened (daemon-ipc §7.4). Blocks: for the
    /// start alone.
    func load(_ settings: SensingSettings, home: String, host: HostView) throws(StoreError) -> (
        state: SensingState, rollout: RoutingRollout
    ) {
        let contents = try SensingArchive.load(from: archive.source)
        for problem in contents.problems { DaemonLog.warn("\(problem)") }
        journal.writeInOrder(contents.repairs)
        var state = contents.state(settings)
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
        let finder = ProjectFinder(host, PathRules(home: home, host))
        if state.shells.isEmpty || state.liveness.isEmpty {
            let events = try archive.events(
                since: now + -settings.retention, replayingAfter: contents.cursor, onlyShells: !state.liveness.isEmpty)
            write(
                state.rebuild(
                    from: events.map { event in
                        (event, event.type == .shellCwd ? event.cwd.flatMap { host.canonical($0) } : nil)
                    }, receivedAt: now))
        }
        write(state.takeUpShells(at: now, host))
        write(state.retain(RetentionPlan(cursor: state.cursor, at: now, settings)))
        var cursor = contents.cursor
        // A long journal names the same paths again and again, and each takes a hundred looks at the disk.
        var projects: [[String?]: ProjectFacts] = [:]
        var effects: [SensingEffect] = []
        while true {
            let page = try archive.replayable(since: cursor)
            for problem in page.problems { DaemonLog.warn("\(problem)") }
            for item in page.items {
                let paths = [item.event.cwd, item.event.filePath]
                let project = projects[paths] ?? finder.facts(for: item.event)
                if projects.count >= Self.projectLimit { projects = [:] }
                projects[paths] = project
                effects += state.apply(
                    item.event, rowid: item.rowid, receivedAt: now, project: project, processes: host)
            }
            cursor = page.cursor
            journal.writeInOrder(SensingProjection.writes(replaying: effects, upTo: cursor))
            effects.removeAll(keepingCapacity: true)
            if !page.hasMore { return (state, contents.rollout) }
        }
    }

    // MARK: - SensingJournal

    func contains(_ event: EventID) -> Bool {
        if pending.contains(event) { return true }
        guard journal.mayContain(event.rawValue) else { return false }
        do throws(StoreError) {
            return try archive.contains(event)
        } catch {
            // The journal itself refuses an id that it has.
            DaemonLog.warn("the journal could not be asked for an event: \(error)")
            return false
        }
    }

    func append(_ event: HookEvent, effects: [SensingEffect], completion: @escaping @Loop (Bool) -> Void) {
        pending.insert(event.eventID)
        journal.append(
            JournalRecord(event), derived: SensingProjection.writes(withEvent: effects)
        ) { [self] result in
            pending.remove(event.eventID)
            guard case .success(let rowid) = result else { return completion(false) }
            if let rowid {
                hub?.show(
                    JournalEvent(
                        rowid: rowid, id: event.eventID, at: event.recordedAt, source: .hook,
                        sessionID: event.sessionID, body: .other(type: event.type.rawValue, payload: event.json)))
            }
            completion(true)
        }
    }

    func append(_ event: ExtraEvent, effects: [SensingEffect], completion: @escaping @Loop (Bool) -> Void) {
        pending.insert(event.eventID)
        let shown = JournalEvent(
            id: event.eventID, at: event.recordedAt, source: .agent, sessionID: event.sessionID,
            body: .other(type: event.type, payload: event.json))
        journal.append(shown.record, derived: SensingProjection.writes(for: effects)) { [self] result in
            pending.remove(event.eventID)
            guard case .success(let rowid) = result else { return completion(false) }
            if let rowid {
                var shown = shown
                shown.rowid = rowid
                hub?.show(shown)
            }
            completion(true)
        }
    }

    func write(_ effects: [SensingEffect]) {
        journal.writeInOrder(SensingProjection.writes(for: effects))
    }

    func write(_ rollout: RoutingRollout) { journal.write(SensingProjection.rolloutWritten(rollout)) }
}
