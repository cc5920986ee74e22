import Bytes
import Fleet

/// What a JSON-RPC 2.0 answer names its request by.
public enum JSONRPCID: Hashable, Sendable {
    case null
    case integer(Int64)
    case string(String)

    /// `nil` when the value is nothing a request may be named by.
    public init?(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .integer(let value): self = .integer(value)
        case .string(let text): self = .string(text)
        case .unsigned, .number, .bool, .array, .object: return nil
        }
    }

    public var json: JSON {
        switch self {
        case .null: return .null
        case .integer(let value): return .integer(value)
        case .string(let text): return .string(text)
        }
    }
}

/// One line of a JSON-RPC 2.0 client: a request, or a notification when it has no id.
public struct JSONRPCRequest: Equatable, Sendable {
    /// `nil` when no answer is wanted. `null` is an id, and answered.
    public var id: JSONRPCID?
    public var method: String
    public var params: JSON?

    public init(id: JSONRPCID?, method: String, params: JSON? = nil) {
        self.id = id
        self.method = method
        self.params = params
    }

    /// Reads a line. Throws −32700 when it is not JSON, and −32600 when it is and no request, which batches are not.
    public init(line: String) throws(JSONRPCError) {
        let json: JSON
        do { json = try JSON(parsing: line) } catch {
            throw JSONRPCError(.parseError, "Parse error: \(error)")
        }
        guard let object = json.object else { throw JSONRPCError(.invalidRequest, "Invalid request: not an object") }
        guard object["jsonrpc"] == "2.0" else {
            throw JSONRPCError(.invalidRequest, "Invalid request: jsonrpc must be \"2.0\"")
        }
        guard let method = object["method"]?.string else {
            throw JSONRPCError(.invalidRequest, "Invalid request: method must be a string")
        }
        if let id = object["id"] {
            guard let id = JSONRPCID(id) else {
                throw JSONRPCError(.invalidRequest, "Invalid request: id must be a string, an integer or null")
            }
            self.id = id
        }
        self.method = method
        params = object["params"]
    }
}
