import Fleet
import Glibc
import Reactor
import Wire

/// One runtime while it forks or runs: what is decided about it, who watches it, and who waits for it.
@Loop
final class SupervisedRuntime {
    /// What is decided, ahead of what is durable by what is on its way to the journal.
    private(set) var decided: RuntimeLifecycle
    let service: RuntimeService
    /// What the shim is to start, until it has asked for it.
    private var launch: LaunchSpec?
    private var readyTimer: LoopTimer?
    /// Told how the launch ended: running, or why not.
    private var onLaunched: (@Loop (Result<RuntimeProcess, RPCError>) -> Void)?
    /// The shim, when it is a child of this daemon.
    private var shim: ChildProcess?
    /// The same in a pane, where it is a child of tmux.
    private var paneShim: ProcessHandle?
    private var watcher: ExitWatcher?
    /// The session's side of it.
    private(set) var process: RuntimeProcess?
    private var isOver = false
    private var isStarting = false
    private var hasFailed = false
    /// Its row is gone, or about to be.
    private var isAbandoned = false
    private var early: [@Loop () -> Void] = []

    /// How long a shim may take from its start to `shim_ready` (runtime-rpc §1.3).
    private static let readyTime: Int64 = 10_000
    /// How long a row found forking waits for its shim: longer than the shim tries (D-14).
    private static let lateReadyTime: Int64 = 160_000
    /// How long after the end of a runtime its shim may take to report it (§4.2).
    private static let settleTime: Int64 = 300

    init(_ row: RuntimeLifecycle, service: RuntimeService) {
        decided = row
        self.service = service
    }

    var session: SessionID { decided.sessionID }
    /// Whether its spawn still waits for `shim_ready` (§3.4, `shim_sockets`).
    var isLaunching: Bool { onLaunched != nil }
    var isWatched: Bool { watcher != nil }

    // MARK: - Launch

    /// Begins a launch that was written down: the shim is started, and `completion` told when its runtime runs.
    func launch(_ plan: LaunchPlan, then completion: @escaping @Loop (Result<RuntimeProcess, RPCError>) -> Void) {
        launch = plan.launch
        onLaunched = completion
        isStarting = true
        ShimStarter(service: service).start(plan) { [self] result in
            switch result {
            case .failure(let error):
                fail(error)
                started()
            case .success(let shim):
                switch shim {
                case .child(let child):
                    self.shim = child
                    child.onExit = { [weak self] _ in self?.shimEnded() }
                case .placed(let placement): placed(placement)
                }
                started()
                guard isLaunching else { return }
                readyTimer = LoopTimer(after: Self.readyTime) { [weak self] in
                    self?.fail(RPCError(.launchFailed, "timed out waiting for ShimReady"))
                }
            }
        }
    }

    /// The pane is what it is now: whoever has its name later is somebody else.
    private func placed(_ placement: PanePlacement) {
        paneShim = try? ProcessHandle(pid: Int32(clamping: placement.pid))
        let fact = RuntimeFact.placed(placement)
        decided.apply(fact, at: decided.updatedAt)
        service.record(fact, of: session) { _ in }
    }

    /// What was reported while the shim was being started has waited until it is known what was started.
    private func started() {
        isStarting = false
        let reports = early
        early = []
        for report in reports { report() }
    }

    /// Waits for the shim of a launch that the daemon before this one began.
    func expectLateReady() {
        readyTimer = LoopTimer(after: Self.lateReadyTime) { [weak self] in self?.take(.forkingExpired) { _ in } }
    }

    /// Hands out what to start, once (§3.4).
    func takeLaunch() -> LaunchSpec? {
        defer { launch = nil }
        return launch
    }

    /// A shim that is gone before it said anything will not say it any more.
    private func shimEnded() {
        shim = nil
        guard isLaunching, decided.state == .forking else { return }
        fail(RPCError(.launchFailed, "the shim ended before its runtime ran"))
    }

    /// Ends a launch that took too long for whoever asked for it.
    func giveUp() { fail(RPCError(.launchFailed, "nobody waits for it any more")) }

    private func fail(_ error: RPCError) {
        guard isLaunching, !hasFailed else { return }
        hasFailed = true
        endShim()
        take(.startFailed(reason: error.message)) { [self] _ in launched(.failure(error)) }
    }

    /// It is told to end, and its runtime with it; one that does not listen is made to.
    private func endShim() {
        let shim = shim
        let paneShim = paneShim
        shim?.signal(SIGTERM)
        paneShim?.signal(SIGTERM)
        _ = LoopTimer(after: 7000) {
            shim?.signal(SIGKILL)
            paneShim?.signal(SIGKILL)
        }
    }

    private func launched(_ result: Result<RuntimeProcess, RPCError>) {
        readyTimer?.cancel()
        paneShim = nil
        launch = nil
        let completion = onLaunched
        onLaunched = nil
        completion?(result)
    }

    // MARK: - What is reported

