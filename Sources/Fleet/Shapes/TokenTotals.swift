import Bytes

/// What a model has read and written, in its provider's tokens.
public struct TokenTotals: Equatable, Sendable {
    public var prompt: Int
    public var completion: Int
    public var total: Int

    public static let zero = TokenTotals()

    public init(prompt: Int = 0, completion: Int = 0, total: Int = 0) {
        self.prompt = prompt
        self.completion = completion
        self.total = total
    }

    public static func += (left: inout TokenTotals, right: TokenTotals) {
        left = TokenTotals(
            prompt: left.prompt + right.prompt, completion: left.completion + right.completion,
            total: left.total + right.total)
    }

    public static func - (left: TokenTotals, right: TokenTotals) -> TokenTotals {
        TokenTotals(
            prompt: left.prompt - right.prompt, completion: left.completion - right.completion,
            total: left.total - right.total)
    }
}

extension TokenTotals: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            prompt: try fields.integer("prompt", atLeast: 0), completion: try fields.integer("completion", atLeast: 0),
            total: try fields.integer("total", atLeast: 0))
    }

    public var json: JSON {
        ["prompt": .integer(prompt), "completion": .integer(completion), "total": .integer(total)]
    }
}
