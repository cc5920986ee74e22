import Bytes
import Client
import Wire

/// Lists the projects in which agents are, whoever started them.
struct ProjectsCommand: Command {
    static let spec = CommandSpec(
        word: "projects",
        summary: "List the projects that agents work in, whoever started them",
        discussion: """
            Agents report by themselves once drover hooks install has been run. A project needs you while it waits; it is
            ready when its agent has finished.
            """,
        examples: [.init("drover projects", "then: drover where PATH")])

    private let asJSON: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        asJSON = arguments.flag("json")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        let projects: [ProjectStateEntry] = try context.askSensing(.getProjectStates)
        let console = context.console
        if asJSON {
            console.print(["items": .array(projects.map(Self.json))])
            return .ok
        }
        guard !projects.isEmpty else {
            console.print("No agent has reported from a project. Let them report: drover hooks install")
            return .ok
        }
        var table = Table([
            Table.Column("STATE"), Table.Column("PROJECT", shrinksTo: 20), Table.Column("AGENTS"),
            Table.Column("SINCE"), Table.Column("LAST REPORT"),
        ])
        for project in projects {
            let style: Style = project.state == "waiting" ? .attention : project.state == "ready" ? .good : .plain
            table.rows.append([
                Table.Cell(project.state, style), Table.Cell(harmless(project.projectPath)),
                Table.Cell(
                    project.sessionCount == 1 ? "1" : "\(project.activeCount) of \(project.sessionCount) active"),
                Table.Cell(RelativeTime.ago(milliseconds: context.now() - Int(project.stateChangedAt.milliseconds))),
                Table.Cell(RelativeTime.ago(milliseconds: context.now() - Int(project.updatedAt.milliseconds))),
            ])
        }
        for line in table.lines(on: console) { console.print(line) }
        return .ok
    }

    private static func json(_ project: ProjectStateEntry) -> JSON {
        (try? JSON(parsing: project.encoded())) ?? .null
    }
}
