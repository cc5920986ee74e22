import Bytes
import Client
import Glibc

/// Shows the web page.
struct OpenCommand: Command {
    static let spec = CommandSpec(
        word: "open",
        summary: "Show the web page",
        positionals: [PositionalSpec("SESSION", .optional, completion: .sessions)],
        options: [.flag("print", "Print the address only")],
        examples: [.init("drover open", "the fleet"), .init("drover open web", "one session")])

    private let id: String?
    private let printsOnly: Bool
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        id = arguments.optionalPositional()
        printsOnly = arguments.flag("print")
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let client = try context.makeClient()
        let session = try context.ask(client) { client throws(ClientError) -> Session? in
            if let id { return try client.session(id) }
            _ = try client.fleet(limit: 1)
            return nil
        }
        let url = session.map { "\(client.address.url)/#/session/\($0.id)" } ?? client.address.url + "/"
        if asJSON { context.console.print(["url": .string(url)]) } else { context.console.print(url) }
        if !printsOnly, !asJSON { Self.show(url, in: context.environment) }
        return .ok
    }

    /// Shows an address in the desktop's browser, where there is a desktop.
    static func show(_ url: String, in environment: Environment) {
        let hasDisplay = environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil
        guard hasDisplay, let opener = programPath("xdg-open", in: environment) else { return }
        launch(opener, url)
    }

    /// Starts the opener and does not wait for it: some stay as long as the browser does.
    private static func launch(_ program: String, _ url: String) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var words = [strdup(program), strdup(url), nil]
        defer { words.forEach { free($0) } }
        var pid: pid_t = 0
        posix_spawn(&pid, program, &actions, nil, &words, ProcessEnvironment.pointer)
    }
}
