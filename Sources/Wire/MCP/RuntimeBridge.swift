import Bytes
import Fleet

/// The MCP server for operators that `mcp_bridge` is the transport of (runtime-rpc §9).
///
/// A line is answered at once, or by way of a request that the daemon carries out itself.
public struct RuntimeBridge: Sendable {
    /// What to do with one line.
    public enum Step: Equatable, Sendable {
        case answer([UInt8])
        /// Give the client nothing: `line` is null.
        case silence
        /// Carry the request out, and give the client what ``RuntimeBridge/finish(_:with:)`` makes of the answer.
        case ask(RPCRequest, finish: ToolCall)
    }

    private static let tools = RuntimeTool.allCases.map(\.declaration)

    public init() {}

    /// Takes a client's line.
    public func step(_ line: String, version: VersionInfo) -> Step {
        let request: JSONRPCRequest
        do { request = try JSONRPCRequest(line: line) } catch {
            // Whatever is no request is undecodable here, and JSON-RPC's finer distinction is not made.
            return .answer(JSONRPCAnswer.error(JSONRPCError(.parseError, error.message)))
        }
        let server = Self.server(version)
        switch server.step(request) {
        case .answer(let line): return .answer(line)
        case .silence: return .silence
        case .call(let call):
            do throws(ToolRefusal) {
                return .ask(try Self.request(call, server), finish: call)
            } catch {
                return .answer(call.answer(Self.failure(error.description)))
            }
        }
    }

    /// Makes the client's line of the daemon's answer.
    public func finish(_ call: ToolCall, with response: RPCResponse) -> [UInt8] {
        if case .error(let error) = response { return call.answer(Self.failure(error.description)) }
        guard let result = RuntimeTool(rawValue: call.name)?.result(response) else {
            return call.answer(Self.failure("the daemon answered \(call.name) with \(response.type)"))
        }
        return call.answer(result)
    }

    private static func server(_ version: VersionInfo) -> ToolServer {
        ToolServer(
            name: "rtm", version: version.version,
            instructions: "For operators: see which runtimes the daemon launched, what it watches, and end a process.",
            tools: tools, versions: .fixed("2025-06-18"))
    }

    private static func request(_ call: ToolCall, _ server: ToolServer) throws(ToolRefusal) -> RPCRequest {
        let declaration = try server.tool(for: call)
        guard let tool = RuntimeTool(rawValue: declaration.name) else { throw .unknownTool(call.name) }
        do { return try tool.request(call.arguments) } catch { throw .badArguments(error) }
    }

    private static func failure(_ message: String) -> ToolResult {
        ToolResult(
            text: "ERROR: \(message)", isError: true,
            meta: ["rtm_tool_error": ["is_error": true, "message": .string(message)]])
    }
}
