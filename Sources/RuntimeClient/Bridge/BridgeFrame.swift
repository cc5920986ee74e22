import Bytes

/// The frames of a bridge (§6.5).
enum BridgeFrame {
    static func call(_ id: Int, _ command: BridgeCommand, _ arguments: JSON) -> JSON {
        ["id": .integer(id), "command": .string(command.rawValue), "args": arguments]
    }

    static func result(_ id: JSON, _ value: JSON) -> JSON { ["id": id, "result": value] }

    static func error(_ id: JSON, _ error: RuntimeClientError) -> JSON { ["id": id, "error": error.json] }

    static func push(_ envelope: ChatEnvelope) -> JSON {
        ["channel": .string(ChatEnvelope.channel), "payload": envelope.json]
    }
}

extension RuntimeClientError {
    /// `{code, message}`, with what else is known.
    var json: JSON {
        .omittingNil([
            "code": .string(code.rawValue), "message": .string(message),
            "server_code": serverCode.map { .string($0) }, "status": status.map { .integer($0) },
        ])
    }

    /// Reads the error of a rejection: one of the eight codes is kept, anything else is a failure of the bridge (§6.3).
    init(rejection json: JSON) {
        let message = json["message"]?.string
        guard let written = json["code"]?.string, let code = Code(rawValue: written) else {
            let words = [json["code"]?.string, message ?? json.string].compactMap { $0 }
            self.init(.bridgeFailed, words.isEmpty ? json.text : words.joined(separator: ": "))
            return
        }
        self.init(
            code, message ?? written, serverCode: json["server_code"]?.string, status: json["status"]?.integer)
    }
}
