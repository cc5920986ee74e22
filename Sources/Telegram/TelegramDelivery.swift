import Bytes

/// One message on its way to a chat: tried three times, unless it is refused for good (chat-runtime §8.1).
///
/// A plain value: it holds neither clock nor connection. Callers report what happened and carry out the action they get.
public struct TelegramDelivery: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        /// Send the request; this is the attempt of that number, from 1.
        case send(attempt: Int)
        case wait(milliseconds: Int)
        case delivered
        /// `reason` is for a log and for the webhook's caller.
        case failed(reason: String)
    }

    public enum Outcome: Equatable, Sendable {
        case answered(status: Int, body: [UInt8])
        case unreachable(reason: String)
    }

    public static let attempts = 3

    private enum State: Equatable {
        case sending(attempt: Int)
        case waiting(attempt: Int)
        case over
    }

    private let bot: TelegramBot
    private var state = State.sending(attempt: 1)

    public init(by bot: TelegramBot) {
        self.bot = bot
    }

    public var first: Action { .send(attempt: 1) }

    /// The attempt under way has come to an end.
    public mutating func ended(_ outcome: Outcome) -> Action {
        guard case .sending(let attempt) = state else {
            preconditionFailure("an attempt ends only while one is under way")
        }
        let reason: String
        let isTransient: Bool
        switch outcome {
        case .answered(let status, _) where 200..<300 ~= status:
            state = .over
            return .delivered
        case .answered(let status, let body):
            reason = bot.reason(status: status, body: body)
            isTransient = status == 429 || status >= 500
        case .unreachable(let text):
            reason = bot.harmless("Telegram cannot be reached: \(text)")
            isTransient = true
        }
        guard isTransient, attempt < Self.attempts else {
            state = .over
            return .failed(reason: reason)
        }
        state = .waiting(attempt: attempt)
        return .wait(milliseconds: 100 * attempt)
    }

    /// The time to wait has passed.
    public mutating func waited() -> Action {
        guard case .waiting(let attempt) = state else { preconditionFailure("nothing was waited for") }
        state = .sending(attempt: attempt + 1)
        return .send(attempt: attempt + 1)
    }
}

/// What answers where `api_base_url` begins with `mock://`: whatever the text asks for.
public enum MockTelegram {
    /// `[telegram-retry:N]` fails N times before it succeeds, `[telegram-outage]` is never reached, and
    /// `[telegram-permanent]` is refused for good.
    public static func outcome(of text: String, attempt: Int) -> TelegramDelivery.Outcome {
        if text.contains("[telegram-permanent]") {
            return .answered(status: 400, body: Array(#"{"ok":false,"description":"Bad Request: simulated"}"#.utf8))
        }
        if text.contains("[telegram-outage]") { return .unreachable(reason: "simulated outage") }
        if let failures = failures(in: text), attempt <= failures {
            return .answered(status: 503, body: Array(#"{"ok":false,"description":"simulated"}"#.utf8))
        }
        return .answered(status: 200, body: Array(#"{"ok":true,"result":{}}"#.utf8))
    }

    private static func failures(in text: String) -> Int? {
        let parts = text.split(separator: "[telegram-retry:", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let end = parts[1].firstIndex(of: "]") else { return nil }
        return Int(parts[1][..<end])
    }
}
