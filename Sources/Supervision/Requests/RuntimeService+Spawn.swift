import Fleet
import Glibc
import Reactor
import Wire

// `spawn` (runtime-rpc §2.4, §3): the checks in their order, then an ordinary session.
extension RuntimeService {
    func spawn(_ request: SpawnRequest, then answer: @escaping Answer) {
        guard let launcher = settings.launchers[request.runtime] else {
            let message = "no launcher registered for runtime kind: \(request.runtime)"
            return answer(.error(RPCError(.runtimeUnavailable, message)))
        }
        let paths = [settings.path] + request.environment.filter { $0.key == "PATH" }.suffix(1).map(\.value)
        let cwd = request.cwd
        worker.run(
            { (launcher.resolve(searching: paths), Self.problem(withDirectory: cwd)) },
            then: { [self] (program, problem) in
                guard let program else {
                    let message =
                        "\(launcher.command) not found on PATH; install it, or set its path in the configuration"
                    return answer(.error(RPCError(.runtimeUnavailable, message)))
                }
                guard isFree(request.sessionID) else {
                    return answer(.error(RPCError(.invalidTarget, "session \(request.sessionID) already exists")))
                }
                place(request.target, force: request.force) { [self] result in
                    switch result {
                    case .failure(let error): answer(.error(error))
                    case .success(let pane):
                        // All that can be known is known before what runs in the pane is killed.
                        if let problem = problem ?? request.problem {
                            return answer(.error(RPCError(.launchFailed, problem)))
                        }
                        let plan = LaunchPlan(
                            session: request.sessionID, runtime: request.runtime, target: request.target,
                            pane: pane?.id,
                            launch: LaunchSpec(
                                arguments: [program] + launcher.arguments + request.arguments,
                                environment: RuntimeEnvironment.variables(
                                    request.environment, session: request.sessionID, runtime: request.runtime),
                                cwd: request.cwd))
                        var size = CommandSpec.standardSize
                        if let pane { size = TerminalSize(columns: pane.width, rows: pane.height) }
                        admit(plan, size: size, then: answer)
                    }
                }
            })
    }

    /// Milliseconds from the admission of a session to the start of its shim.
    private static let longestSpawn: Int64 = 10_000
    /// Milliseconds after which a client is answered, whatever waits: a journal that cannot be written, above all.
    private static let longestAnswer: Int64 = 25_000

    /// Milliseconds that the end of a session which came to nothing may take to be written down.
    private static let longestEnding: Int64 = 2_000

    /// Whether an id may be used: by no runtime that ever was, and by no session that lives.
    private func isFree(_ session: SessionID) -> Bool {
        table[session] == nil && runtimes[session] == nil && admitted[session] == nil && !fleet.isLive(session)
    }

    private func admit(_ plan: LaunchPlan, size: TerminalSize, then answer: @escaping Answer) {
        // It may have been taken while the pane was looked for.
        guard isFree(plan.session) else {
            return answer(.error(RPCError(.invalidTarget, "session \(plan.session) already exists")))
        }
        admitted[plan.session] = plan
        spawnCalls[plan.session] = { result in
            switch result {
            case .success(let spawned): answer(.spawned(spawned))
            case .failure(let error): answer(.error(error))
            }
        }
        fleet.admit(Self.config(of: plan, size: size)) { [self] result in
            if case .failure(let error) = result {
                admitted[plan.session] = nil
                launched(plan.session, .failure(RPCError(.launchFailed, "the session was not admitted: \(error)")))
            }
        }
        // The session may end before it asks for its process: somebody stops it, for one.
        _ = LoopTimer(after: Self.longestSpawn) { [weak self] in
            guard let self, admitted.removeValue(forKey: plan.session) != nil else { return }
            withdrawn.insert(plan.session)
            launched(plan.session, .failure(RPCError(.launchFailed, "the session ended before it was launched")))
        }
        _ = LoopTimer(after: Self.longestAnswer) { [weak self] in
            guard let self, let call = spawnCalls.removeValue(forKey: plan.session) else { return }
            if admitted.removeValue(forKey: plan.session) != nil { withdrawn.insert(plan.session) }
            runtimes[plan.session]?.giveUp()
            call(.failure(RPCError(.launchFailed, "the launch could not be written down in time; is the disk full?")))
        }
    }

