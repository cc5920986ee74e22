import Bytes
import Chat
import Client
import Fleet
import Glibc
import HTTP
import Hub
import Reactor
import Running
import Sensing
import Settings
import Spool
import Store
import Supervision
import Tmux
import Wire

/// The daemon: puts the parts together, starts them in order, and ends them in the opposite one.
@Loop
final class Daemon {
    private let options: DaemonOptions
    private let socket: RuntimeSocket
    private let capacitor: CapacitorHome
    private let sensingJournal: SensingOnLoop
    private var sensing: SensingService!
    private var ipc: SensingServer?
    private let spoolWorker = Worker()
    private let startedAt = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
    private let journal: JournalOnLoop
    private let recordings: RecordingsOnLoop
    private let runner: LocalRunner
    private let runtimeProvider = RuntimeProvider()
    private let tmux: TmuxServer
    private let runtimeRecords: RuntimeRecordsOnLoop
    private var runtimes: RuntimeService!
    private var rpc: RuntimeServer!
    private var hub: Hub!
    private var http: HubHTTP!
    private var server: HTTPServer!
    private let configuration: ConfigurationFile
    private var chat: ChatPart!
    private var address = ""
    private var port: UInt16 = 0
    /// Whether another daemon takes this one's place, and where it listens.
    private var restartsAtEnd = false
    /// Where the daemon listened that this one takes the place of; `nil` when there was none.
    private let restartedPort = SelfRestart.takePort()
    private let inherited = InheritedChildren()
    private var isEnding = false
    private var nextComplaint: Int64 = 0

    /// A daemon that is told to end gives its sessions this long, then leaves.
    private static let drainTime: Int64 = 8_000

    /// Runs until a signal ends it.
    nonisolated static func run(_ options: DaemonOptions) -> Never {
        DaemonLog.isQuiet = options.isQuiet
        ProcessLimits.makePrivate()
        ProcessLimits.raiseFileLimit()
        let lock: FileLock
        let socket: RuntimeSocket
        let capacitor: CapacitorHome
        let configuration: ConfigurationFile
        var options = options
        do throws(DaemonFailure) {
            do { lock = try FileLock(home: options.home) } catch { throw .store(error) }
            configuration = ChatPart.configuration(
                home: options.home, environment: Dictionary(environment(), uniquingKeysWith: { $1 }))
            options.take(configuration.tolerantServer)
            try check(options)
            socket = try RuntimeSocket(path: options.rpcSocket)
            capacitor = try CapacitorHome(
                userHome: Environment.current.userDirectory, socketPath: options.ipcSocket)
        } catch {
            stop(with: error)
        }
        let final = options
        Loop.run {
            do throws(DaemonFailure) {
                let daemon = try Daemon(final, socket: socket, capacitor: capacitor, configuration: configuration)
                try daemon.start()
                // The daemon lives as long as the process.
                _ = Unmanaged.passRetained(daemon)
            } catch {
                stop(with: error)
            }
        }
        withExtendedLifetime(lock) {}
        if let restartPort { SelfRestart.run(port: restartPort) }
        exit(0)
    }

    /// Set when the loop ends for a daemon that takes this one's place.
    private nonisolated(unsafe) static var restartPort: UInt16?

    private nonisolated static func stop(with failure: DaemonFailure) -> Never {
        DaemonLog.warn("cannot start: \(failure)")
        exit(1)
    }

    private nonisolated static func check(_ options: DaemonOptions) throws(DaemonFailure) {
        if options.jwtSecret != nil { throw .accountsNotSupported }
        if options.host != "127.0.0.1", options.host != "::1" { throw .notLoopback(options.host) }
        if options.databaseURL != nil {
            DaemonLog.warn("DATABASE_URL is set; this version keeps its journal in SQLite")
        }
        if options.redisURL != nil { DaemonLog.warn("REDIS_URL is set; this version runs as a single hub") }
    }

    // MARK: - Start

