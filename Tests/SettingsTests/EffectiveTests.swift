import Bytes
import Testing

@testable import Settings

@Suite("What chats, listener, log and channel go by")
struct EffectiveTests {
    private func settings(
        _ json: JSON = [:], _ environment: [String: String] = [:], home: String = "/h/.drover"
    ) throws -> ChatSettings {
        try ChatSettings(
            ConfigurationDocument(json), environment: environment,
            places: ConfigurationPlaces(home: home, environment: environment, userHome: "/h"))
    }

    @Test func `defaults are the contract's, and the workspace is under the home`() throws {
        #expect(
            try settings([:], ["OPENAI_API_KEY": "k"])
                == ChatSettings(
                    provider: .openai, model: "gpt-4o-mini", temperature: 0.2, maxTokens: 1024, maxIterations: 6,
                    tokenBudget: 12000, baseURL: "https://api.openai.com/v1", apiKey: "k", timeoutSeconds: 60,
                    workspace: "/h/.drover/workspace"))
    }

    @Test func `what a key is said to be when it is unset is what it is`() throws {
        let unset = try settings([:], ["OPENAI_API_KEY": "k"])
        #expect(ConfigurationKey.provider.standard == unset.provider.rawValue)
        #expect(ConfigurationKey.model.standard == unset.model)
        #expect(ConfigurationKey.temperature.standard == "\(unset.temperature)")
        #expect(ConfigurationKey.maxTokens.standard == "\(unset.maxTokens)")
        #expect(ConfigurationKey.maxIterations.standard == "\(unset.maxIterations)")
        #expect(ConfigurationKey.tokenBudget.standard == "\(unset.tokenBudget)")
        #expect(ConfigurationKey.timeoutSeconds.standard == "\(unset.timeoutSeconds)")
        #expect(ConfigurationKey.toolsBashAllow.standard == unset.tools.bashPrograms.joined(separator: ","))
        #expect(ConfigurationKey.toolsAllowOutsideWorkspace.standard == "\(unset.tools.allowsOutsideWorkspace)")
    }

    @Test func `everything that the file says is taken`() throws {
        let settings = try settings([
            "workspace": "/w",
            "llm": [
                "provider": "Anthropic", "model": "m", "temperature": 1, "max_tokens": 2, "max_iterations": 3,
                "token_budget": 4000, "base_url": "http://x/", "timeout_seconds": 5,
            ],
            "secrets": ["anthropic_api_key": "a", "brave_search_api_key": "b"], "search": ["provider": "BRAVE"],
            "tools": ["allow_outside_workspace": true, "bash_allow": ["git"]],
            "mcp_servers": ["s": ["command": "c", "args": ["-x"], "env": ["K": "V"]], "t": ["command": "d"]],
        ])
        #expect(
            settings
                == ChatSettings(
                    provider: .anthropic, model: "m", temperature: 1, maxTokens: 2, maxIterations: 3, tokenBudget: 4000,
                    baseURL: "http://x", apiKey: "a", timeoutSeconds: 5, workspace: "/w",
                    tools: ToolSettings(
                        allowsOutsideWorkspace: true, bashPrograms: ["git"],
                        servers: [
                            ToolServerSettings(name: "s", command: "c", arguments: ["-x"], environment: ["K": "V"]),
                            ToolServerSettings(name: "t", command: "d"),
                        ], search: SearchSettings(provider: .brave, apiKey: "b"))))
    }

    @Test(arguments: [
        ("openai", "openai_api_key", "OPENAI_API_KEY"), ("anthropic", "anthropic_api_key", "ANTHROPIC_API_KEY"),
        ("gemini", "gemini_api_key", "GEMINI_API_KEY"),
    ])
    func `a key comes from the file, else from the environment, and without one the provider is refused`(
        provider: String, key: String, variable: String
    ) throws {
        func apiKey(_ file: JSON, _ environment: [String: String]) throws -> String? {
            try settings(["llm": ["provider": .string(provider)], "secrets": .object([key: file])], environment).apiKey
        }
        #expect(try apiKey("file", [:]) == "file")
        #expect(try apiKey("file", [variable: "env"]) == "file")
        #expect(try apiKey(.null, [variable: "env"]) == "env")
        #expect(try apiKey("", [variable: "env"]) == "env")
        for environment in [[:], [variable: ""]] {
            let problem = #expect(throws: ConfigurationProblem.self) { try apiKey("", environment) }
            #expect(
                problem?.message
                    == "secrets.\(key): the provider \(provider) needs it; set it here, or \(variable) in the environment"
            )
        }
        let problem = #expect(throws: ConfigurationProblem.self) { try apiKey(.null, [variable: "a\r\nX: b"]) }
        #expect(problem?.place == .key(variable))
    }

    @Test func `the mock provider needs neither key nor address`() throws {
        let settings = try settings(["llm": ["provider": "mock"]])
        #expect(settings.apiKey == nil)
        #expect(settings.baseURL == "")
    }

    @Test(arguments: [
        ("openai", "OPENAI_BASE_URL", "https://api.openai.com/v1"),
        ("anthropic", "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
        ("gemini", "GEMINI_BASE_URL", "https://generativelanguage.googleapis.com"),
    ])
    func `the address of a provider is the file's, else the environment's, else the usual one`(
        provider: String, variable: String, usual: String
    ) throws {
        let keys = ["OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"]
        func url(_ file: JSON, _ environment: [String: String]) throws -> String {
            try settings(
                ["llm": ["provider": .string(provider), "base_url": file]],
                keys.merging(environment) { $1 }
            ).baseURL
        }
        #expect(try url(.null, [:]) == usual)
        #expect(try url("", [variable: ""]) == usual)
        #expect(try url(.null, [variable: "http://e:1/x//"]) == "http://e:1/x")
        #expect(try url("http://f", [variable: "http://e"]) == "http://f")
        let problem = #expect(throws: ConfigurationProblem.self) { try url(.null, [variable: "e"]) }
        #expect(problem?.place == .key(variable))
    }

    @Test(arguments: [
        (nil, "/h/.drover/workspace"), ("", "/h/.drover/workspace"), ("work", "/h/.drover/work"), ("/abs/", "/abs"),
        ("./a//b/", "/h/.drover/a/b"), ("~/x", "/h/x"), ("~", "/h"), ("~x", "/h/.drover/~x"),
        ("../y", "/h/.drover/../y"),
    ])
    func `a relative workspace stands on the home`(path: String?, absolute: String) throws {
        let json: JSON = ["workspace": path.map { .string($0) } ?? .null, "llm": ["provider": "mock"]]
        #expect(try settings(json).workspace == absolute)
    }

    @Test(arguments: [(nil, "/h/.chaos-bot"), (".chaos-bot", "/h/.chaos-bot"), ("w", "/h/w"), ("/abs", "/abs")])
    func `with a folder of its own the chat runtime keeps its workspace there`(path: String?, absolute: String) throws {
        let environment = ["CHAT_RUNTIME_HOME": "/h/.chaos-bot/"]
        let json: JSON = ["workspace": path.map { .string($0) } ?? .null, "llm": ["provider": "mock"]]
        #expect(try settings(json, environment).workspace == absolute)
        #expect(ConfigurationPlaces(home: "/d", environment: environment, userHome: "/h").folder == "/h/.chaos-bot")
    }

    @Test func `a search without its key is left out, and takes it from the environment`() throws {
        let json: JSON = ["llm": ["provider": "mock"], "search": ["provider": "tavily"]]
        #expect(try settings(json).tools.search == nil)
        #expect(
            try settings(json, ["TAVILY_API_KEY": "t"]).tools.search
                == SearchSettings(provider: .tavily, apiKey: "t"))
        #expect(try settings(["llm": ["provider": "mock"]], ["TAVILY_API_KEY": "t"]).tools.search == nil)
    }

    // MARK: - Listener

    @Test func `the listener's settings are those of the file, and the token may come from the environment`() throws {
        let document = try ConfigurationDocument([
            "server": ["host": "localhost", "port": 81, "cors_origins": ["https://a"], "allowed_hosts": ["h.local"]],
            "llm": ["provider": "nope"],
        ])
        let server = try ServerSettings(document, environment: ["CHAT_RUNTIME_TOKEN": "t"])
        #expect(
            server
                == ServerSettings(
                    host: BindAddress("127.0.0.1"), port: 81, authToken: "t", corsOrigins: ["https://a"],
                    allowedHosts: ["h.local"]))
        #expect(try ServerSettings(ConfigurationDocument(), environment: [:]) == ServerSettings())
        let both = try ConfigurationDocument(["server": ["auth_token": "f"]])
        #expect(try ServerSettings(both, environment: ["CHAT_RUNTIME_TOKEN": "t"]).authToken == "f")
        #expect(try ServerSettings(ConfigurationDocument(), environment: ["CHAT_RUNTIME_TOKEN": ""]).authToken == nil)
        let bad = try ConfigurationDocument(["server": ["host": "x"]])
        #expect(throws: ConfigurationProblem.self) { try ServerSettings(bad, environment: [:]) }
    }

    @Test func `of a listener's section that makes no sense the rest is taken, and the token above all`() throws {
        let document = try ConfigurationDocument([
            "server": [
                "host": "nowhere", "port": 0, "auth_token": "a b", "cors_origins": ["*", "https://a"],
                "allowed_hosts": ["", "h"],
            ]
        ])
        #expect(
            ServerSettings(tolerating: document, environment: [:])
                == ServerSettings(authToken: "a b", corsOrigins: ["https://a"], allowedHosts: ["h"]))
        #expect(!ServerSettings(tolerating: document, environment: [:]).hasPresentableToken)
        let guarded = try ConfigurationDocument(["server": ["port": 0, "auth_token": "t"]])
        #expect(ServerSettings(tolerating: guarded, environment: [:]).hasPresentableToken)
        let problem = #expect(throws: ConfigurationProblem.self) {
            try ServerSettings(ConfigurationDocument(), environment: ["CHAT_RUNTIME_TOKEN": "a b"])
        }
        #expect(problem?.place == .key("CHAT_RUNTIME_TOKEN"))
    }

    @Test func `other machines are let in only with a token or another guard`() throws {
        let open = try #require(BindAddress("0.0.0.0"))
        let own = try #require(BindAddress("::1"))
        #expect(ServerSettings().refusal(toListenOn: own) == nil)
        #expect(ServerSettings().refusal(toListenOn: open)?.contains("server.auth_token") == true)
        #expect(ServerSettings(authToken: "t").refusal(toListenOn: open) == nil)
        #expect(ServerSettings().refusal(toListenOn: open, isGuarded: true) == nil)
    }

    // MARK: - Log and channel

    @Test(
        arguments: [
            (nil, .info), ("", .info), ("debug", .debug), ("WARN", .warning), ("warning", .warning), ("error", .error),
            ("loud", .info),
        ] as [(String?, LoggingSettings.Level)])
    func `the level of the log is lenient`(text: String?, level: LoggingSettings.Level) throws {
        let document = try ConfigurationDocument(["logging": ["level": text.map { .string($0) } ?? .null]])
        let places = ConfigurationPlaces(home: "/d", environment: [:], userHome: "/h")
        #expect(LoggingSettings(document, places: places).level == level)
    }

    @Test func `the log is kept at least a day, in a folder under the workspace`() throws {
        let places = ConfigurationPlaces(home: "/d", environment: [:], userHome: "/h")
        func logging(_ json: JSON) throws -> LoggingSettings {
            LoggingSettings(try ConfigurationDocument(json), places: places)
        }
        #expect(try logging([:]).retentionDays == 7)
        #expect(try logging(["logging": ["retention_days": 0]]).retentionDays == 1)
        #expect(try logging([:]).directory == "/d/workspace/logs")
        #expect(try logging(["workspace": "/w", "logging": ["directory": "l"]]).directory == "/w/l")
        #expect(try logging(["logging": ["directory": "/l"]]).directory == "/l")
    }

    @Test func `the Telegram channel needs its token once it is enabled`() throws {
        func telegram(_ json: JSON, _ environment: [String: String] = [:]) throws -> TelegramSettings? {
            try TelegramSettings(ConfigurationDocument(json), environment: environment)
        }
        #expect(try telegram([:]) == nil)
        #expect(try telegram(["channels": ["telegram": ["enabled": false]]], ["TELEGRAM_BOT_TOKEN": "t"]) == nil)
        let enabled: JSON = ["channels": ["telegram": ["enabled": true]]]
        #expect(throws: ConfigurationProblem.self) { try telegram(enabled) }
        let settings = try #require(try telegram(enabled, ["TELEGRAM_BOT_TOKEN": "t"]))
        #expect(settings.botToken == "t")
        #expect(settings.apiBaseURL == "https://api.telegram.org")
        #expect(!settings.polls)
        #expect(settings.webhookSecret == nil)
        let full = try #require(
            try telegram([
                "channels": [
                    "telegram": [
                        "enabled": true, "polling": true, "webhook_secret": "s", "api_base_url": "http://127.0.0.1:1/",
                    ]
                ], "secrets": ["telegram_bot_token": "f"],
            ]))
        #expect(full.botToken == "f")
        #expect(full.polls)
        #expect(full.webhookSecret == "s")
        #expect(full.apiBaseURL == "http://127.0.0.1:1")
    }
}
