import Bytes
import Fleet

// `{prompt_tokens, completion_tokens, total_tokens}` (chat-runtime §2.3).
extension TokenUsage: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            promptTokens: try Self.count(fields, "prompt_tokens"),
            completionTokens: try Self.count(fields, "completion_tokens"),
            totalTokens: try Self.count(fields, "total_tokens"))
    }

    public var json: JSON {
        [
            "prompt_tokens": .integer(Int(promptTokens)), "completion_tokens": .integer(Int(completionTokens)),
            "total_tokens": .integer(Int(totalTokens)),
        ]
    }

    private static func count(_ fields: Fields, _ key: String) throws(FieldError) -> UInt32 {
        guard let count = UInt32(exactly: try fields.integer(key)) else {
            throw FieldError(path: key, message: "must be a whole number of 32 bits")
        }
        return count
    }
}

extension TokenUsage {
    /// The figures of two calls together, as far as 32 bits reach.
    public static func + (left: TokenUsage, right: TokenUsage) -> TokenUsage {
        func sum(_ left: UInt32, _ right: UInt32) -> UInt32 { UInt32(clamping: UInt64(left) + UInt64(right)) }
        return TokenUsage(
            promptTokens: sum(left.promptTokens, right.promptTokens),
            completionTokens: sum(left.completionTokens, right.completionTokens),
            totalTokens: sum(left.totalTokens, right.totalTokens))
    }
}