    private init(
        _ options: DaemonOptions, socket: RuntimeSocket, capacitor: CapacitorHome, configuration: ConfigurationFile
    ) throws(DaemonFailure) {
        self.options = options
        self.configuration = configuration
        self.socket = socket
        self.capacitor = capacitor
        Self.importOriginal(into: options.home)
        do throws(StoreError) {
            journal = try JournalOnLoop(path: options.home + "/drover.db", durability: .full)
            recordings = try RecordingsOnLoop(home: options.home)
            sensingJournal = SensingOnLoop(journal, reader: try JournalReader(path: options.home + "/drover.db"))
        } catch {
            throw .store(error)
        }
        runtimeRecords = RuntimeRecordsOnLoop(journal)
        var environment = SessionEnvironment(of: Self.environment())
        environment.droverHome = options.home
        environment.ipcSocket = options.ipcSocket
        runner = LocalRunner(
            providers: [.command: CommandProvider(), .mock: MockProvider()], supervised: runtimeProvider,
            recording: recordings, environment: environment, maxSessions: 1000)
        tmux = TmuxServer(environment: Self.environment())
    }

    private func start() throws(DaemonFailure) {
        var settings = HubSettings(
            version: DroverVersion.current, pid: Int(getpid()), startedAt: startedAt,
            userHome: runner.environment.home, webRoot: WebRoot.find(options.webRoot))
        settings.providers = [.command, .mock]
        settings.environmentNames = Set(Self.environment().map(\.0))
        settings.allowedOrigins = Self.list("WS_ALLOWED_ORIGINS") + Self.list("CORS_ALLOWED_ORIGINS")
        settings.usageEvents = Environment.current["USAGE_EVENTS"] == "on"
        if let limit = Environment.current["RUNNER_MAX_SESSIONS"].flatMap({ Int($0) }) { settings.maxSessions = limit }
        hub = Hub(settings: settings, journal: journal, runner: runner, archive: recordings, health: self)
        runner.sink = hub
        do throws(StoreError) { try journal.replay { hub.replay($0) } } catch { throw .store(error) }
        runtimes = try makeRuntimes()
        runtimeProvider.service = runtimes
        do throws(ReactorError) {
            rpc = try RuntimeServer(runtimes)
        } catch {
            throw .socket(path: options.rpcSocket, "\(error)")
        }
        rpc.onAcceptFailure = { [self] error in
            // It is tried again twenty times a second; said once a minute is enough.
            guard Loop.now >= nextComplaint else { return }
            nextComplaint = Loop.now + 60_000
            DaemonLog.warn("\(error); clients of the runtime RPC wait")
        }
        let (lost, survivors) = hub.accountForLostSessions(
            bytes: { recordings.size(of: $0) }, survived: { runtimes.mayHaveSurvived($0.id) })
        endWhatWasLeft(lost)

        http = HubHTTP(hub)
        do throws(StoreError) {
            chat = try ChatPart(configuration, options: options, journal: journal, hub: settings) { [unowned self] in
                restartsAtEnd = true
                end()
            }
        } catch {
            throw .store(error)
        }
        chat.show(on: hub, http)
        server = http.makeServer()
        do throws(ReactorError) {
            port = try listen()
        } catch {
            throw .listen(host: options.host, port: options.port, error)
        }
        address = "http://\(options.host.contains(":") ? "[\(options.host)]" : options.host):\(port)"
        runner.environment.daemonURL = address
        try startSensing()
        watchSignals()
        runtimes.start { [self] in
            runner.restore(survivors)
            rpc.accept()
            announce()
            forgetOldEvents()
        }
    }

    /// Listens; after a restart where the daemon before has, when any port will do.
    private func listen() throws(ReactorError) -> UInt16 {
        if let before = restartedPort, options.port == 0,
            let port = try? server.listen(host: options.host, port: before)
        {
            return port
        }
        return try server.listen(host: options.host, port: options.port)
    }

