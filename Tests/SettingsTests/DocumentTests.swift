import Bytes
import Testing

@testable import Settings

@Suite("What the configuration file says")
struct DocumentTests {
    @Test func `the template has every known leaf, unset, two spaces a level and a newline at the end`() {
        let text = String(decoding: ConfigurationDocument().encoded(), as: UTF8.self)
        #expect(
            text == """
                {
                  "workspace": null,
                  "server": {
                    "host": null,
                    "port": null,
                    "auth_token": null,
                    "cors_origins": null,
                    "allowed_hosts": null
                  },
                  "llm": {
                    "provider": null,
                    "model": null,
                    "temperature": null,
                    "max_tokens": null,
                    "max_iterations": null,
                    "token_budget": null,
                    "base_url": null,
                    "timeout_seconds": null
                  },
                  "logging": {
                    "level": null,
                    "retention_days": null,
                    "directory": null
                  },
                  "secrets": {
                    "openai_api_key": null,
                    "anthropic_api_key": null,
                    "gemini_api_key": null,
                    "telegram_bot_token": null,
                    "perplexity_api_key": null,
                    "tavily_api_key": null,
                    "brave_search_api_key": null
                  },
                  "channels": {
                    "telegram": {
                      "enabled": null,
                      "webhook_secret": null,
                      "webhook_base_url": null,
                      "polling": null,
                      "api_base_url": null
                    }
                  },
                  "search": {
                    "provider": null
                  },
                  "tools": {
                    "allow_outside_workspace": null,
                    "bash_allow": null
                  },
                  "mcp_servers": null
                }

                """)
    }

    @Test(arguments: [
        "{}", #"{"llm": null}"#, #"{"llm": {}, "channels": {"telegram": null}}"#, #"{"channels": null}"#,
        #"{"llm": {"model": null}, "mcp_servers": null}"#, " {} \n",
    ])
    func `what is missing or null is unset`(text: String) throws {
        #expect(try ConfigurationDocument(parsing: Array(text.utf8)) == ConfigurationDocument())
    }

    @Test(arguments: [
        #"{"launchers": {"claude": {"command": "/opt/claude", "args": ["-v"]}}, "storage": {"durability": "normal"}}"#,
        #"{"llm": {"model": "m", "x_new": [1, {"a": null}]}, "server": {"tls": {"cert": "c"}}}"#,
        #"{"channels": {"matrix": {"room": "r"}, "telegram": {"emoji": "🐑"}}, "$schema": "s", "z": 18446744073709551615}"#,
        #"{"tools": {"grep": {"limit": 1.5}}, "secrets": {"other_api_key": "k"}, "mcp_servers": {"a": {"command": "c", "cwd": "/"}}}"#,
    ])
    func `keys that nobody knows are kept at every level`(text: String) throws {
        let document = try ConfigurationDocument(parsing: Array(text.utf8))
        let given = try JSON(parsing: text)
        #expect(document.leaves.count == Self.leafCount(given))
        for (path, value) in Self.leaves(given) { #expect(document.value(at: path) == value) }
        #expect(try ConfigurationDocument(parsing: document.encoded()) == document)
        #expect(try ConfigurationDocument(document.json) == document)
    }

    @Test func `the text does not depend on the order of known keys, and unknown ones keep theirs`() throws {
        let one = try ConfigurationDocument(
            parsing: Array(#"{"z": 1, "a": 2, "llm": {"model": "m", "provider": "mock"}}"#.utf8))
        let other = try ConfigurationDocument(
            parsing: Array(#"{"llm": {"provider": "mock", "model": "m"}, "z": 1, "a": 2}"#.utf8))
        #expect(one.encoded() == other.encoded())
        #expect(
            String(decoding: one.encoded(), as: UTF8.self).hasSuffix(
                "\"mcp_servers\": null,\n  \"z\": 1,\n  \"a\": 2\n}\n"))
    }

    @Test func `numbers are written in their shortest form`() throws {
        for (given, written) in [
            ("0.2", "0.2"), ("1", "1"), ("1.0", "1"), ("0.20000000000000001", "0.2"), ("2e-1", "0.2"),
        ] {
            let document = try ConfigurationDocument(parsing: Array(#"{"llm": {"temperature": \#(given)}}"#.utf8))
            #expect(String(decoding: document.encoded(), as: UTF8.self).contains("\"temperature\": \(written),"))
            #expect(try ConfigurationDocument(parsing: document.encoded()) == document)
        }
    }

    @Test(arguments: [
        (#"{"workspace": 1}"#, "workspace: it must be text, and is a whole number"),
        (#"{"server": []}"#, "server: it must be an object, and is a list"),
        (#"{"channels": {"telegram": true}}"#, "channels.telegram: it must be an object, and is true or false"),
        (#"{"server": {"port": "3000"}}"#, "server.port: it must be a whole number, and is text"),
        (#"{"server": {"port": 3000.0}}"#, "server.port: it must be a whole number, and is a number with a fraction"),
        (#"{"server": {"port": 65536}}"#, "server.port: it must be from 1 to 65535, and is 65536"),
        (#"{"server": {"port": -1}}"#, "server.port: it must be from 1 to 65535, and is -1"),
        (#"{"server": {"cors_origins": "x"}}"#, "server.cors_origins: it must be a list of texts, and is text"),
        (#"{"server": {"allowed_hosts": [1]}}"#, "server.allowed_hosts: it must be a list of texts, and is a list"),
        (#"{"llm": {"temperature": "0.2"}}"#, "llm.temperature: it must be a number, and is text"),
        (#"{"llm": {"max_tokens": 4294967296}}"#, "llm.max_tokens: it must be from 1 to 4294967295, and is 4294967296"),
        (#"{"llm": {"max_iterations": true}}"#, "llm.max_iterations: it must be a whole number, and is true or false"),
        (#"{"logging": {"retention_days": -7}}"#, "logging.retention_days: it must be from 0 to 65535, and is -7"),
        (#"{"secrets": {"openai_api_key": 7}}"#, "secrets.openai_api_key: it must be text, and is a whole number"),
        (
            #"{"tools": {"allow_outside_workspace": 1}}"#,
            "tools.allow_outside_workspace: it must be true or false, and is a whole number"
        ),
        (#"{"mcp_servers": []}"#, "mcp_servers: it must be an object, and is a list"),
        (#"{"mcp_servers": {"a": "b"}}"#, "mcp_servers.a: it must be an object, and is text"),
        (#"{"mcp_servers": {"a": {}}}"#, "mcp_servers.a.command: it must be the program to start"),
        (
            #"{"mcp_servers": {"a": {"command": "c", "args": "x"}}}"#,
            "mcp_servers.a.args: it must be a list of texts, and is text"
        ),
        (
            #"{"mcp_servers": {"a": {"command": "c", "env": {"K": 1}}}}"#,
            "mcp_servers.a.env: it must be an object of texts"
        ),
        (
            #"{"mcp_servers": {"a b": {"command": "c"}}}"#,
            "mcp_servers.a b: the name of a server has 1 to 64 letters, digits, \"-\" and \"_\""
        ),
        ("[]", "the configuration must be a JSON object, and is a list"),
        ("3", "the configuration must be a JSON object, and is a whole number"),
    ])
    func `a value of the wrong type is refused by the name of its key`(text: String, message: String) {
        let problem = #expect(throws: ConfigurationProblem.self) {
            try ConfigurationDocument(parsing: Array(text.utf8))
        }
        #expect(problem?.message == message)
    }

    @Test(arguments: [
        ("{", "line 1, column 2: the text ends in the middle of a value"),
        ("", "line 1, column 1: the text ends in the middle of a value"),
        ("{\n  \"llm\": {\n    \"model\": oops\n  }\n}", "line 3, column 14: \"o\" does not belong here"),
        ("{\"a\": 1,\r\n \"b\" 2}", "line 2, column 6: \"2\" does not belong here"),
        ("{\"é🐑\": x}", "line 1, column 8: \"x\" does not belong here"),
        ("{\"a\": 1}\n}", "line 2, column 1: something follows the end of the object"),
        (
            "{\"llm\": {\"model\": \"a\",\n \"model\": \"b\"}}",
            "line 2, column 2: the key \"model\" stands twice in one object"
        ),
        ("{\"x\": {\"y\": 1, \"y\": 1}}", "line 1, column 16: the key \"y\" stands twice in one object"),
        ("{\"a\": 01}", "line 1, column 8: this is not a number of JSON's"),
    ])
    func `what is no JSON is refused with its place`(text: String, message: String) {
        let problem = #expect(throws: ConfigurationProblem.self) {
            try ConfigurationDocument(parsing: Array(text.utf8))
        }
        #expect(problem?.message == message)
    }

    @Test func `deep nesting and broken UTF-8 are refused`() {
        let deep = Array((String(repeating: "[", count: 1000)).utf8)
        #expect(throws: ConfigurationProblem.self) { try ConfigurationDocument(parsing: deep) }
        let broken = Array("{\"a\": \"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: ConfigurationProblem.self) { try ConfigurationDocument(parsing: broken) }
    }

    @Test func `one leaf is set, known or not, and null unsets it`() throws {
        let document = try ConfigurationDocument()
            .setting(["llm", "model"], to: "m").setting(["launchers", "x", "command"], to: "/bin/x")
        #expect(document.text(.model) == "m")
        #expect(document.value(at: ["launchers", "x", "command"]) == "/bin/x")
        let undone = try document.setting(["llm", "model"], to: .null).setting(["launchers"], to: .null)
        #expect(undone == ConfigurationDocument())
        #expect(throws: ConfigurationProblem.self) { try document.setting(["server", "port"], to: "x") }
    }

    @Test func `differences are told by dotted keys`() throws {
        let old = try ConfigurationDocument(
            ["llm": ["model": "a", "provider": "mock"], "x": ["y": 1], "server": ["cors_origins": ["http://a"]]])
        let new = try ConfigurationDocument(
            ["llm": ["model": "b", "provider": "mock"], "x": ["z": 1], "server": ["cors_origins": ["http://b"]]])
        #expect(new.differences(from: old).sorted() == ["llm.model", "server.cors_origins", "x.y", "x.z"])
        #expect(new.differences(from: new).isEmpty)
    }

    // MARK: - Helpers

    private static func leaves(_ json: JSON, at path: [String] = []) -> [([String], JSON)] {
        guard let object = json.object else { return json.isNull ? [] : [(path, json)] }
        return object.members.flatMap { leaves($0.value, at: path + [$0.key]) }
    }

    private static func leafCount(_ json: JSON) -> Int { leaves(json).count }
}
