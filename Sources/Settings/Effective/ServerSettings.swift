/// What the daemon's listener goes by: the section `server` (chat-runtime §1.2, §1.5, §1.6).
public struct ServerSettings: Equatable, Sendable {
    /// As `bind` takes it; `nil` when the file names none.
    public var host: BindAddress?
    /// 1 to 65535; `nil` when the file names none.
    public var port: UInt16?
    /// What `Authorization: Bearer` must carry; never empty. The file wins over `CHAT_RUNTIME_TOKEN`.
    public var authToken: String?
    /// Allowed besides those that are built in.
    public var corsOrigins: [String]
    /// Names allowed in `Host` besides addresses and `localhost`.
    public var allowedHosts: [String]

    public init(
        host: BindAddress? = nil, port: UInt16? = nil, authToken: String? = nil, corsOrigins: [String] = [],
        allowedHosts: [String] = []
    ) {
        self.host = host
        self.port = port
        self.authToken = authToken
        self.corsOrigins = corsOrigins
        self.allowedHosts = allowedHosts
    }

    /// Throws the first value of the section that makes no sense. Other sections are not looked at.
    public init(_ document: ConfigurationDocument, environment: [String: String]) throws(ConfigurationProblem) {
        try document.check(section: "server")
        _ = try document.secret(.serverAuthToken, or: "CHAT_RUNTIME_TOKEN", environment)
        self.init(tolerating: document, environment: environment)
    }

    /// The same without what makes no sense, for a daemon that starts all the same.
    ///
    /// A token stays even so, whatever is in it: none would let in everybody (``hasPresentableToken``).
    public init(tolerating document: ConfigurationDocument, environment: [String: String]) {
        self.init(
            host: document.text(.serverHost).flatMap { BindAddress($0) },
            port: document.whole(.serverPort).flatMap { $0 == 0 ? nil : UInt16($0) },
            authToken: document.text(.serverAuthToken) ?? environment.value("CHAT_RUNTIME_TOKEN"),
            corsOrigins: (document.texts(.serverCORSOrigins) ?? []).filter(ConfigurationDocument.isOrigin),
            allowedHosts: (document.texts(.serverAllowedHosts) ?? []).filter { !$0.isEmpty })
    }

    /// Whether there is a token that fits into a header, so that callers can be asked for it.
    public var hasPresentableToken: Bool { authToken.map(ConfigurationDocument.fitsHeader) ?? false }

    /// Why the daemon may not listen there, as a sentence; `nil` when it may.
    ///
    /// Chats can run tools, so nothing but this machine is let in unless callers prove who they are. `isGuarded` says
    /// that something other than the token sees to that.
    public func refusal(toListenOn host: BindAddress, isGuarded: Bool = false) -> String? {
        if host.isLoopback || authToken != nil || isGuarded { return nil }
        return "\(host.address) can be reached from other machines, which needs a token: set server.auth_token or "
            + "CHAT_RUNTIME_TOKEN"
    }
}

/// What the log goes by: the section `logging` (§4.2).
public struct LoggingSettings: Equatable, Sendable {
    public enum Level: String, Sendable, CaseIterable {
        case debug, info, warning, error
    }

    public var level: Level
    /// At least 1.
    public var retentionDays: Int
    /// Absolute.
    public var directory: String

    /// Lenient, as the contract has it: an unknown level is `info`.
    public init(_ document: ConfigurationDocument, places: ConfigurationPlaces) {
        let level = document.text(.loggingLevel)?.lowercased() ?? ""
        self.level = level == "warn" ? .warning : Level(rawValue: level) ?? .info
        retentionDays = max(1, Int(document.whole(.loggingRetentionDays) ?? 7))
        directory = places.resolved(
            document.text(.loggingDirectory) ?? "logs", on: places.workspace(of: document))
    }
}

/// The Telegram channel (§8.1).
public struct TelegramSettings: Equatable, Sendable {
    public var botToken: String
    /// What `x-telegram-bot-api-secret-token` must carry.
    public var webhookSecret: String?
    /// Ask for updates, rather than wait for them to be posted.
    public var polls: Bool
    /// Without a trailing `/`; `mock://` for no network.
    public var apiBaseURL: String

    /// `nil` when the channel is not enabled. Enabled without a token is a problem.
    public init?(_ document: ConfigurationDocument, environment: [String: String]) throws(ConfigurationProblem) {
        try document.check(section: "channels")
        guard document.flag(.telegramEnabled) == true else { return nil }
        guard let token = try document.secret(.telegramBotToken, or: "TELEGRAM_BOT_TOKEN", environment) else {
            throw ConfigurationProblem(
                .telegramBotToken,
                "the Telegram channel needs it; set it here, or TELEGRAM_BOT_TOKEN in the environment"
            )
        }
        botToken = token
        webhookSecret = document.text(.telegramWebhookSecret)
        polls = document.flag(.telegramPolling) ?? false
        let url = document.text(.telegramAPIBaseURL) ?? "https://api.telegram.org"
        apiBaseURL = BaseURL(url)?.text ?? url
    }
}
