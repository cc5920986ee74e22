/// Runs the daemon, in the foreground.
struct UpCommand: Command {
    static let spec = CommandSpec(
        word: "up",
        summary: "Run the daemon and the web page",
        discussion: """
            It stays in the foreground and logs to stderr; Ctrl-C ends it and the sessions in its own terminals, while those
            in tmux and without a terminal go on. Once everything listens it prints one line of JSON to stdout.
            """,
        options: [
            .value("host", "ADDRESS", "Listen on this address (default \(DaemonOptions.standardHost))"),
            .value("port", short: "p", "PORT", "Listen on this port (default \(DaemonOptions.standardPort), 0 = any)"),
            .value("home", "DIR", "Keep everything there (default ~/.drover)", completion: .directories),
            .value("web-root", "DIR", "Serve the web page from there", completion: .directories),
            .flag("open", "Show the web page once it is up"),
            .flag("quiet", short: "q", "Log warnings and errors only"),
        ],
        examples: [
            .init("drover up", "on \(DaemonOptions.standardHost):\(DaemonOptions.standardPort)"),
            .init("drover up --open", "and show the web page"),
            .init("drover up --port 0 --quiet &", "in the background, on any free port"),
        ],
        asksDaemon: false,
        printsResult: false)

    private let host: String?
    private let port: UInt16?
    private let home: String?
    private let webRoot: String?
    private let opensPage: Bool
    private let isQuiet: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        host = arguments.option("host")
        port = try arguments.integer("port", in: 0...65535).map { UInt16($0) }
        home = arguments.option("home")
        webRoot = arguments.option("web-root")
        opensPage = arguments.flag("open")
        isQuiet = arguments.flag("quiet")
        try arguments.finish()
    }

    /// The environment's settings, overruled by what was said on the command line.
    func options(in environment: Environment) throws(UsageError) -> DaemonOptions {
        var options = try DaemonOptions(environment: environment)
        if let host { options.host = host == "localhost" ? DaemonOptions.standardHost : host }
        if let port { options.port = port }
        options.isHostGiven = host != nil
        if port != nil { options.isPortGiven = true }
        if let home { options.home = absolutePath(home) }
        if let webRoot { options.webRoot = absolutePath(webRoot) }
        options.opensPage = opensPage
        options.isQuiet = isQuiet
        return options
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        do {
            Daemon.run(try options(in: context.environment))
        } catch {
            throw CommandFailure(error.message, hints: ["See: drover help up"], exit: .usage)
        }
    }
}