    /// Answers the client that asked for a launch, if there is one.
    func launched(_ session: SessionID, _ result: Result<Void, RPCError>) {
        guard let call = spawnCalls.removeValue(forKey: session) else { return }
        switch result {
        case .failure(let error):
            // When it is answered the id can be used again, so its session must have ended; if that can be written down.
            let answer = OnceAnswer { call(.failure(error)) }
            fleet.whenShown(session) { answer.give() }
            _ = LoopTimer(after: Self.longestEnding) { answer.give() }
        case .success:
            guard let row = table[session], case .running = row.state, let pid = row.runtimePID,
                let startTime = row.startTime
            else { return call(.failure(RPCError(.launchFailed, "the runtime ended at once"))) }
            let isHeadless = row.target == .headless
            call(
                .success(
                    SpawnedRuntime(
                        lifecycle: LifecycleRecord(row, logAvailability: logs(of: row, panes: row.ownPane)),
                        event: .running(session, runtimePID: pid, startTime: startTime),
                        logDirectory: isHeadless ? settings.logDirectory(of: session) : nil,
                        stdoutPath: isHeadless ? settings.stdoutPath(of: session) : nil,
                        stderrPath: isHeadless ? settings.stderrPath(of: session) : nil)))
        }
    }

    private static func config(of plan: LaunchPlan, size: TerminalSize) -> SessionConfig {
        let names = RuntimeEnvironment.names
        let environment = Dictionary(
            plan.launch.environment.filter { !names.contains($0.key) }.map { ($0.key, $0.value) },
            uniquingKeysWith: { $1 })
        return SessionConfig(
            sessionID: plan.session, orgID: OrgID("local"), userID: UserID("local"),
            title: ShellWords.join([plan.runtime] + plan.launch.arguments.dropFirst()),
            providerID: ProviderID(runtime: plan.runtime),
            repoRef: .local(path: plan.launch.cwd, name: nil, defaultBranch: nil),
            // Only what is to be starred out of its output: the whole environment is nobody's business.
            environment: SecretRedactor.secrets(of: environment),
            command: CommandSpec(argv: plan.launch.arguments, cwd: plan.launch.cwd, size: size), target: plan.target)
    }

    /// What is wrong with a working directory, as a sentence (D-13). Touches the disk.
    private nonisolated static func problem(withDirectory path: String) -> String? {
        // Daemon, shim and tmux each have a directory of their own, and all of them differ.
        guard path.hasPrefix("/") else { return "the directory \(path) is not absolute" }
        var status = stat()
        if stat(path, &status) != 0 { return "cannot use the directory \(path): \(String(cString: strerror(errno)))" }
        return status.st_mode & S_IFMT == S_IFDIR ? nil : "\(path) is not a directory"
    }
}

extension RuntimeLifecycle {
    /// Its pane as one that lives, which it does right after the launch.
    fileprivate var ownPane: [PaneID: String] {
        paneID.map { [$0: placement?.server ?? ""] } ?? [:]
    }
}

/// An answer that two may give, and that is given once.
@Loop
private final class OnceAnswer {
    private var body: (@Loop () -> Void)?

    init(_ body: @escaping @Loop () -> Void) { self.body = body }

    func give() {
        let body = body
        self.body = nil
        body?()
    }
}

extension SpawnRequest {
    /// What no program can be given, as a sentence.
    fileprivate var problem: String? {
        for variable in environment where variable.key.utf8.contains(0) || variable.value.utf8.contains(0) {
            return "the variable \(variable.key) holds a NUL byte"
        }
        if arguments.contains(where: { $0.utf8.contains(0) }) { return "an argument holds a NUL byte" }
        return cwd.utf8.contains(0) ? "the directory holds a NUL byte" : nil
    }
}

extension ProviderID {
    /// The kind of agent that a launcher's name stands for.
    init(runtime: String) {
        switch runtime {
        case "claude": self = .claudeCode
        case "codex": self = .codex
        default: self.init(runtime)
        }
    }
}