    /// Takes over, once, what the program that spoke the runtime RPC before this one has left (runtime-rpc §11, D-42).
    private nonisolated static func importOriginal(into home: String) {
        let environment = Dictionary(environment(), uniquingKeysWith: { $1 })
        importSensing(into: home, environment)
        guard let old = RuntimeImport.databasePath(environment: environment) else { return }
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
        do throws(StoreError) {
            let imported = try RuntimeImport.run(
                environment: environment, into: home + "/drover.db", options: JournalOnLoop.options, scratch: home,
                at: now, makeID: { EventID(at: now, randomBytes: randomID()) })
            guard let imported else { return }
            for problem in imported.problems { DaemonLog.warn(problem) }
            DaemonLog.info("took over \(imported.events.count) runtimes and \(imported.eventCount) events of \(old)")
        } catch {
            DaemonLog.warn("what \(old) holds could not be taken over: \(error)")
        }
    }

    /// The same of the program that spoke the daemon IPC (daemon-ipc §7.1).
    private nonisolated static func importSensing(into home: String, _ environment: [String: String]) {
        do throws(StoreError) {
            let imported = try SensingImport.run(
                environment: environment, into: home + "/drover.db", options: JournalOnLoop.options, scratch: home)
            guard let imported else { return }
            for problem in imported.problems { DaemonLog.warn(problem) }
            DaemonLog.info("took over \(imported.rowCount) rows of agents and shells that were watched before")
        } catch {
            DaemonLog.warn("what was known of agents and shells before could not be taken over: \(error)")
        }
    }

    /// Takes up what agents reported before, and answers the daemon IPC, at once or after a while when this daemon was
    /// started often lately (daemon-ipc §7.4, §7.5).
    private func startSensing() throws(DaemonFailure) {
        let configuration = capacitor.configuration
        for warning in configuration.warnings { DaemonLog.warn("hem-v2.toml: \(warning)") }
        let host = HostView()
        let userHome = Environment.current.userDirectory
        do throws(StoreError) {
            let (state, rollout) = try sensingJournal.load(configuration.sensing, home: userHome, host: host)
            sensing = SensingService(
                settings: SensingService.Settings(
                    version: DroverVersion.current,
                    buildHash: Environment.current["CAPACITOR_DAEMON_BUILD_HASH"] ?? DroverVersion.commit,
                    pid: UInt32(getpid()), home: userHome, configuration: configuration),
                journal: sensingJournal, tmux: tmux, host: host, state: state, rollout: rollout,
                newestRowid: try journal.reader.newestRowid())
        } catch {
            throw .store(error)
        }
        sensingJournal.hub = hub
        sensing.sink = hub.reported
        hub.evidence = { [sensing] session in sensing?.evidence(of: session) }
        sensing.start()
        let (backoff, delay) = capacitor.started(at: startedAt)
        sensing.backoff = backoff
        if delay == 0 { return try openIPC() }
        DaemonLog.warn("this daemon was started often lately; agents can report in \(delay) seconds")
        _ = LoopTimer(after: delay * 1000) { [self] in
            guard !isEnding else { return }
            do throws(DaemonFailure) { try openIPC() } catch { DaemonLog.warn("\(error)") }
        }
    }

    private func openIPC() throws(DaemonFailure) {
        do throws(ReactorError) {
            let server = try SensingServer(sensing, path: options.ipcSocket)
            server.accept()
            ipc = server
            takeWhatWaits()
        } catch {
            throw .socket(path: options.ipcSocket, "\(error)")
        }
    }

    /// Takes the reports that waited while no daemon was there (daemon-ipc D-24): from a thread of its own, over the socket,
    /// as everybody else's.
    private func takeWhatWaits() {
        let spool = Spool(capacitorHome: Environment.current.userDirectory + "/.capacitor")
        let client = SensingClient(path: options.ipcSocket)
        let now = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
        spoolWorker.run(
            { () -> Int in
                switch spool.drain(at: now, while: { true }, deliver: { client.deliver($0) ? .done : .stop }) {
                case .all(let count), .some(let count): return count
                case .busy: return 0
                }
            },
            then: { count in
                if count > 0 { DaemonLog.info("took \(count) reports that had waited for a daemon") }
            })
    }

