import Client
import Fleet
import Wire

/// Where something is to be launched, as `drover run` was told.
enum LaunchPlace: Equatable, Sendable {
    /// A terminal of the daemon's own.
    case terminal
    case headless
    /// A window of tmux that is still to be made.
    case newWindow
    case pane(PaneAddress)

    init(_ arguments: Arguments) throws(UsageError) {
        guard arguments.flag("tmux") else {
            self = arguments.flag("headless") ? .headless : .terminal
            return
        }
        guard !arguments.flag("headless") else {
            throw UsageError("--tmux and --headless exclude each other.", verb: arguments.spec.word)
        }
        guard let text = arguments.option("tmux") else {
            self = .newWindow
            return
        }
        let address = text.hasPrefix("tmux:") ? String(text.dropFirst(5)) : text
        guard let pane = PaneAddress(address) else {
            throw UsageError(
                "--tmux takes a pane such as agents:2.1, and not \"\(text)\".", verb: arguments.spec.word)
        }
        self = .pane(pane)
    }

    /// The target to ask the daemon for, and the window that was made for it, if one was.
    func target(
        name: String, directory: String, size: TerminalSize?, in context: Context
    ) throws(CommandFailure) -> (RuntimeTarget?, TmuxWindow?) {
        switch self {
        case .terminal: return (nil, nil)
        case .headless: return (.headless, nil)
        case .pane(let address): return (.tmux(address), nil)
        case .newWindow:
            let window = try TmuxWindow.make(
                name: name, directory: directory, size: size, environment: context.environment)
            return (.tmux(window.address), window)
        }
    }
}

/// An agent that is launched with the environment of whoever types (runtime-rpc §3).
struct AgentLaunch {
    var agent: String
    var arguments: [String]
    var variables: [(name: String, value: String)]
    var directory: String
    var place: LaunchPlace

    /// Starts it, and returns its session's id.
    func start(in context: Context) throws(CommandFailure) -> String {
        let (target, window) = try place.target(
            name: agent, directory: directory, size: TerminalSize.current, in: context)
        var environment = CapturedEnvironment.variables(of: context.variables())
        for variable in variables { environment.set(variable.name, variable.value) }
        let id = SessionID(
            rawValue: UUIDText.text(
                time: Timestamp(milliseconds: Int64(context.now())),
                randomBytes: (0..<16).map { _ in UInt8.random(in: 0...255) }))
        // What it starts in turn is to be known as its own, and not as ours.
        environment.set("DROVER_SESSION_ID", id.rawValue)
        let request = SpawnRequest(
            sessionID: id, runtime: agent, environment: environment, cwd: directory, target: target ?? .headless,
            arguments: arguments)
        do throws(CommandFailure) {
            let client = try context.makeRuntimeClient()
            do {
                _ = try client.spawn(request)
            } catch {
                throw Self.failure(error, agent)
            }
        } catch {
            window?.remove()
            throw error
        }
        return id.rawValue
    }

    private static func failure(_ error: RuntimeRPCError, _ agent: String) -> CommandFailure {
        guard case .refused(let refusal) = error else { return CommandFailure(error) }
        var failure = CommandFailure(CommandFailure.sentence(refusal.message))
        switch refusal.code {
        case .runtimeUnavailable:
            failure.hints = [
                "See which agents there are: drover doctor",
                "Any program runs without being one: drover run -- \(agent)",
            ]
        case .tmuxPaneDead:
            failure.hints = [
                "The daemon looks for panes in the tmux it was started beside: TMUX and TMUX_TMPDIR of its environment."
            ]
        default: break
        }
        return failure
    }
}
