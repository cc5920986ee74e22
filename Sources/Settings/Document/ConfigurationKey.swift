/// A leaf of the configuration file that Drover knows (chat-runtime §4.2). The raw value is its dotted path.
///
/// The order is that in which the file is written.
public enum ConfigurationKey: String, CaseIterable, Sendable {
    case workspace
    case serverHost = "server.host"
    case serverPort = "server.port"
    case serverAuthToken = "server.auth_token"
    case serverCORSOrigins = "server.cors_origins"
    case serverAllowedHosts = "server.allowed_hosts"
    case provider = "llm.provider"
    case model = "llm.model"
    case temperature = "llm.temperature"
    case maxTokens = "llm.max_tokens"
    case maxIterations = "llm.max_iterations"
    case tokenBudget = "llm.token_budget"
    case baseURL = "llm.base_url"
    case timeoutSeconds = "llm.timeout_seconds"
    case loggingLevel = "logging.level"
    case loggingRetentionDays = "logging.retention_days"
    case loggingDirectory = "logging.directory"
    case openAIKey = "secrets.openai_api_key"
    case anthropicKey = "secrets.anthropic_api_key"
    case geminiKey = "secrets.gemini_api_key"
    case telegramBotToken = "secrets.telegram_bot_token"
    case perplexityKey = "secrets.perplexity_api_key"
    case tavilyKey = "secrets.tavily_api_key"
    case braveKey = "secrets.brave_search_api_key"
    case telegramEnabled = "channels.telegram.enabled"
    case telegramWebhookSecret = "channels.telegram.webhook_secret"
    case telegramWebhookBaseURL = "channels.telegram.webhook_base_url"
    case telegramPolling = "channels.telegram.polling"
    case telegramAPIBaseURL = "channels.telegram.api_base_url"
    case searchProvider = "search.provider"
    case toolsAllowOutsideWorkspace = "tools.allow_outside_workspace"
    case toolsBashAllow = "tools.bash_allow"
    case toolServers = "mcp_servers"

    /// What a value of the file must look like. `null` is always allowed: it is how a leaf is unset.
    public enum Form: Equatable, Sendable {
        case text
        case flag
        /// `limit` is what fits the wire's unsigned integer, `range` what makes sense.
        case whole(limit: UInt64, range: ClosedRange<UInt64>)
        case number(range: ClosedRange<Double>)
        case texts
        /// `{NAME: {command, args?, env?}}`.
        case servers
    }

    public var form: Form {
        switch self {
        case .serverPort: return .whole(limit: UInt64(UInt16.max), range: 1...UInt64(UInt16.max))
        case .maxTokens: return .whole(limit: UInt64(UInt32.max), range: 1...UInt64(UInt32.max))
        case .tokenBudget: return .whole(limit: UInt64(UInt32.max), range: 1000...UInt64(UInt32.max))
        case .maxIterations: return .whole(limit: .max, range: 1...100)
        case .timeoutSeconds: return .whole(limit: UInt64(UInt32.max), range: 1...3600)
        // Clamped where it is used, as the contract has it.
        case .loggingRetentionDays: return .whole(limit: UInt64(UInt16.max), range: 0...UInt64(UInt16.max))
        case .temperature: return .number(range: 0...2)
        case .telegramEnabled, .telegramPolling, .toolsAllowOutsideWorkspace: return .flag
        case .serverCORSOrigins, .serverAllowedHosts, .toolsBashAllow: return .texts
        case .toolServers: return .servers
        case .workspace, .serverHost, .serverAuthToken, .provider, .model, .baseURL, .loggingLevel, .loggingDirectory,
            .openAIKey, .anthropicKey, .geminiKey, .telegramBotToken, .perplexityKey, .tavilyKey, .braveKey,
            .telegramWebhookSecret, .telegramWebhookBaseURL, .telegramAPIBaseURL, .searchProvider:
            return .text
        }
    }

    /// What holds where nothing is set, as it would be written; `nil` where nothing does, or it is known only elsewhere.
    public var standard: String? {
        switch self {
        case .serverHost: return "127.0.0.1"
        case .serverPort: return "3000"
        case .provider: return "openai"
        case .model: return "gpt-4o-mini"
        case .temperature: return "0.2"
        case .maxTokens: return "1024"
        case .maxIterations: return "6"
        case .tokenBudget: return "12000"
        case .timeoutSeconds: return "60"
        case .loggingLevel: return "info"
        case .loggingRetentionDays: return "7"
        case .loggingDirectory: return "logs"
        case .telegramEnabled, .telegramPolling, .toolsAllowOutsideWorkspace: return "false"
        case .telegramAPIBaseURL: return "https://api.telegram.org"
        case .toolsBashAllow: return ToolSettings.standardPrograms.joined(separator: ",")
        case .workspace, .serverAuthToken, .serverCORSOrigins, .serverAllowedHosts, .baseURL, .openAIKey, .anthropicKey,
            .geminiKey, .telegramBotToken, .perplexityKey, .tavilyKey, .braveKey, .telegramWebhookSecret,
            .telegramWebhookBaseURL, .searchProvider, .toolServers:
            return nil
        }
    }

    /// The names from the outermost section to the leaf.
    public var path: [String] { rawValue.split(separator: ".").map(String.init) }
}

/// The known sections and leaves as a tree, in the order of the keys.
struct ConfigurationTree: Sendable {
    enum Node: Sendable {
        case section(ConfigurationTree)
        case leaf(ConfigurationKey)
    }

    private(set) var children: [(name: String, node: Node)] = []

    static let known: ConfigurationTree = {
        var tree = ConfigurationTree()
        for key in ConfigurationKey.allCases { tree.add(key, at: key.path[...]) }
        return tree
    }()

    subscript(name: String) -> Node? { children.first { $0.name == name }?.node }

    private mutating func add(_ key: ConfigurationKey, at path: ArraySlice<String>) {
        guard let name = path.first else { return }
        guard path.count > 1 else { return children.append((name, .leaf(key))) }
        let index = children.firstIndex { $0.name == name }
        var section = ConfigurationTree()
        if let index, case .section(let known) = children[index].node { section = known }
        section.add(key, at: path.dropFirst())
        if let index { children[index].node = .section(section) } else { children.append((name, .section(section))) }
    }
}
