import Fleet
import Glibc
import Reactor

/// One session while it lives: carries out what its lifecycle decides, and tells it what happened.
@Loop
final class RunningSession {
    /// Above this, typed input is refused: the agent does not read.
    private static let inputLimit = 1 << 20

    let config: SessionConfig
    private(set) var lifecycle: SessionLifecycle
    private var numbering: RunnerEventNumbering
    /// Kept until the session has ended, when the runner forgets it.
    private let runner: LocalRunner
    private let provider: any Provider
    private var process: (any ProviderProcess)?
    private var output: OutputPipeline?
    private var observer: WorkObserver
    private let redactor: SecretRedactor
    private var size: TerminalSize
    private var end: ProcessEnd?
    private var wakeAt: MonotonicTime?
    private var usageTimer: LoopTimer?
    private var checkTimer: LoopTimer?
    /// Bytes that the recording holds from the daemon before this one.
    private var recordedBefore = 0
    private var isDetached = false

    init(_ config: SessionConfig, provider: any Provider, runner: LocalRunner) {
        self.config = config
        self.provider = provider
        self.runner = runner
        lifecycle = SessionLifecycle(limits: runner.limits, onDeny: config.policy.onDeny, admittedAt: WallClock.moment)
        numbering = RunnerEventNumbering(of: config)
        observer = WorkObserver(config, limit: runner.limits.session, at: MonotonicTime(milliseconds: Loop.now))
        size = config.terminalSize
        redactor = SecretRedactor(environment: config.environment)
    }

    /// Takes up a session whose agent outlived the daemon before this one.
    init(restoring view: SessionView, provider: any Provider, runner: LocalRunner) {
        config = view.config
        self.provider = provider
        self.runner = runner
        lifecycle = SessionLifecycle(restoring: view, limits: runner.limits, at: WallClock.moment)
        // Chunks are not in the journal: the numbers that viewers may have seen are passed over.
        numbering = RunnerEventNumbering(
            sessionID: view.id, orgID: view.config.orgID, repoRef: view.config.repoRef,
            lastSequence: view.sequenceAfterRestart)
        observer = WorkObserver(config, limit: runner.limits.session, at: MonotonicTime(milliseconds: Loop.now))
        size = view.terminalSize
        redactor = SecretRedactor(environment: config.environment)
        recordedBefore = view.terminalBytes
    }

    func begin() { perform(lifecycle.begin(at: WallClock.moment)) }

    func restore() {
        openOutput()
        provider.attach(config, delegate: self) { [self] result in started(result) }
        perform(lifecycle.resumeWatching())
        if lifecycle.state == .running { scheduleUsage() }
    }

    var outlivesDaemon: Bool { provider.outlivesDaemon }

    /// Lets go of an agent that goes on without this daemon. Nothing is told; the recording is closed.
    func detach() {
        isDetached = true
        usageTimer?.cancel()
        checkTimer?.cancel()
        output?.end()
        runner.forget(self)
    }

    // MARK: - What people ask

    func input(_ bytes: [UInt8]) throws(RunnerError) {
        guard lifecycle.takesInput, let process else { throw .invalidState(lifecycle.state) }
        guard process.takesInput else { throw .inputNotTaken }
        guard process.inputBacklog + bytes.count <= Self.inputLimit else { throw .inputFull }
        process.write(bytes)
    }

    func resize(to size: TerminalSize) throws(RunnerError) {
        guard !lifecycle.hasEnded else { throw .invalidState(lifecycle.state) }
        guard size != self.size else { return }
        self.size = size
        process?.resize(size)
        output?.resize(size)
        runner.sink?.note(.terminalResized(size), of: config.sessionID, at: WallClock.now)
    }

    func signal(_ signal: Signal) throws(RunnerError) {
        guard lifecycle.isAlive, let process else { throw .invalidState(lifecycle.state) }
        process.signal(signal)
    }

