import Fleet
import Glibc
import Reactor
import Tmux
import Wire

/// Starts the shim of one launch where the target says (runtime-rpc §3.3).
///
/// What the runtime is to get of secrets is not passed here: the shim asks for it.
@Loop
struct ShimStarter {
    let service: RuntimeService

    private static let socketVariable = "RTM_SOCKET_PATH"

    /// What was started: a child of this daemon, or one of tmux in a pane.
    enum Started {
        case child(ChildProcess)
        case placed(PanePlacement)
    }

    func start(_ plan: LaunchPlan, then completion: @escaping @Loop (Result<Started, RPCError>) -> Void) {
        let command = [service.settings.shimPath, "__shim", "--session-id", plan.session.rawValue]
        switch plan.target {
        case .headless: startHeadless(plan.session, command, then: completion)
        case .tmux(let address):
            guard let pane = plan.pane else {
                return completion(.failure(RPCError(.tmuxPaneDead, "tmux address \(address) is not alive")))
            }
            let variable = (Self.socketVariable, service.settings.socketPath)
            service.tmux.respawn(pane, variable: variable, command: command) { result in
                completion(
                    result.map { .placed($0) }.mapError {
                        RPCError(.launchFailed, "tmux did not respawn the pane: \($0)")
                    })
            }
        }
    }

    private func startHeadless(
        _ session: SessionID, _ command: [String],
        then completion: @escaping @Loop (Result<Started, RPCError>) -> Void
    ) {
        let settings = service.settings
        let directory = settings.logDirectory(of: session)
        let files = [settings.stdoutPath(of: session), settings.stderrPath(of: session)]
        var environment = settings.environment.filter { $0.0 != Self.socketVariable }
        environment.append((Self.socketVariable, settings.socketPath))
        let shim = ChildProcess.Command(arguments: command, environment: environment, leadsSession: true)
        service.worker.run(
            { () -> Result<ChildProcess.Started, RPCError> in
                LogFiles.open(directory: directory, files: files).flatMap { logs in
                    ChildProcess.spawn(shim, stdio: [-1] + logs)
                        .mapError { RPCError(.launchFailed, "the shim could not be started: \($0)") }
                }
            },
            then: { completion($0.map { .child(ChildProcess($0)) }) })
    }
}

/// The log files of a runtime without a terminal: the shim gets them open, so they need no daemon (D-15).
enum LogFiles {
    /// Makes the folder and empties the files. Touches the disk.
    static func open(directory: String, files: [String]) -> Result<[Int32], RPCError> {
        if let problem = make(directory) { return .failure(problem) }
        var descriptors: [Int32] = []
        for file in files {
            let descriptor = Glibc.open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                let reason = String(cString: strerror(errno))
                for descriptor in descriptors { close(descriptor) }
                return .failure(RPCError(.launchFailed, "cannot open \(file): \(reason)"))
            }
            descriptors.append(descriptor)
        }
        return .success(descriptors)
    }

    private static func make(_ directory: String) -> RPCError? {
        var path = ""
        for part in directory.split(separator: "/") {
            path += "/\(part)"
            if mkdir(path, 0o700) != 0, errno != EEXIST, errno != EISDIR {
                return RPCError(
                    .launchFailed, "cannot make the folder \(path): \(String(cString: strerror(errno)))")
            }
        }
        return nil
    }
}
