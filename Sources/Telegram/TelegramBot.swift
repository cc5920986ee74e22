import Bytes
import Models

/// The Bot API as one bot asks it (chat-runtime §8.1): requests as bytes, and what answers mean.
public struct TelegramBot: Equatable, Sendable {
    /// Without a trailing `/`.
    public var apiBaseURL: String
    private var token: String

    /// Seconds that `getUpdates` waits at the server's side.
    public static let pollSeconds = 15
    /// Longest text of one message, in UTF-16 units.
    public static let textLimit = 4096

    public init(apiBaseURL: String, token: String) {
        self.apiBaseURL = apiBaseURL
        self.token = token
    }

    /// Whether there is no network, and `MockTelegram` answers.
    public var isMock: Bool { apiBaseURL.hasPrefix("mock://") }

    public func sendMessage(_ text: String, toChat chat: Int) -> UpstreamRequest {
        let body: JSON = ["chat_id": .string("\(chat)"), "text": .string(text)]
        return UpstreamRequest(
            url: url("sendMessage"), headers: [(name: "content-type", value: "application/json")], body: body.encoded())
    }

    /// Asks for updates from that one on, and with it confirms all before it.
    public func getUpdates(from offset: Int?) -> UpstreamRequest {
        let query = (offset.map { "offset=\($0)&" } ?? "") + "timeout=\(Self.pollSeconds)"
        return UpstreamRequest(method: "GET", url: url("getUpdates") + "?" + query, headers: [], body: [])
    }

    /// What an answer says, where it says no; without the token, whoever put it there.
    public func reason(status: Int, body: [UInt8]) -> String {
        let text = (try? JSON(parsing: body))?["description"]?.string ?? "no reason was given"
        return harmless("Telegram answered \(status): \(text)")
    }

    /// A text of others without the token, at most 500 characters of it.
    public func harmless(_ text: String) -> String {
        guard !token.isEmpty else { return String(text.prefix(500)) }
        return String(
            text.split(separator: token, omittingEmptySubsequences: false).joined(separator: "***").prefix(500))
    }

    private func url(_ method: String) -> String { "\(apiBaseURL)/bot\(token)/\(method)" }

    /// A text as the messages that it takes, in order: cut after a line or a word where there is one in the last
    /// quarter, and never inside a character. Nothing but white space takes none, since the API refuses it.
    public static func messages(of text: String) -> [String] {
        guard text.contains(where: { !$0.isWhitespace }) else { return [] }
        var messages: [String] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            let end = cut(rest)
            messages.append(String(rest[..<end]))
            rest = rest[end...]
        }
        return messages.filter { $0.contains { !$0.isWhitespace } }
    }

    private static func cut(_ text: Substring) -> Substring.Index {
        var units = 0
        var index = text.startIndex
        var word: Substring.Index?
        var line: Substring.Index?
        while index < text.endIndex {
            let character = text[index]
            let size = character.utf16.count
            let next = text.index(after: index)
            // One that is longer than a message by itself is cut by scalars.
            if size > textLimit, index == text.startIndex { return cutScalars(text) }
            if units + size > textLimit { return line ?? word ?? index }
            units += size
            if units > textLimit * 3 / 4 {
                if character.isNewline { line = next } else if character.isWhitespace { word = next }
            }
            index = next
        }
        return text.endIndex
    }

    private static func cutScalars(_ text: Substring) -> Substring.Index {
        var units = 0
        var index = text.startIndex
        while index < text.endIndex, units + 2 <= textLimit {
            units += text.unicodeScalars[index].utf16.count
            index = text.unicodeScalars.index(after: index)
        }
        return index
    }
}