    /// Carries out a request that the lifecycle may refuse.
    func ask(_ request: (inout SessionLifecycle) throws(LifecycleError) -> [SessionLifecycle.Action])
        throws(RunnerError)
    {
        let actions: [SessionLifecycle.Action]
        do {
            actions = try request(&lifecycle)
        } catch {
            throw RunnerError(error)
        }
        perform(actions)
    }

    // MARK: - Actions

    private func perform(_ actions: [SessionLifecycle.Action]) {
        for action in actions {
            switch action {
            case .emit(let body): emit(body)
            case .prepare: prepare()
            // Preparing is a look at the directory: it is over before it could be given up.
            case .cancelPreparation: break
            case .spawn: spawn()
            case .terminate: process?.signal(.terminate)
            case .kill: process?.signal(.kill)
            case .suspend: process?.signal(.stop)
            case .resume: process?.signal(.continue)
            case .wrapUp: wrapUp()
            case .release: release()
            case .wake(let time): wake(at: time)
            }
        }
    }

    private func emit(_ body: RunnerEvent.Body) {
        let now = WallClock.moment
        let event = numbering.next(body.redacted(by: redactor), at: now.wall)
        runner.sink?.publish(event)
        for finding in observer.saw(event, at: now.monotonic) { emit(finding) }
        if case .sessionStateChanged(let change) = body { stateChanged(to: change.newState) }
    }

    private func stateChanged(to state: SessionState) {
        if state == .running, usageTimer == nil { scheduleUsage() }
    }

    private func wake(at time: MonotonicTime) {
        wakeAt = time
        _ = LoopTimer(after: time.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self, wakeAt == time else { return }
            wakeAt = nil
            perform(lifecycle.wake(at: WallClock.moment))
        }
    }

    private var now: MonotonicTime { MonotonicTime(milliseconds: Loop.now) }

    // MARK: - From workspace to process

    private func prepare() {
        guard let path = config.command?.cwd else {
            perform(lifecycle.prepared(at: WallClock.moment))
            return
        }
        runner.worker.run(
            { () -> String? in
                var status = stat()
                if stat(path, &status) != 0 { return "cannot use \(path): \(String(cString: strerror(errno)))" }
                return status.st_mode & S_IFMT == S_IFDIR ? nil : "\(path) is not a directory"
            },
            then: { [self] problem in
                if let problem {
                    perform(lifecycle.preparationFailed(problem, at: WallClock.moment))
                } else {
                    perform(lifecycle.prepared(at: WallClock.moment))
                }
            })
    }

    private func openOutput() {
        output = OutputPipeline(
            config, recording: runner.recording, recordedBefore: recordedBefore,
            handlers: OutputPipeline.Handlers(
                chunk: { [weak self] in self?.emit(.terminalChunk($0)) },
                recorded: { [weak self] in self?.read($0) },
                secretsRedacted: { [weak self] in self?.report(secrets: $0) },
                pauseOutput: { [weak self] pause in
                    if pause { self?.process?.pauseOutput() } else { self?.process?.resumeOutput() }
                },
                recordingFailed: { [weak self] reason in self?.recordingFailed(reason) },
                drained: { [self] in drained() }))
        // It may have been resized before there was anything to record.
        if size != config.terminalSize { output?.resize(size) }
    }

    private func spawn() {
        openOutput()
        provider.start(config, environment: runner.environment.environment(for: config), delegate: self) {
            [self] result in started(result)
        }
    }

    private func started(_ result: Result<any ProviderProcess, ProviderStartError>) {
        guard !isDetached else { return }
        switch result {
        case .success(let process):
            self.process = process
            // A process that was taken up has been told of before.
            guard !lifecycle.isAlive else { return }
            if let identity = process.processIdentity {
                runner.sink?.note(.processSpawned(identity), of: config.sessionID, at: WallClock.now)
            }
            // It may have been resized while it started.
            if size != config.terminalSize { process.resize(size) }
            let start = SessionStart(
                providerID: config.providerID, workspacePath: config.command?.cwd ?? runner.environment.home,
                roomPath: config.roomPath)
            perform(lifecycle.spawned(start, at: WallClock.moment))
            for finding in observer.started(at: now) { emit(finding) }
        case .failure(let error):
            output?.end()
            if lifecycle.isAlive {
                end = .unknown(error.message)
                perform(lifecycle.exited(.unknown(error.message), at: WallClock.moment))
            } else {
                perform(lifecycle.spawnFailed(error.message, at: WallClock.moment))
            }
        }
    }

