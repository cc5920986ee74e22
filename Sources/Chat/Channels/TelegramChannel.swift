import Bytes
import Models
import Reactor
import Settings
import Telegram
import Upstream

/// Talks with people on Telegram: what they write is a turn of a session of theirs, and its answer goes back to them
/// (chat-runtime §8.1).
@Loop
public final class TelegramChannel {
    /// What became of an update.
    public enum Outcome: Equatable, Sendable {
        /// It said nothing that a turn could be made of.
        case ignored
        case answered(session: String)
        /// The turn or its delivery failed; the sentence is for the log and for the webhook's caller.
        case failed(String)
    }

    let settings: TelegramSettings
    private let bot: TelegramBot
    private let service: ChatService
    private let log: @Loop (String) -> Void
    private lazy var client = UpstreamClient()
    private var sessions = TelegramSessions()
    private var polling: TelegramPolling
    private var isClosed = false
    private var lastFailure: String?
    private var underWay = 0

    /// Longest answer of Telegram that is read, in bytes.
    static let answerLimit = 4 << 20
    /// Updates whose turns run at a time; while there are as many, no more are asked for.
    private static let turnLimit = 16
    private static let fullPause: Int64 = 200

    /// - Parameter log: Told a sentence when something begins to go wrong.
    public init(_ settings: TelegramSettings, service: ChatService, log: @escaping @Loop (String) -> Void) {
        self.settings = settings
        self.service = service
        self.log = log
        bot = TelegramBot(apiBaseURL: settings.apiBaseURL, token: settings.botToken)
        polling = TelegramPolling(by: bot)
        service.onDelete = { [weak self] in self?.sessions.forget(session: $0) }
    }

    public var status: ChannelStatus {
        ChannelStatus(
            isEnabled: true, polls: settings.polls, apiBaseURL: settings.apiBaseURL,
            hasWebhookSecret: settings.webhookSecret != nil, connector: lastFailure == nil ? .running : .failing,
            failure: lastFailure)
    }

    /// Begins to ask for updates, where they are not posted.
    public func start() { if settings.polls, !bot.isMock { poll() } }

    public func close() {
        isClosed = true
        client.close()
    }

    // MARK: - Updates

    /// Runs the turn of an update, delivers its answer, and calls back when that is done.
    func take(_ update: TelegramUpdate, then completion: @escaping @Loop (Outcome) -> Void) {
        guard let message = update.message else { return completion(.ignored) }
        let key = message.sessionKey
        underWay += 1
        let begun = service.converse(message.text, in: sessions.session(of: key)) { [weak self] session, result in
            guard let self else { return }
            underWay -= 1
            switch result {
            // People are told that something went wrong, and the log what.
            case .failure(let error):
                failed("a turn for \(key) failed: \(error.message)")
                deliver("Sorry, that did not work.", to: message.chat) { _ in completion(.failed(error.message)) }
            case .success(let answer):
                deliver(answer, to: message.chat) { failure in
                    completion(failure.map { .failed($0) } ?? .answered(session: session))
                }
            }
        }
        switch begun {
        case .success(let session): sessions.bind(key, to: session)
        case .failure(let error):
            underWay -= 1
            completion(.failed(error.message))
        }
    }

    // MARK: - Answers

    private func deliver(_ text: String, to chat: Int, then completion: @escaping @Loop (String?) -> Void) {
        var rest = TelegramBot.messages(of: text)[...]
        func next(_ failure: String?) {
            if let failure { return completion(failure) }
            guard let message = rest.popFirst() else { return completion(nil) }
            deliver(one: message, to: chat, next)
        }
        next(nil)
    }

    private func deliver(one text: String, to chat: Int, _ completion: @escaping @Loop (String?) -> Void) {
        var delivery = TelegramDelivery(by: bot)
        func act(_ action: TelegramDelivery.Action) {
            switch action {
            case .delivered:
                lastFailure = nil
                completion(nil)
            case .failed(let reason):
                failed(reason)
                completion(reason)
            case .wait(let milliseconds): _ = LoopTimer(after: Int64(milliseconds)) { act(delivery.waited()) }
            case .send(let attempt):
                if bot.isMock { return act(delivery.ended(MockTelegram.outcome(of: text, attempt: attempt))) }
                send(bot.sendMessage(text, toChat: chat)) { act(delivery.ended($0)) }
            }
        }
        act(delivery.first)
    }

    private func failed(_ reason: String) {
        if lastFailure == nil { log("Telegram: \(reason)") }
        lastFailure = reason
    }

    // MARK: - Asking

    private func poll() {
        guard !isClosed else { return }
        guard underWay < Self.turnLimit else {
            _ = LoopTimer(after: Self.fullPause) { [weak self] in self?.poll() }
            return
        }
        send(polling.request) { [weak self] outcome in
            guard let self, !isClosed else { return }
            let answer: TelegramPolling.Answer
            switch outcome {
            case .answered(let status, let body): answer = polling.answered(status: status, body: body)
            case .unreachable(let reason): answer = polling.unreachable(reason: reason)
            }
            if let failure = answer.failure { failed(failure) } else { lastFailure = nil }
            for update in answer.updates { take(update) { _ in } }
            _ = LoopTimer(after: Int64(answer.pause)) { [weak self] in self?.poll() }
        }
    }

    private func send(_ request: UpstreamRequest, then completion: @escaping @Loop (TelegramDelivery.Outcome) -> Void) {
        let patience = (TelegramBot.pollSeconds + 15) * 1000
        WholeAnswer.ask(
            client, request, timeouts: UpstreamTimeouts(firstByte: patience, idle: patience), limit: Self.answerLimit
        ) { result in
            switch result {
            case .success(let answer): completion(.answered(status: answer.status, body: answer.body))
            case .failure(let failure): completion(.unreachable(reason: failure.reason))
            }
        }
    }
}
