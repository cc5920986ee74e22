import Bytes

/// Lines of JSON-RPC 2.0 between us and a tool server, without line feeds.
enum ToolServerMessage {
    case answer(id: Int, Result<JSON, ToolServerFailure>)
    /// Something that the server asks us.
    case request(id: JSON, method: String)
    case notification(method: String)

    /// `nil` for a line that is none of these. Some programs print other things among them.
    init?(_ line: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: Array(line)), json["jsonrpc"] == "2.0" else { return nil }
        if let method = json["method"]?.string {
            if let id = json["id"], id.string != nil || id.integer != nil {
                self = .request(id: id, method: method)
            } else {
                self = .notification(method: method)
            }
            return
        }
        guard let id = json["id"]?.integer else { return nil }
        if let error = json["error"] {
            let message = error["message"]?.string ?? "it gave no reason"
            self = .answer(id: id, .failure(ToolServerFailure(OutputCap.prefix(message, 4096))))
        } else if let result = json["result"] {
            self = .answer(id: id, .success(result))
        } else {
            return nil
        }
    }

    static func request(_ id: Int, _ method: String, _ params: JSON?) -> [UInt8] {
        JSON.omittingNil([
            "jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params,
        ]).encoded()
    }

    static func notification(_ method: String, _ params: JSON? = nil) -> [UInt8] {
        JSON.omittingNil(["jsonrpc": "2.0", "method": .string(method), "params": params]).encoded()
    }

    static func answer(to id: JSON, _ result: JSON) -> [UInt8] {
        (["jsonrpc": "2.0", "id": id, "result": result] as JSON).encoded()
    }

    static func refusal(of id: JSON) -> [UInt8] {
        (["jsonrpc": "2.0", "id": id, "error": ["code": -32601, "message": "Method not found"]] as JSON).encoded()
    }
}

/// What a tool server could not do, in words.
struct ToolServerFailure: Error, Equatable, Sendable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
