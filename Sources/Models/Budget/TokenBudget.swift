import Bytes

/// Makes a session's messages fit what a request may have (chat-runtime §5.5).
///
/// Tokens are estimated: a quarter of the bytes and 8 for each message, call and tool. Whole turns are left out, the
/// oldest first, never the system message, and never the newest user message or what follows it. If that is still too
/// much, the longest outputs of tools are cut.
public enum TokenBudget {
    /// Bytes that are left of an output however small the budget is.
    static let leastOutput = 256

    /// The messages to send. The session itself stays as it is, however long: what is left out is not looked at.
    ///
    /// - Parameters:
    ///   - messages: Without the system message.
    ///   - estimated: The sum of their estimates.
    ///   - besides: The tokens of what is sent with every request: the system message and the tools.
    ///   - budget: In tokens, for all of it together.
    public static func trim(
        _ messages: [ChatMessage], estimated: Int, besides: Int, budget: UInt32
    ) -> [ChatMessage] {
        var left = Int(budget) - besides
        if estimated <= left { return messages }
        let newest = messages.lastIndex { $0.role == .user } ?? 0
        left -= messages[newest...].reduce(0) { $0 + estimate($1) }
        // A turn begins with a user's message; what stands before the first is one, too.
        var kept = newest
        while kept > 0 {
            let begin = messages[..<kept].lastIndex { $0.role == .user } ?? 0
            let tokens = messages[begin..<kept].reduce(0) { $0 + estimate($1) }
            guard tokens <= left else { break }
            left -= tokens
            kept = begin
        }
        var result = Array(messages[kept...])
        if left < 0 { cutOutputs(of: &result, by: -left) }
        return result
    }

    /// Tokens that a message is taken for.
    public static func estimate(_ message: ChatMessage) -> Int {
        message.toolCalls.reduce(message.content.utf8.count / 4 + 8) { sum, call in
            sum + (call.name.utf8.count + call.arguments.encoded().count) / 4 + 8
        }
    }

    private static func cutOutputs(of messages: inout [ChatMessage], by tokens: Int) {
        var excess = tokens
        // Each is cut once, so this ends.
        var longest = messages.indices.filter { messages[$0].role == .tool }
            .sorted { messages[$0].content.utf8.count > messages[$1].content.utf8.count }[...]
        while excess > 0, let index = longest.popFirst() {
            let before = estimate(messages[index])
            // One token more, since quarters are rounded down.
            messages[index].content = cut(messages[index].content, by: (excess + 1) * 4)
            excess -= before - estimate(messages[index])
        }
    }

    /// The beginning of a text and a note of what was cut, together shorter by so many bytes, as far as that leaves a
    /// beginning.
    private static func cut(_ text: String, by bytes: Int) -> String {
        let count = text.utf8.count
        // The note has fewer bytes than this.
        let note = 64
        let head = text.prefix(utf8Count: max(leastOutput, count - bytes - note))
        guard head.utf8.count + note < count else { return text }
        return head + "\n[\(count - head.utf8.count) bytes cut to fit the token budget]"
    }
}
