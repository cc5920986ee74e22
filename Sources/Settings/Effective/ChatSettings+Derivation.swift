import Bytes

extension ChatSettings {
    /// Folds defaults and the environment into what the file says, which wins (§4.2, §4.3).
    ///
    /// Throws what keeps a turn from being taken: a value that makes no sense, or a provider without its key.
    public init(
        _ document: ConfigurationDocument, environment: [String: String], places: ConfigurationPlaces
    ) throws(ConfigurationProblem) {
        try document.check()
        let provider = try document.provider
        self.init(
            provider: provider,
            model: document.text(.model) ?? "gpt-4o-mini",
            temperature: document.number(.temperature) ?? 0.2,
            maxTokens: document.whole(.maxTokens).map { UInt32($0) } ?? 1024,
            maxIterations: document.whole(.maxIterations).map { Int($0) } ?? 6,
            tokenBudget: document.whole(.tokenBudget).map { UInt32($0) } ?? 12000,
            baseURL: try Self.baseURL(of: provider, document, environment),
            apiKey: try Self.apiKey(of: provider, document, environment),
            timeoutSeconds: document.whole(.timeoutSeconds).map { Int($0) } ?? 60,
            workspace: places.workspace(of: document),
            tools: try ToolSettings(document, environment: environment))
    }

    static func deriving(
        _ document: ConfigurationDocument, environment: [String: String], places: ConfigurationPlaces
    ) -> Result<ChatSettings, ConfigurationProblem> {
        do throws(ConfigurationProblem) {
            return .success(try ChatSettings(document, environment: environment, places: places))
        } catch {
            return .failure(error)
        }
    }

    private static func baseURL(
        of provider: Provider, _ document: ConfigurationDocument, _ environment: [String: String]
    ) throws(ConfigurationProblem) -> String {
        guard let standard = provider.standardBaseURL, let variable = provider.baseURLVariable else { return "" }
        if let url = document.text(.baseURL).flatMap({ BaseURL($0) }) { return url.text }
        guard let text = environment.value(variable) else { return standard }
        guard let url = BaseURL(text) else { throw ConfigurationProblem(.key(variable), BaseURL.wanted) }
        return url.text
    }

    private static func apiKey(
        of provider: Provider, _ document: ConfigurationDocument, _ environment: [String: String]
    ) throws(ConfigurationProblem) -> String? {
        guard let source = provider.keySource else { return nil }
        guard let key = try document.secret(source.key, or: source.variable, environment) else {
            throw ConfigurationProblem(
                source.key,
                "the provider \(provider.rawValue) needs it; set it here, or \(source.variable) in the "
                    + "environment")
        }
        return key
    }
}

extension ChatSettings.Provider {
    /// Where its key comes from; `nil` for one that needs none.
    var keySource: (key: ConfigurationKey, variable: String)? {
        switch self {
        case .openai: return (.openAIKey, "OPENAI_API_KEY")
        case .anthropic: return (.anthropicKey, "ANTHROPIC_API_KEY")
        case .gemini: return (.geminiKey, "GEMINI_API_KEY")
        case .mock: return nil
        }
    }

    var baseURLVariable: String? {
        switch self {
        case .openai: return "OPENAI_BASE_URL"
        case .anthropic: return "ANTHROPIC_BASE_URL"
        case .gemini: return "GEMINI_BASE_URL"
        case .mock: return nil
        }
    }

    /// Without a trailing `/`.
    var standardBaseURL: String? {
        switch self {
        case .openai: return "https://api.openai.com/v1"
        case .anthropic: return "https://api.anthropic.com"
        case .gemini: return "https://generativelanguage.googleapis.com"
        case .mock: return nil
        }
    }
}

extension ToolSettings {
    init(_ document: ConfigurationDocument, environment: [String: String]) throws(ConfigurationProblem) {
        self.init(
            allowsOutsideWorkspace: document.flag(.toolsAllowOutsideWorkspace) ?? false,
            bashPrograms: document.texts(.toolsBashAllow) ?? Self.standardPrograms,
            servers: (document[.toolServers].object?.members ?? []).map(ToolServerSettings.init),
            search: try SearchSettings(document, environment: environment))
    }
}

extension ToolServerSettings {
    /// A member of `mcp_servers` whose form has been checked.
    init(_ member: JSONObject.Member) {
        let variables = member.value["env"]?.object?.members ?? []
        self.init(
            name: member.key, command: member.value["command"]?.string ?? "",
            arguments: member.value["args"]?.array?.compactMap(\.string) ?? [],
            environment: Dictionary(variables.map { ($0.key, $0.value.string ?? "") }, uniquingKeysWith: { $1 }))
    }
}

extension SearchSettings {
    /// `nil` when no provider is named, or its key is nowhere: then the tool is left out, and chats go on without it.
    init?(_ document: ConfigurationDocument, environment: [String: String]) throws(ConfigurationProblem) {
        guard let provider = try document.searchProvider else { return nil }
        let source = provider.keySource
        guard let key = try document.secret(source.key, or: source.variable, environment) else { return nil }
        self.init(provider: provider, apiKey: key)
    }
}

extension SearchSettings.Provider {
    var keySource: (key: ConfigurationKey, variable: String) {
        switch self {
        case .perplexity: return (.perplexityKey, "PERPLEXITY_API_KEY")
        case .tavily: return (.tavilyKey, "TAVILY_API_KEY")
        case .brave: return (.braveKey, "BRAVE_SEARCH_API_KEY")
        }
    }
}

extension ConfigurationDocument {
    /// A secret of the file, else of the environment, where it must be fit for a header too.
    func secret(
        _ key: ConfigurationKey, or variable: String, _ environment: [String: String]
    ) throws(ConfigurationProblem) -> String? {
        if let text = text(key) { return text }
        guard let value = environment.value(variable) else { return nil }
        guard Self.fitsHeader(value) else {
            throw ConfigurationProblem(.key(variable), "it has a character that cannot be in a header, like a space")
        }
        return value
    }
}
