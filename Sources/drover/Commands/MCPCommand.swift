import Client

/// Serves the Model Context Protocol.
struct MCPCommand: Command {
    static let spec = CommandSpec(
        word: "mcp",
        summary: "Serve agents and operators over MCP, on stdin and stdout",
        discussion: """
            Without --control it is the server for operators: its tools list runtimes and watchers, and end a process.
            With it, an agent gets the control plane: list, show, spawn, send, capture, approvals, events. It cannot
            approve anything, cannot type into a session that waits for approval, and what it starts asks for approval.
            """,
        options: [.flag("control", "Offer the control plane to an agent")],
        examples: [
            .init("claude mcp add drover -- drover mcp --control", "let an agent work with other sessions"),
            .init("claude mcp add rtm -- drover mcp", "the tools for operators"),
        ],
        printsResult: false)

    private let isControl: Bool

    init(_ arguments: inout Arguments) throws(UsageError) {
        isControl = arguments.flag("control")
        try arguments.finish()
    }

    func run(in context: Context) throws(CommandFailure) -> ExitCode {
        if isControl {
            ControlServer(context).run()
        } else {
            BridgeLoop(client: try context.makeRuntimeClient(), console: context.console, input: context.input).run()
        }
        return .ok
    }
}
