import Fleet
import Reactor
import Tmux
import Wire

/// What runs on this host, is it still alive, and if not, what happened: every runtime that was launched through a shim.
///
/// What is decided about a runtime is decided here, on the loop, one after another; it is written down, and only what is
/// durable is in ``table`` and ``log`` and told to anybody.
@Loop
public final class RuntimeService {
    public let settings: SupervisionSettings
    let fleet: any RuntimeFleet
    let records: any RuntimeRecords
    let tmux: TmuxServer
    /// Looks at a process, for the comparisons of runtime-rpc §4.4.
    let observe: @Sendable (Int32) -> ProcessObservation?

    /// What is durable.
    public private(set) var table: RuntimeTable
    var log: RuntimeEventLog
    /// Runtimes that fork or run, and those whose end is on its way to the journal.
    var runtimes: [SessionID: SupervisedRuntime] = [:]
    /// Launches whose session is being admitted: their ids are taken.
    var admitted: [SessionID: LaunchPlan] = [:]
    /// Launches that were given up before their session was admitted: nobody waits for them any more.
    var withdrawn: Set<SessionID> = []
    /// What waits for the first outcome of a spawn.
    var spawnCalls: [SessionID: (Result<SpawnedRuntime, RPCError>) -> Void] = [:]

    let waiters = EventWaiters()
    let paneWatch: PaneWatch
    let worker = Worker()
    let startedAt = Loop.now
    var lastSweep: PreciseTime?
    private var sweepSchedule: SweepSchedule?

    public init(
        settings: SupervisionSettings, fleet: any RuntimeFleet, records: any RuntimeRecords, tmux: TmuxServer,
        rows: [RuntimeLifecycle], log: RuntimeEventLog, lastSweep: PreciseTime?,
        observe: @escaping @Sendable (Int32) -> ProcessObservation? = ProcessObservation.init(of:)
    ) {
        self.settings = settings
        self.fleet = fleet
        self.records = records
        self.tmux = tmux
        paneWatch = PaneWatch(tmux)
        self.observe = observe
        table = RuntimeTable(rows)
        self.log = log
        self.lastSweep = lastSweep
    }

    // MARK: - Start

    /// Looks at what the daemon before this one left, and calls back when that is settled: then clients may be answered
    /// (runtime-rpc §4.5).
    public func start(then completion: @escaping @Loop () -> Void) {
        for row in table.running + table.forking { runtimes[row.sessionID] = SupervisedRuntime(row, service: self) }
        for row in table.forking { runtimes[row.sessionID]?.expectLateReady() }
        sweep { [self] in
            let now = moment
            var schedule = SweepSchedule(settings.sweep, at: now)
            _ = schedule.woke(at: now)
            sweepSchedule = schedule
            scheduleSweep()
            completion()
        }
    }

    /// Whether a session's runtime may still run although the daemon before this one is gone.
    public func mayHaveSurvived(_ session: SessionID) -> Bool {
        table[session].map { !$0.state.isTerminal } ?? false
    }

    private func scheduleSweep() {
        guard let sweepSchedule else { return }
        _ = LoopTimer(after: sweepSchedule.nextWake.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self, var schedule = self.sweepSchedule else { return }
            let isDue = schedule.woke(at: moment)
            self.sweepSchedule = schedule
            if isDue { sweep { [weak self] in self?.scheduleSweep() } } else { scheduleSweep() }
        }
    }

    var moment: Moment {
        Moment(
            wall: Timestamp(milliseconds: SystemClock.milliseconds), monotonic: MonotonicTime(milliseconds: Loop.now))
    }

    /// Drops the events that the cursor need not reach any more.
    public func forgetOldEvents() {
        records.prune(at: Timestamp(milliseconds: SystemClock.milliseconds)) { [self] first in
            if let first { log.dropped(before: first) }
        }
    }

    // MARK: - Facts

    /// Writes a fact down and, once it is durable, takes it into what everybody sees.
    func record(
        _ fact: RuntimeFact, of session: SessionID,
        then completion: @escaping @Loop (Result<Void, JournalError>) -> Void
    ) {
        let event = fact.event(of: session)
        let sequence = event.map { _ in log.takeSequence() }
        let now = Timestamp(milliseconds: SystemClock.milliseconds)
        let entry = JournalEvent(
            id: EventID(at: now, randomBytes: randomID()), at: now, source: .runtime, sessionID: session,
            sequence: sequence.map { Int($0) }, body: .runtime(fact))
        fleet.record(entry) { [self] result in
            guard case .success = result else { return completion(result.map { _ in }) }
            table.apply(entry)
            if let event, let sequence {
                log.append(event, sequence: sequence, at: now)
                waiters.wake()
            }
            completion(.success(()))
        }
    }

    /// Reports something of a runtime, and answers when what follows from it is durable.
    func report(
        _ input: RuntimeLifecycle.Input, of session: SessionID,
        then completion: @escaping @Loop (Result<Void, RPCError>) -> Void = { _ in }
    ) {
        if let runtime = runtimes[session] {
            runtime.take(input, then: completion)
            return
        }
        // A row that still forks and has nobody to look after it is about to be deleted.
        guard let row = table[session], row.state.isTerminal else {
            return completion(.failure(.sessionNotFound(session)))
        }
        // Over, but not without interest: the true end of what was lost may still come.
        switch row.reaction(to: input) {
        case .acknowledge: completion(.success(()))
        case .refuse(let refusal): completion(.failure(RPCError(refusal)))
        case .record(let fact):
            record(fact, of: session) { completion($0.mapError { RPCError(.runtimeUnavailable, "\($0)") }) }
        }
    }

    /// What is durable of a runtime, wherever it is in its life.
    func row(_ session: SessionID) -> RuntimeLifecycle? { table[session] }
}

extension ProcessObservation {
    /// What the kernel says of a process now; `nil` when there is none.
    public init?(of pid: Int32) {
        guard let status = ProcessStatus(of: pid) else { return nil }
        self.init(
            startTicks: status.startTicks, startTime: status.startNanoseconds.map { PreciseTime(nanoseconds: $0) },
            isZombie: status.isZombie)
    }
}

extension RPCError {
    static func sessionNotFound(_ session: SessionID) -> RPCError {
        RPCError(.sessionNotFound, "session \(session) not found")
    }

    init(_ refusal: RuntimeRefusal) {
        switch refusal {
        case .ended: self.init(.runtimeUnavailable, refusal.description)
        case .alreadyRunning: self.init(.protocolMismatch, refusal.description)
        }
    }
}
