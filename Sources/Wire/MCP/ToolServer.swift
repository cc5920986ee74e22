import Bytes
import Fleet

/// A server of the Model Context Protocol that has tools and nothing else, without its transport.
///
/// It answers what is the same for all of them, and hands calls of tools to its owner, who owes each an answer
/// (``ToolCall/answer(_:)``). It keeps nothing between lines, so one value serves any number of clients.
public struct ToolServer: Equatable, Sendable {
    /// Which revision of the protocol `initialize` agrees to.
    public enum Versions: Equatable, Sendable {
        /// Always this one.
        case fixed(String)
        /// The one the client asks for if it is among these, otherwise the first.
        case negotiated([String])

        /// The revisions that know tools as they are answered here, newest first.
        public static let known = Versions.negotiated(["2025-06-18", "2025-03-26", "2024-11-05"])

        func agreed(_ asked: String?) -> String {
            switch self {
            case .fixed(let version): return version
            case .negotiated(let versions): return versions.first { $0 == asked } ?? versions.first ?? ""
            }
        }
    }

    public enum Step: Equatable, Sendable {
        /// Send this line.
        case answer([UInt8])
        /// Send nothing.
        case silence
        /// Call a tool, and send ``ToolCall/answer(_:)``.
        case call(ToolCall)
    }

    public var name: String
    public var version: String
    /// How the tools are meant to be used, for models.
    public var instructions: String?
    /// In the order in which they are listed.
    public var tools: [ToolDeclaration]
    public var versions: Versions

    public init(
        name: String, version: String, instructions: String? = nil, tools: [ToolDeclaration],
        versions: Versions = .known
    ) {
        self.name = name
        self.version = version
        self.instructions = instructions
        self.tools = tools
        self.versions = versions
    }

    /// Takes one line of a client.
    public func step(_ line: String) -> Step {
        let request: JSONRPCRequest
        do { request = try JSONRPCRequest(line: line) } catch {
            return Self.isAnswer(line) ? .silence : .answer(JSONRPCAnswer.error(error))
        }
        return step(request)
    }

    /// Takes one request that is read already.
    public func step(_ request: JSONRPCRequest) -> Step {
        // Nothing may be done at the word of a call that cannot be answered either.
        guard let id = request.id, !request.method.hasPrefix("notifications/") else { return .silence }
        switch request.method {
        case "initialize": return .answer(JSONRPCAnswer.result(greeting(request.params), to: id))
        case "ping": return .answer(JSONRPCAnswer.result([:], to: id))
        case "tools/list":
            return .answer(JSONRPCAnswer.result(["tools": .array(tools.map(\.json))], to: id))
        case "tools/call":
            do { return .call(try Self.call(request.params, id)) } catch {
                return .answer(JSONRPCAnswer.error(error, to: id))
            }
        default:
            let error = JSONRPCError(.methodNotFound, "Method not found: \(request.method)")
            return .answer(JSONRPCAnswer.error(error, to: id))
        }
    }

    private func greeting(_ params: JSON?) -> JSON {
        .omittingNil([
            "protocolVersion": .string(versions.agreed(params?["protocolVersion"]?.string)),
            "capabilities": ["tools": [:]], "serverInfo": ["name": .string(name), "version": .string(version)],
            "instructions": instructions.map { .string($0) },
        ])
    }

    private static func call(_ params: JSON?, _ id: JSONRPCID) throws(JSONRPCError) -> ToolCall {
        guard let params = params?.object else {
            throw JSONRPCError(.invalidParams, "Invalid params: tools/call needs an object of params")
        }
        guard let name = params["name"]?.string else {
            throw JSONRPCError(.invalidParams, "Invalid params: name must be a string")
        }
        let arguments = params["arguments"] ?? .null
        return ToolCall(id: id, name: name, arguments: arguments.isNull ? [:] : arguments)
    }

    /// A client answers only what it was asked, and nothing is asked here.
    private static func isAnswer(_ line: String) -> Bool {
        guard let object = (try? JSON(parsing: line))?.object, object["method"] == nil else { return false }
        return object["result"] != nil || object["error"] != nil
    }
}

extension ToolServer {
    /// The tool of a call once its arguments are as declared; otherwise the line that says what is wrong.
    public func tool(for call: ToolCall) throws(ToolRefusal) -> ToolDeclaration {
        guard let tool = tools.first(where: { $0.name == call.name }) else { throw .unknownTool(call.name) }
        do { try tool.input.check(call.arguments) } catch { throw .badArguments(error) }
        return tool
    }
}

/// Why a call did not get as far as its tool.
public enum ToolRefusal: Error, Equatable, Sendable {
    case unknownTool(String)
    case badArguments(FieldError)
}

extension ToolRefusal: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownTool(let name): return "unknown tool: \(name)"
        case .badArguments(let error): return error.path.isEmpty ? "arguments \(error)" : "argument \(error)"
        }
    }
}