    private func makeRuntimes() throws(DaemonFailure) -> RuntimeService {
        let configuration = Configuration(home: options.home)
        for problem in configuration.problems { DaemonLog.warn(problem) }
        let environment = Self.environment()
        if let settings = configuration.notifications {
            let notifier = Notifier(settings, environment: environment)
            hub.onChange = { before, now in notifier.changed(from: before, to: now) }
        }
        let sweep: RuntimeSettings
        do throws(RuntimeSettingsError) {
            sweep = try RuntimeSettings(environment: Dictionary(environment, uniquingKeysWith: { $1 }))
        } catch {
            throw .settings("\(error)")
        }
        let logHome = Environment.current["RTM_HOME"] ?? options.home
        let known: RuntimeArchive.Contents
        let migrations: [String]
        do throws(StoreError) {
            known = try runtimeRecords.load()
            migrations = try runtimeRecords.migrations()
        } catch {
            throw .store(error)
        }
        return RuntimeService(
            settings: SupervisionSettings(
                version: VersionInfo(version: DroverVersion.current, gitSHA: DroverVersion.commit),
                socketPath: options.rpcSocket, socketLabel: options.rpcSocketLabel,
                shimPath: ShimProgram.path(environment: .current), logRoot: logHome + "/logs", environment: environment,
                launchers: LauncherTable(adding: configuration.launchers), sweep: sweep,
                migrations: migrations),
            fleet: HubFleet(hub) { [unowned self] stoppingAll in end(stoppingAll: stoppingAll) },
            records: runtimeRecords, tmux: tmux, rows: known.rows, log: known.log,
            lastSweep: known.lastSweep)
    }

    /// Processes of a daemon that died have lost their terminal; nobody could see or stop them any more.
    private func endWhatWasLeft(_ sessions: [SessionView]) {
        for view in sessions {
            guard let process = view.process else { continue }
            let identity = Reactor.ProcessIdentity(
                pid: Int32(process.pid), startTicks: UInt64(process.startTicks), bootID: process.bootID)
            guard identity.isAlive else { continue }
            DaemonLog.info("session \(view.id) lost its daemon; ending its process \(process.pid)")
            identity.signalGroup(SIGHUP)
            identity.signalGroup(SIGTERM)
            _ = LoopTimer(after: 1000) { identity.signalGroup(SIGKILL) }
        }
    }

    /// Keeps the journal, and with it the next start, from growing without end.
    private func forgetOldEvents() {
        runtimes.forgetOldEvents()
        journal.prune(upTo: hub.forgettable, at: Fleet.Timestamp(milliseconds: SystemClock.milliseconds))
        _ = LoopTimer(after: 6 * 3600 * 1000) { [weak self] in self?.forgetOldEvents() }
    }

    private func announce() {
        let pid = Int(getpid())
        let record: JSON = [
            "pid": .integer(pid), "http": .string(address), "startedAt": .integer(startedAt.milliseconds),
            "version": .string(DroverVersion.current),
        ]
        if !writeAtomically(record.encoded() + [10], to: DaemonRecord.path(inHome: options.home)) {
            DaemonLog.warn("cannot write \(DaemonRecord.path(inHome: options.home)); commands need --url \(address)")
        }
        let ready: JSON = [
            "ready": true, "pid": .integer(pid), "http": .string(address), "ipc": .string(options.ipcSocket),
            "rpc": .string(options.rpcSocket),
            "version": .string(DroverVersion.current),
        ]
        let line = ready.encoded() + [10]
        _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
        DaemonLog.info("listening; the page is at \(address)/")
        // Whoever has the page open need not get it again.
        if options.opensPage, restartedPort == nil { OpenCommand.show(address + "/", in: .current) }
    }

    // MARK: - End

    private func watchSignals() {
        // Watchers live as long as the loop; each holds itself.
        for signal in [SIGTERM, SIGINT] {
            _ = SignalWatcher(signal) { [self] in
                if isEnding { exit(1) }
                end()
            }
        }
        _ = SignalWatcher(SIGHUP) {}
    }

