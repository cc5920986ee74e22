import Bytes
import Fleet

// `{id, name, arguments}` (chat-runtime §3.1), and beside it what a provider wants back.
extension ToolCall: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            id: try fields.string("id"), name: try fields.string("name"), arguments: fields.object["arguments"] ?? [:],
            signature: try fields.optionalString("signature"))
    }

    public var json: JSON {
        .omittingNil([
            "id": .string(id), "name": .string(name), "arguments": arguments,
            "signature": signature.map { .string($0) },
        ])
    }
}
