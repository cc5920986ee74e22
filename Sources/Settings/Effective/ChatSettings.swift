/// What a chat turn goes by: the configuration with its defaults and the environment folded in (chat-runtime §4.2, §4.3).
public struct ChatSettings: Equatable, Sendable {
    public enum Provider: String, Sendable, CaseIterable {
        case openai, anthropic, gemini, mock
    }

    public var provider: Provider
    public var model: String
    /// 0 to 2.
    public var temperature: Double
    /// For each call of the provider; at least 1.
    public var maxTokens: UInt32
    /// 1 to 100.
    public var maxIterations: Int
    /// At least 1000.
    public var tokenBudget: UInt32
    /// Without a trailing `/`.
    public var baseURL: String
    /// `nil` for a provider that needs none.
    public var apiKey: String?
    /// For the first byte, and between two; seconds.
    public var timeoutSeconds: Int
    /// Absolute; the root of the tools.
    public var workspace: String
    public var tools: ToolSettings

    public init(
        provider: Provider, model: String, temperature: Double, maxTokens: UInt32, maxIterations: Int,
        tokenBudget: UInt32, baseURL: String, apiKey: String?, timeoutSeconds: Int, workspace: String,
        tools: ToolSettings = ToolSettings()
    ) {
        self.provider = provider
        self.model = model
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.maxIterations = maxIterations
        self.tokenBudget = tokenBudget
        self.baseURL = baseURL
        self.apiKey = apiKey
        self.timeoutSeconds = timeoutSeconds
        self.workspace = workspace
        self.tools = tools
    }
}

/// What tools may do (§5.8).
public struct ToolSettings: Equatable, Sendable {
    /// Lets `write` and `edit` leave the workspace.
    public var allowsOutsideWorkspace: Bool
    /// The programs that `bash` may start.
    public var bashPrograms: [String]
    /// MCP servers whose tools are offered too: section `mcp_servers` of the file.
    public var servers: [ToolServerSettings]
    /// Where `web_search` asks; `nil` leaves the tool out (§8.4).
    public var search: SearchSettings?

    public static let standardPrograms = ["ls", "pwd", "cat", "echo", "head", "tail", "rg", "wc", "date"]

    public init(
        allowsOutsideWorkspace: Bool = false, bashPrograms: [String] = standardPrograms,
        servers: [ToolServerSettings] = [], search: SearchSettings? = nil
    ) {
        self.allowsOutsideWorkspace = allowsOutsideWorkspace
        self.bashPrograms = bashPrograms
        self.servers = servers
        self.search = search
    }
}

/// A program that offers tools over the Model Context Protocol on its standard input and output.
public struct ToolServerSettings: Equatable, Sendable {
    public var name: String
    public var command: String
    public var arguments: [String]
    /// Added to the few variables that it inherits.
    public var environment: [String: String]

    public init(name: String, command: String, arguments: [String] = [], environment: [String: String] = [:]) {
        self.name = name
        self.command = command
        self.arguments = arguments
        self.environment = environment
    }
}

/// A web search service and its key.
public struct SearchSettings: Equatable, Sendable {
    public enum Provider: String, Sendable, CaseIterable {
        case perplexity, tavily, brave
    }

    public var provider: Provider
    public var apiKey: String

    public init(provider: Provider, apiKey: String) {
        self.provider = provider
        self.apiKey = apiKey
    }
}
