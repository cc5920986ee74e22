import Bytes
import Client
import Fleet
import Glibc
import Wire

/// Tells which terminal a project is in.
struct WhereCommand: Command {
    static let spec = CommandSpec(
        word: "where",
        summary: "Tell which terminal a project is in",
        discussion: """
            Known from tmux and from shells that report (drover shell install). It says what it rests on, and how sure it is.
            """,
        positionals: [PositionalSpec("PATH", .optional)],
        examples: [
            .init("drover where", "of the project you are in"), .init("drover where ~/src/web", "of another one"),
        ])

    private let path: String?
    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        path = arguments.optionalPositional()
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let query = RoutingQuery(projectPath: Self.absolute(path ?? "."))
        let found: RoutingDiagnostics = try context.askSensing(.getRoutingDiagnostics(query))
        let console = context.console
        let route = found.snapshot
        var panes: [PaneAddress] = []
        if case .tmuxSession(let name) = route.target {
            panes = ProjectPanes(of: name, in: query.projectPath, context.environment).addresses
        }
        if asJSON {
            var json = (try? JSON(parsing: found.encoded()))?.object ?? [:]
            json["panes"] = .strings(panes.map(\.description))
            console.print(.object(json))
            return .ok
        }
        switch route.target {
        case .tmuxSession(let name):
            if let pane = panes.first {
                let others = panes.count > 1 ? ", and \(panes.count - 1) more of its panes" : ""
                console.print(
                    "tmux pane \(console.styled(harmless(pane.description), .strong))  (\(route.status.rawValue)\(others))"
                )
                console.print(console.styled("Go there: \(pane.visit)", .dim))
            } else {
                console.print("tmux session \(console.styled(harmless(name), .strong))  (\(route.status.rawValue))")
                console.print(console.styled("Go there: tmux attach -t =\(ShellWords.join([name]))", .dim))
            }
        case .terminalApp(let name): console.print("terminal \(console.styled(harmless(name), .strong))")
        case .none:
            console.print("No terminal is known for \(harmless(route.projectPath)).")
            console.print(console.styled("Let shells report where they are: drover shell install", .dim))
            return .failure
        }
        console.print("\(route.reason) Confidence: \(route.confidence.rawValue).")
        for evidence in route.evidence {
            let age = RelativeTime.ago(milliseconds: Int(clamping: evidence.ageMilliseconds))
            console.print(
                console.styled("  \(evidence.kind.rawValue) \(harmless(evidence.value)), seen \(age)", .dim))
        }
        if !found.conflicts.isEmpty {
            let others = found.candidateTargets.count
            console.print("\(others) terminals are equally near; this is the first of them.")
        }
        return .ok
    }

    private static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else {
            if path.hasPrefix("/") { return path }
            guard let directory = getcwd(nil, 0) else { return path }
            defer { free(directory) }
            return String(cString: directory) + "/" + path
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