    /// - Parameter stoppingAll: Stop also the runtimes that could go on without a daemon.
    private func end(stoppingAll: Bool = false) {
        guard !isEnding else { return }
        isEnding = true
        ipc?.close()
        capacitor.stoppedCleanly(startedAt: startedAt)
        // Shims whose runtimes are ended here have something to report.
        if !stoppingAll { rpc.close() }
        let patience = LoopTimer(after: Self.drainTime) { [self] in leave() }
        // Streams are told first, and what they say is durable before anything closes.
        chat.service.drain { [self] in
            runner.drain(stoppingAll: stoppingAll) { [self] in
                journal.whenSettled { [self] in
                    patience.cancel()
                    // The last events reach those who watch before their connections close.
                    _ = LoopTimer(after: 50) { [self] in leave() }
                }
            }
        }
    }

    private func leave() {
        rpc.close()
        tmux.close()
        hub.drain()
        server.drain()
        _ = LoopTimer(after: 50) { [self] in
            recordings.close()
            journal.close()
            unlink(DaemonRecord.path(inHome: options.home))
            if restartsAtEnd { Self.restartPort = port }
            Loop.stop()
        }
    }

    // MARK: - Environment

    private nonisolated static func environment() -> [(String, String)] {
        var result: [(String, String)] = []
        var pointer = ProcessEnvironment.pointer
        while let entry = pointer.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
            }
            pointer += 1
        }
        return result
    }

    private nonisolated static func list(_ name: String) -> [String] {
        (Environment.current[name] ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }
    }
}

// MARK: - Health

extension Daemon: DaemonHealth {
    var isJournalWritable: Bool { journal.isWritable && !isEnding }

    func checks(then completion: @escaping @Loop ([HealthCheck]) -> Void) {
        var checks = [
            HealthCheck(
                name: "journal", isOK: journal.isWritable,
                detail: journal.isWritable ? "takes events, at row \(hub.fleet.cursor)" : "cannot be written",
                fix: journal.isWritable ? nil : "make room on the disk of \(options.home)")
        ]
        checks.append(
            HealthCheck(
                name: "web page", isOK: access(hub.settings.webRoot + "/index.html", R_OK) == 0,
                detail: hub.settings.webRoot, fix: "install the page's files, or name their folder with --web-root"))
        checks.append(
            HealthCheck(
                name: "page libraries", isOK: access(hub.settings.webRoot + "/vendor", R_OK | X_OK) == 0,
                detail: hub.settings.webRoot + "/vendor", fix: "run make setup in Drover's folder"))
        checks.append(
            HealthCheck(
                name: "sessions", isOK: true,
                detail: "\(runner.sessionCount) running, \(hub.fleet.sessions.count) known"))
        completion(
            checks.map { check in
                var check = check
                if check.isOK { check.fix = nil }
                return check
            })
    }

    func shutDown() { end() }
}

/// Why the daemon cannot start, as a sentence with what to do.
enum DaemonFailure: Error, CustomStringConvertible {
    case store(StoreError)
    case listen(host: String, port: UInt16, ReactorError)
    case notLoopback(String)
    /// The socket of the runtime RPC cannot be had.
    case socket(path: String, String)
    case socketHeld(path: String, byPid: Int32?)
    /// A variable of the environment does not hold what it should.
    case settings(String)
    case accountsNotSupported

    var description: String {
        switch self {
        case .store(let error): return "\(error)"
        case .settings(let sentence): return sentence
        case .socket(let path, let reason): return "cannot use the socket \(path): \(reason)"
        case .socketHeld(let path, let pid):
            return
                "another daemon\(pid.map { " (pid \($0))" } ?? "") answers at \(path); stop it, or set RTM_SOCKET_PATH to another path"
        case .listen(let host, let port, let error):
            if error.isAddressInUse {
                return
                    "port \(port) of \(host) is taken; stop who has it, or choose another with --port (0 for any free one)"
            }
            return "\(error)"
        case .notLoopback(let host):
            return
                "\(host) is not a loopback address, and without accounts only this machine may reach the daemon; use --host 127.0.0.1"
        case .accountsNotSupported:
            return
                "JWT_SECRET is set, but this version knows no accounts and would run open; unset it to run for yourself alone"
        }
    }
}
