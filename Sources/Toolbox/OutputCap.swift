/// Keeps what a tool says within bounds, and says so where something is missing.
enum OutputCap {
    /// UTF-8 bytes of any tool's output, the marker included (chat-runtime §5.8).
    static let bytes = 64 * 1024

    /// Cuts a text between two scalars, so that with the marker it fits.
    static func cut(_ text: String, to limit: Int = bytes) -> String {
        guard text.utf8.count > limit else { return text }
        return prefix(text, limit - markerRoom) + marker("\(text.utf8.count) bytes in all")
    }

    /// What stands at the end of a text that goes on.
    static func marker(_ what: String) -> String { "\n[truncated: \(what)]" }

    /// More than any marker takes.
    static let markerRoom = 128

    /// At most so many bytes from the start, and no part of a scalar.
    static func prefix(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: max(0, limit))
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text.unicodeScalars[..<end])
    }
}
