import Bytes

/// The `error` of a JSON-RPC 2.0 answer.
public struct JSONRPCError: Error, Equatable, Sendable {
    /// Codes the protocol reserves.
    public enum Code: Int, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
        case internalError = -32603
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Lines of a JSON-RPC 2.0 server, without a line feed.
public enum JSONRPCAnswer {
    public static func result(_ result: JSON, to id: JSONRPCID) -> [UInt8] {
        self.result(to: id) { output in JSONWriter.append(result, to: &output) }
    }

    /// The answer whose `result` is appended by a closure, for those that are large.
    public static func result(to id: JSONRPCID, _ append: (inout [UInt8]) -> Void) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(512)
        output.append(literal: #"{"id":"#)
        JSONWriter.append(id.json, to: &output)
        output.append(literal: #","jsonrpc":"2.0","result":"#)
        append(&output)
        output.append(UInt8(ascii: "}"))
        return output
    }

    public static func error(_ error: JSONRPCError, to id: JSONRPCID = .null) -> [UInt8] {
        let body: JSON = ["code": .integer(error.code.rawValue), "message": .string(error.message)]
        return (["error": body, "id": id.json, "jsonrpc": "2.0"] as JSON).encoded()
    }
}