    func take(_ input: RuntimeLifecycle.Input, then completion: @escaping @Loop (Result<Void, RPCError>) -> Void) {
        if isAbandoned { return completion(.failure(.sessionNotFound(session))) }
        if isStarting, input.isOfShim {
            early.append { [self] in take(input, then: completion) }
            return
        }
        switch decided.reaction(to: input) {
        case .acknowledge: completion(.success(()))
        case .refuse(let refusal): completion(.failure(RPCError(refusal)))
        case .record(let fact):
            let now = PreciseTime(Timestamp(milliseconds: SystemClock.milliseconds))
            decided.apply(fact, at: now)
            // Its row is not there any more: nothing else may be reported of it.
            if case .abandoned = fact {
                isAbandoned = true
                service.runtimes[session] = nil
            }
            decidedOn(fact)
            service.record(fact, of: session) { [self] result in
                switch result {
                case .success: happened(fact)
                case .failure(let error): launched(.failure(RPCError(.launchFailed, "\(error)")))
                }
                completion(result.mapError { RPCError(.runtimeUnavailable, "\($0)") })
            }
        }
    }

    /// What cannot wait until it is durable: a process that ends now must not be missed.
    private func decidedOn(_ fact: RuntimeFact) {
        switch fact {
        case .running:
            readyTimer?.cancel()
            watch()
        case .terminated, .lost, .abandoned:
            readyTimer?.cancel()
            watcher = nil
        case .accepted, .placed, .lateExit, .adopted: break
        }
    }

    private func happened(_ fact: RuntimeFact) {
        switch fact {
        case .running:
            if isLaunching { launched(.success(makeProcess())) }
        case .abandoned(let reason):
            launched(.failure(RPCError(.launchFailed, reason)))
            over(.unknown(reason))
        case .terminated(let exit, _):
            launched(.failure(RPCError(.launchFailed, "the runtime ended before it was ready: \(exit.sentence)")))
            over(ProcessEnd(exit))
        case .lost(let evidence):
            launched(.failure(RPCError(.launchFailed, evidence.rawValue)))
            over(.unknown(evidence.rawValue))
        case .accepted, .placed, .lateExit, .adopted: break
        }
    }

    private func over(_ end: ProcessEnd) {
        guard !isOver else { return }
        isOver = true
        if service.runtimes[session] === self { service.runtimes[session] = nil }
        process?.ended(end)
        process = nil
    }

    // MARK: - The session's side

    /// What the session of this runtime holds on to. There is one at most.
    func makeProcess() -> RuntimeProcess {
        if let process { return process }
        let process = RuntimeProcess(decided, self, service: service)
        self.process = process
        return process
    }

    /// Gives the session of an earlier daemon its runtime: at once when it runs, else when its shim reports (D-14).
    func attach(then completion: @escaping @Loop (Result<RuntimeProcess, RPCError>) -> Void) {
        if case .running = decided.state { return completion(.success(makeProcess())) }
        onLaunched = completion
    }

    // MARK: - Watching

    /// Watches the runtime's pid, if nobody does yet (§4.2).
    func watch() {
        guard watcher == nil, case .running = decided.state, let pid = decided.runtimePID else { return }
        watcher = ExitWatcher(pid: Int32(clamping: pid)) { [weak self] in self?.runtimeEnded() }
    }

    private func runtimeEnded() {
        _ = LoopTimer(after: Self.settleTime) { [weak self] in
            guard let self, !decided.state.isTerminal else { return }
            take(.settled(isShimAlive: isShimAlive)) { _ in }
        }
    }

    /// Whether the shim is there and could still report.
    var isShimAlive: Bool {
        guard let pid = decided.shimPID, pid <= UInt32(Int32.max) else { return false }
        return service.observe(Int32(pid)).map { !$0.isZombie } ?? false
    }

    /// The runtime, if it is still the one that was started: only that may be signalled (§4.6).
    func openRuntime() -> ProcessHandle? {
        guard case .running = decided.state, let pid = decided.runtimePID, pid <= UInt32(Int32.max), pid > 1,
            let handle = try? ProcessHandle(pid: Int32(pid))
        else { return nil }
        // Looked at after it was opened: now the number cannot change hands any more.
        switch service.judge(decided, observe: service.observe(Int32(pid)), isShimAlive: true) {
        case .alive, .unknown: return handle
        case .gone, .reused: return nil
        }
    }
}

extension RuntimeService {
    func judge(_ row: RuntimeLifecycle, observe: ProcessObservation?, isShimAlive: Bool) -> ProcessFinding {
        ProcessFinding.judge(
            expected: row, observed: observe, currentBootID: ProcessIdentity.bootID, isShimAlive: isShimAlive)
    }
}

extension RuntimeLifecycle.Input {
    /// Whether a shim says it; the rest is our own observation.
    fileprivate var isOfShim: Bool {
        switch self {
        case .ready, .shimExit: return true
        case .settled, .probed, .startFailed, .forkingExpired: return false
        }
    }
}

extension RuntimeExit {
    /// As part of a sentence.
    var sentence: String {
        if let signal { return "killed by \(Signal(rawValue: signal).name)" }
        return code.map { "code \($0)" } ?? "nobody knows how"
    }
}

extension ProcessEnd {
    /// `nil` for a runtime that has not ended.
    init?(_ state: RuntimeState) {
        switch state {
        case .forking, .running: return nil
        case .exited(let exit): self.init(exit)
        case .lost(let evidence): self = .unknown(evidence.rawValue)
        }
    }

    init(_ exit: RuntimeExit) {
        if let signal = exit.signal {
            self = .signal(Signal(rawValue: signal))
        } else if let code = exit.code {
            self = .code(Int(code))
        } else {
            self = .unknown("process_exit")
        }
    }
}
