import Bytes
import Fleet

/// A `tools/call` that waits for its answer.
public struct ToolCall: Equatable, Sendable {
    public var id: JSONRPCID
    /// The tool's name, whether or not there is such a tool.
    public var name: String
    /// As they were sent; an empty object when none were.
    public var arguments: JSON

    public init(id: JSONRPCID, name: String, arguments: JSON = [:]) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    /// The line that answers the call.
    public func answer(_ result: ToolResult) -> [UInt8] {
        JSONRPCAnswer.result(to: id) { output in result.append(to: &output) }
    }

    /// The line that refuses the call as such, which clients show to nobody; a failing tool gives a result instead.
    public func refusal(_ error: JSONRPCError) -> [UInt8] { JSONRPCAnswer.error(error, to: id) }
}

/// What a tool gives back (MCP 2025-06-18, CallToolResult).
public struct ToolResult: Equatable, Sendable {
    /// What the model reads.
    public var text: String
    /// The text of a JSON object as the tool's output schema describes it.
    public var structuredContent: [UInt8]?
    public var isError: Bool
    public var meta: JSON?

    public init(text: String, structuredContent: [UInt8]? = nil, isError: Bool = false, meta: JSON? = nil) {
        self.text = text
        self.structuredContent = structuredContent
        self.isError = isError
        self.meta = meta
    }

    /// A result whose text is its structured content.
    public init(structuredContent: [UInt8]) {
        self.init(text: String(decoding: structuredContent, as: UTF8.self), structuredContent: structuredContent)
    }

    /// What went wrong, for the model to do something about.
    public static func failure(_ message: String) -> ToolResult { ToolResult(text: message, isError: true) }

    func append(to output: inout [UInt8]) {
        output.append(#"{"content":[{"type":"text","text":"#, text)
        output.append(literal: "}]")
        if let structuredContent {
            output.append(literal: #","structuredContent":"#)
            output += structuredContent
        }
        if isError { output.append(#","isError":"#, true) }
        if let meta {
            output.append(literal: #","_meta":"#)
            JSONWriter.append(meta, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }
}
