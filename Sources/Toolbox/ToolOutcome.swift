/// What a tool gave back: text for the model, and whether it failed (chat-runtime §5.8).
public struct ToolOutcome: Equatable, Sendable {
    public var output: String
    public var isError: Bool

    public init(output: String, isError: Bool = false) {
        self.output = output
        self.isError = isError
    }

    /// `tool error: ` and the reason.
    public static func failure(_ reason: String) -> ToolOutcome {
        ToolOutcome(output: "tool error: " + reason, isError: true)
    }
}
