import Bytes
import HTTP
import Reactor
import Settings
import Telegram

/// The routes of channels (chat-runtime §8.1): their status, and where Telegram posts what people write.
@Loop
public final class ChannelHTTP {
    /// Bytes of a posted update.
    private static let bodyLimit = 1 << 20
    private static let webhook = "/api/channels/telegram/webhook"

    private let chat: ChatHTTP
    private let channel: TelegramChannel?

    /// - Parameters:
    ///   - chat: Whose rules hold here too.
    ///   - channel: `nil` when there is none.
    public init(_ chat: ChatHTTP, channel: TelegramChannel?) {
        self.chat = chat
        self.channel = channel
    }

    private var status: ChannelStatus {
        channel?.status
            ?? ChannelStatus(
                isEnabled: false, polls: false, apiBaseURL: "https://api.telegram.org", hasWebhookSecret: false,
                connector: .disabled)
    }

    private func post(_ exchange: HTTPExchange) {
        chat.answer(exchange) { () throws(TurnError) in
            guard let channel else {
                throw TurnError(.serviceUnavailable, "the Telegram channel is not enabled (channels.telegram.enabled)")
            }
            guard
                TelegramWebhook.accepts(
                    exchange.request.headers["x-telegram-bot-api-secret-token"], secret: channel.settings.webhookSecret)
            else { throw TurnError(.forbidden, "the secret of the webhook is missing or wrong") }
            guard let json = try? JSON(parsing: exchange.request.body), let update = TelegramUpdate(json: json) else {
                throw TurnError(.invalidRequest, "the body is no update of Telegram's Bot API")
            }
            channel.take(update) { [chat] outcome in
                switch outcome {
                case .ignored: chat.respond(exchange, TelegramWebhook.answer(session: nil))
                case .answered(let session): chat.respond(exchange, TelegramWebhook.answer(session: session))
                case .failed(let reason): chat.respond(exchange, TurnError(.internalError, reason))
                }
            }
        }
    }
}

extension ChannelHTTP: @Loop HTTPSurface {
    public func owns(_ path: String) -> Bool { path == "/api/channels" || path.hasPrefix("/api/channels/") }

    public func mount(on router: Router) {
        router.on(.get, "/api/channels/status") { [self] in chat.respond($0, status.json) }
        router.on(.post, Self.webhook, bodyLimit: Self.bodyLimit) { [self] in post($0) }
    }

    public func screen(_ exchange: HTTPExchange) -> HTTPResponse? {
        // Telegram knows its own secret, and not the daemon's token (§1.6).
        exchange.request.path == Self.webhook ? nil : chat.screen(exchange)
    }

    public func refusal(_ status: HTTPStatus, _ message: String) -> HTTPResponse { chat.refusal(status, message) }
    public var preflightHeaders: [(name: String, value: String)] { chat.preflightHeaders }
    public func crossOriginHeaders(_ origin: String) -> [(name: String, value: String)] {
        chat.crossOriginHeaders(origin)
    }
}
