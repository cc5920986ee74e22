import Client

/// The MCP server for operators (runtime-rpc §9).
struct RTMMCP: RTMCommand {
    static let spec = CommandSpec.rtm(
        "mcp", "Serve the Model Context Protocol on stdin and stdout",
        discussion: "For operators: its tools list runtimes, watchers and versions, and end a process by its number.",
        examples: [.init("claude mcp add rtm -- rtm mcp", "make it known to an agent")])

    init(_ arguments: inout Arguments) throws(UsageError) { try arguments.finish() }

    func run(in context: RTMContext) throws(RTMFailure) -> ExitCode {
        let client = RuntimeRPCClient(path: try context.socket().path)
        BridgeLoop(client: client, console: context.context.console, input: context.context.input).run()
        return .ok
    }
}
