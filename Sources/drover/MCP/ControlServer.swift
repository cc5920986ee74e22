import Bytes
import Client
import Fleet
import Wire

/// The MCP server that offers the control plane to an agent, over stdin and stdout.
///
/// It runs with the rights of whoever started it, and tells the daemon with every request on whose behalf it asks, so
/// that the daemon can refuse on its side and write down who did what.
struct ControlServer {
    let context: Context
    let actor: ControlActor

    init(_ context: Context) {
        self.context = context
        actor = ControlActor(context.environment)
    }

    /// Goes on until the end of the input.
    func run() {
        var lines = InputLines(context.input, limit: BridgeLoop.lineLimit)
        while let line = lines.next() {
            guard case .line(let bytes) = line else {
                let message = "Parse error: a line has at most \(BridgeLoop.lineLimit) bytes"
                write(JSONRPCAnswer.error(JSONRPCError(.parseError, message)))
                continue
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                write(JSONRPCAnswer.error(JSONRPCError(.parseError, "Parse error: the line is not UTF-8")))
                continue
            }
            switch ControlTool.server.step(text) {
            case .answer(let answer): write(answer)
            case .silence: break
            case .call(let call): write(call.answer(result(of: call)))
            }
        }
    }

    private func write(_ line: [UInt8]) { context.console.write(line + [UInt8(ascii: "\n")]) }

    /// A tool that fails gives a result, which the model reads and can do something about.
    private func result(of call: ToolCall) -> ToolResult {
        let tool: ControlTool
        do {
            _ = try ControlTool.server.tool(for: call)
            guard let known = ControlTool(rawValue: call.name) else { throw ToolRefusal.unknownTool(call.name) }
            tool = known
        } catch {
            return .failure("\(error)")
        }
        do {
            return ToolResult(structuredContent: try run(tool, call.arguments).encoded())
        } catch {
            return .failure(([error.sentence] + error.hints).joined(separator: "\n"))
        }
    }

    private func run(_ tool: ControlTool, _ arguments: JSON) throws(CommandFailure) -> JSON {
        let client = try context.makeClient()
        client.http.headers.append(actor.header)
        let work = ControlWork(client: client, context: context, arguments: arguments)
        switch tool {
        case .list: return try work.list()
        case .show: return try work.show()
        case .spawn: return try work.spawn()
        case .send: return try work.send()
        case .capture: return try work.capture()
        case .approvals: return try work.approvals()
        case .events: return try work.events()
        }
    }
}

/// On whose behalf the control plane is asked.
struct ControlActor: Equatable {
    /// The session the agent runs in, or `unknown`.
    let session: String

    static let headerName = "X-Drover-Actor"

    init(_ environment: Environment) {
        let named = [environment["DROVER_SESSION_ID"], environment["RTM_SESSION_ID"]].compactMap { $0 }
        session = named.first(where: Self.isPlain) ?? "unknown"
    }

    var header: HTTPHeader { HTTPHeader(Self.headerName, "agent:\(session)") }

    /// Nothing that could end the header, or pretend to be another.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= 128
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    return true
                default: return false
                }
            }
    }
}
