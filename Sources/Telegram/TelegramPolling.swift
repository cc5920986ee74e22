import Bytes
import Models

/// Asking for updates again and again (chat-runtime §8.1). A plain value that knows which are still to come.
public struct TelegramPolling: Equatable, Sendable {
    public struct Answer: Equatable, Sendable {
        /// In the order in which they happened; none that was handed out before.
        public var updates: [TelegramUpdate]
        /// Milliseconds until the next request.
        public var pause: Int
        /// What went wrong, for the log.
        public var failure: String?
    }

    /// Milliseconds after something went wrong.
    public static let pauseAfterFailure = 2000

    private let bot: TelegramBot
    /// The first update that is still to come; `nil` before the first.
    public private(set) var offset: Int?

    public init(by bot: TelegramBot) {
        self.bot = bot
    }

    public var request: UpstreamRequest { bot.getUpdates(from: offset) }

    /// The request was answered. What cannot be read as an update is passed over, so that it does not come again for ever.
    public mutating func answered(status: Int, body: [UInt8]) -> Answer {
        guard 200..<300 ~= status else {
            return failed(bot.reason(status: status, body: body))
        }
        guard let json = try? JSON(parsing: body), json["ok"]?.bool == true, let items = json["result"]?.array else {
            return failed("Telegram's answer is not understood")
        }
        var updates: [TelegramUpdate] = []
        for item in items {
            guard let id = item["update_id"]?.integer, id >= offset ?? .min, id < .max else { continue }
            offset = id + 1
            if let update = TelegramUpdate(json: item) { updates.append(update) }
        }
        return Answer(updates: updates, pause: 0, failure: nil)
    }

    public mutating func unreachable(reason: String) -> Answer {
        failed(bot.harmless("Telegram cannot be reached: \(reason)"))
    }

    private func failed(_ reason: String) -> Answer {
        Answer(updates: [], pause: Self.pauseAfterFailure, failure: reason)
    }
}