    // MARK: - What the agent does

    private func read(_ bytes: [UInt8]) {
        observer.read(bytes, at: now)
        scheduleCheck()
    }

    private func report(secrets: Int) {
        for finding in observer.redacted(secrets, at: now) { emit(finding) }
    }

    private func recordingFailed(_ reason: String) {
        for finding in observer.recordingFailed(reason) { emit(finding) }
    }

    // MARK: - The end

    /// All output is recorded and shown: now the end may be told.
    private func drained() {
        // The pipeline and its session hold each other until here.
        defer { output = nil }
        guard let end, !lifecycle.hasEnded, !isDetached else { return }
        runner.sink?.note(
            .processExited(ProcessExit(status: end, bytes: output?.bytes ?? 0)), of: config.sessionID, at: WallClock.now
        )
        process = nil
        perform(lifecycle.exited(end, at: WallClock.moment))
    }

    private func wrapUp() {
        usageTimer?.cancel()
        checkTimer?.cancel()
        for finding in observer.finish(end, at: now) { emit(finding) }
        if let tick = observer.finalUsageTick(at: now) { emit(.usageTick(tick)) }
        perform(lifecycle.wrappedUp(usage: observer.totalUsage, at: WallClock.moment))
    }

    private func release() {
        output?.end()
        runner.forget(self)
    }

    // MARK: - Time

    private func scheduleUsage() {
        guard let due = observer.nextUsageTick else { return }
        usageTimer = LoopTimer(after: due.millisecondsRoundedUp - Loop.now) { [weak self] in
            guard let self, !lifecycle.hasEnded else { return }
            if let tick = observer.usageTick(at: now) { emit(.usageTick(tick)) }
            scheduleUsage()
        }
    }

    /// Looks again when an observation has a deadline of its own: silence, a test run that never ends.
    private func scheduleCheck() {
        guard checkTimer == nil, let deadline = observer.deadline else { return }
        checkTimer = LoopTimer(after: max(1000, deadline.millisecondsRoundedUp - Loop.now)) { [weak self] in
            guard let self else { return }
            checkTimer = nil
            guard !lifecycle.hasEnded else { return }
            for finding in observer.wake(at: now) { emit(finding) }
            scheduleCheck()
        }
    }
}

extension RunningSession: ProviderDelegate {
    func providerWrote(_ bytes: [UInt8]) { output?.wrote(bytes) }

    func providerReported(_ report: ProviderReport) {
        guard !lifecycle.hasEnded else { return }
        switch report {
        case .fileTouched(let path, let reason):
            emit(.fileTouched(FileTouch(path: path, roomPath: observer.room(of: path), reason: reason)))
        case .diff(let summary): if !summary.isEmpty { emit(.diffSummary(summary)) }
        case .testRunStarted(let start): emit(.testRunStarted(start))
        case .testRunFinished(let finish): emit(.testRunFinished(finish))
        case .approvalRequested(let approval):
            // A session that is ending asks nothing any more.
            if let actions = try? lifecycle.approvalRequested(approval, at: WallClock.moment) { perform(actions) }
        case .approvalResolved(let resolution):
            if let actions = try? lifecycle.approvalResolved(resolution, at: WallClock.moment) { perform(actions) }
        case .alert(let alert): emit(.alertRaised(alert))
        case .commandRun: observer.commandRun()
        }
    }

    func providerEnded(_ end: ProcessEnd) {
        guard self.end == nil else { return }
        self.end = end
        if let output { output.end() } else { drained() }
    }
}
