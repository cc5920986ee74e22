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
    let options: DaemonOptions
    private let socket: RuntimeSocket
    private let capacitor: CapacitorHome
    private let sensingJournal: SensingOnLoop
    private var sensing: SensingService!
    private var ipc: SensingServer?
    private let spoolWorker = Worker()
    private let startedAt = Fleet.Timestamp(milliseconds: SystemClock.milliseconds)
    let journal: JournalOnLoop
    private let recordings: RecordingsOnLoop
    let runner: LocalRunner
    private let runtimeProvider = RuntimeProvider()
    private let tmux: TmuxServer
    private let runtimeRecords: RuntimeRecordsOnLoop
    private var runtimes: RuntimeService!
    private var rpc: RuntimeServer!
    private(set) var hub: Hub!
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
    private(set) var isEnding = false
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
        EarlierPrograms.takeOver(
            into: options.home, environment: Dictionary(Self.environment(), uniquingKeysWith: { $1 }))
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
        let own = Configuration(path: configuration.path)
        for problem in own.problems { DaemonLog.warn(problem) }
        if let settings = own.notifications { notify(as: settings) }
        runtimes = try makeRuntimes(own.launchers)
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

    /// Has a program of the user's run when somebody waits or is done.
    private func notify(as settings: NotificationSettings) {
        let notifier = Notifier(settings, environment: Self.environment())
        hub.onChange = { before, now in notifier.changed(from: before, to: now) }
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

    private func makeRuntimes(_ launchers: [LauncherTable.Launcher]) throws(DaemonFailure) -> RuntimeService {
        let environment = Self.environment()
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
                launchers: LauncherTable(adding: launchers), sweep: sweep,
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
    func end(stoppingAll: Bool = false) {
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
