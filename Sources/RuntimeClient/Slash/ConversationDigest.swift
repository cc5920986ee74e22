import Models

/// What `/compact` takes along into a new session (§7.3): the last messages, shortened.
public enum ConversationDigest {
    /// Messages that are told, and characters of each.
    public static let messageLimit = 12
    public static let lengthLimit = 180

    /// The first message of the new session; `nil` when there is nothing to tell.
    public static func text(of messages: [ChatMessage]) -> String? {
        let lines = messages.compactMap { message -> String? in
            guard message.role != .system else { return nil }
            let words = message.content.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            guard !words.isEmpty else { return nil }
            let shown = words.count > lengthLimit ? words.prefix(lengthLimit - 1) + "…" : words[...]
            return "- \(message.role.rawValue): \(shown)"
        }
        guard !lines.isEmpty else { return nil }
        return "Digest of our conversation so far, to go on from:\n"
            + lines.suffix(messageLimit).joined(separator: "\n")
    }
}
