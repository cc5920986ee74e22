import Bytes
import Testing

@testable import Settings

@Suite("Which values make sense")
struct CheckTests {
    @Test(arguments: [
        (#"{"server": {"port": 0}}"#, "server.port: it must be from 1 to 65535, and is 0"),
        (
            #"{"server": {"host": "example.org"}}"#,
            "server.host: it must be an IP address to listen on, or localhost, and is \"example.org\""
        ),
        (
            #"{"server": {"host": "127.0.0.1:3000"}}"#,
            "server.host: it must be an IP address to listen on, or localhost, and is \"127.0.0.1:3000\""
        ),
        (
            #"{"server": {"cors_origins": ["https://a.example", "*"]}}"#,
            "server.cors_origins: an origin looks like https://host or https://host:port, and not like \"*\""
        ),
        (
            #"{"server": {"cors_origins": ["https://a.example/"]}}"#,
            "server.cors_origins: an origin looks like https://host or https://host:port, and not like \"https://a.example/\""
        ),
        (#"{"server": {"allowed_hosts": [""]}}"#, "server.allowed_hosts: a text in the list is empty"),
        (
            #"{"server": {"auth_token": "a b"}}"#,
            "server.auth_token: it has a character that cannot be in a header, like a space"
        ),
        (
            #"{"secrets": {"gemini_api_key": "k\n"}}"#,
            "secrets.gemini_api_key: it has a character that cannot be in a header, like a space"
        ),
        (
            #"{"llm": {"provider": "nope"}}"#,
            "llm.provider: there is no provider \"nope\"; there are openai, anthropic, gemini, mock"
        ),
        (#"{"llm": {"temperature": -0.1}}"#, "llm.temperature: it must be from 0 to 2, and is -0.1"),
        (#"{"llm": {"temperature": 2.01}}"#, "llm.temperature: it must be from 0 to 2, and is 2.01"),
        (#"{"llm": {"max_tokens": 0}}"#, "llm.max_tokens: it must be from 1 to 4294967295, and is 0"),
        (#"{"llm": {"max_iterations": 0}}"#, "llm.max_iterations: it must be from 1 to 100, and is 0"),
        (#"{"llm": {"max_iterations": 101}}"#, "llm.max_iterations: it must be from 1 to 100, and is 101"),
        (#"{"llm": {"token_budget": 999}}"#, "llm.token_budget: it must be from 1000 to 4294967295, and is 999"),
        (#"{"llm": {"timeout_seconds": 0}}"#, "llm.timeout_seconds: it must be from 1 to 3600, and is 0"),
        (
            #"{"llm": {"base_url": "api.example.org/v1"}}"#,
            "llm.base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (
            #"{"llm": {"base_url": "ftp://x"}}"#,
            "llm.base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (
            #"{"llm": {"base_url": "http://"}}"#,
            "llm.base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (
            #"{"llm": {"base_url": "http://x?y=1"}}"#,
            "llm.base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (
            #"{"llm": {"base_url": "http://x\r\nHost: y"}}"#,
            "llm.base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (
            #"{"search": {"provider": "google"}}"#,
            "search.provider: there is no provider \"google\"; there are perplexity, tavily, brave"
        ),
        (#"{"tools": {"bash_allow": ["ls", ""]}}"#, "tools.bash_allow: a text in the list is empty"),
        (
            #"{"channels": {"telegram": {"api_base_url": "x"}}}"#,
            "channels.telegram.api_base_url: it must be a whole http or https address without query, like https://host/v1"
        ),
        (#"{"workspace": "a\u0000b"}"#, "workspace: a path has no null character"),
    ])
    func `one that makes none is told with its key and the reason`(text: String, message: String) throws {
        let document = try ConfigurationDocument(parsing: Array(text.utf8))
        let problem = #expect(throws: ConfigurationProblem.self) { try document.check() }
        #expect(problem?.message == message)
    }

    @Test(arguments: [
        #"{"server": {"host": "0.0.0.0", "port": 65535, "cors_origins": ["https://a:1", "tauri://x"]}}"#,
        #"{"server": {"host": "::1"}}"#, #"{"server": {"host": "[::]"}}"#, #"{"server": {"host": "localhost"}}"#,
        #"{"server": {"host": ""}}"#, #"{"llm": {"provider": "OpenAI"}}"#, #"{"llm": {"provider": "MOCK"}}"#,
        #"{"llm": {"temperature": 0, "max_tokens": 1, "max_iterations": 100, "token_budget": 1000}}"#,
        #"{"llm": {"temperature": 2, "max_tokens": 4294967295, "max_iterations": 1}}"#,
        #"{"llm": {"base_url": "http://127.0.0.1:8080/v1/"}}"#, #"{"llm": {"base_url": "HTTPS://[::1]:9"}}"#,
        #"{"logging": {"level": "loud", "retention_days": 0}}"#, #"{"search": {"provider": "Tavily"}}"#,
        #"{"channels": {"telegram": {"api_base_url": "mock://bot"}}}"#, #"{"tools": {"bash_allow": []}}"#,
    ])
    func `what makes sense is let through`(text: String) throws {
        try ConfigurationDocument(parsing: Array(text.utf8)).check()
    }

    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1", true), ("127.9.9.9", "127.9.9.9", true), ("localhost", "127.0.0.1", true),
        ("LOCALHOST", "127.0.0.1", true), ("::1", "::1", true), ("[::1]", "::1", true),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", true),
        ("0.0.0.0", "0.0.0.0", false), ("::", "::", false), ("10.0.0.1", "10.0.0.1", false),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1", false),
        ("128.0.0.1", "128.0.0.1", false),
    ])
    func `an address to listen on is this machine's or not`(text: String, address: String, isLoopback: Bool) {
        let bind = BindAddress(text)
        #expect(bind?.address == address)
        #expect(bind?.isLoopback == isLoopback)
    }

    @Test(arguments: ["", "127.1", "256.0.0.1", "host", "[127.0.0.1]", "::1%lo", "1.2.3.4 "])
    func `what is none is refused`(text: String) {
        #expect(BindAddress(text) == nil)
    }
}
