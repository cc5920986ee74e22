import Bytes
import Testing

@testable import Settings

@Suite("Secrets and who sees them")
struct SecretTests {
    private static let everything: JSON = [
        "server": ["auth_token": "s-token"], "llm": ["max_tokens": 5, "token_budget": 2000, "model": "m"],
        "secrets": [
            "openai_api_key": "s-openai", "gemini_api_key": "", "other": "s-other", "deep": ["list": ["s-list"]],
        ],
        "channels": ["telegram": ["webhook_secret": "s-hook", "enabled": true]],
        "mcp_servers": ["a": ["command": "c", "env": ["HOME_TOKEN": "s-env", "PLAIN": "s-plain"], "args": ["x"]]],
        "lists": ["plain": [["url": "http://x"]], "relays": [["deep": [["token": "s-deep"]]]]],
        "relay": [
            "password": "s-password", "url": "http://r", "client_secret": "s-client", "AuthorizationHeader": "s-auth",
        ],
    ]

    @Test func `everything secret is masked, and nothing else`() throws {
        let document = try ConfigurationDocument(Self.everything)
        let masked = document.masked()
        #expect(!String(decoding: masked.encoded(), as: UTF8.self).contains("s-"))
        #expect(masked.text(.openAIKey) == SecretMask.marker)
        #expect(masked.value(at: ["secrets", "deep", "list"]) == .string(SecretMask.marker))
        for key in masked.differences(from: document) where key != "lists.relays" {
            #expect(SecretMask.covers(key.split(separator: ".").map(String.init)))
        }
        #expect(masked[.anthropicKey] == .null)
        #expect(masked[.geminiKey] == "")
        #expect(masked[.maxTokens] == 5)
        #expect(masked[.tokenBudget] == 2000)
        #expect(masked.value(at: ["relay", "url"]) == "http://r")
        #expect(masked.value(at: ["lists", "plain"]) == [["url": "http://x"]])
        #expect(masked.masked() == masked)
    }

    @Test func `what was masked comes back`() throws {
        let document = try ConfigurationDocument(Self.everything)
        #expect(try document.masked().restoringMasked(from: document) == document)
    }

    @Test func `the marker for what is not set unsets it`() throws {
        let given = try ConfigurationDocument(["secrets": ["tavily_api_key": .string(SecretMask.marker)]])
        #expect(try given.restoringMasked(from: ConfigurationDocument()) == ConfigurationDocument())
    }

    @Test(arguments: [
        ("{\"openai_api_key\": \"sk-1\",\n\"model\": \"m\"", "{\"openai_api_key***REDACTED***\n\"model\": \"m\""),
        (
            "\"secrets\": {\n  \"x\": \"sk-1\",\n \"y\": \"sk-2\"\n}\n\"a\": 1",
            "\"secrets\"***REDACTED***}\n\"a\": 1"
        ),
        ("{\"ENV\": {\"x\": \"sk-1\"\n, \"y\": \"sk-2\"", "{\"env\"***REDACTED***"),
        ("{\"my_passwords\": [\n \"sk-1\",\n1]", "{\"my_password***REDACTED***\n1]"),
        ("{\"API_KEY\"\n:\n\"sk-1\"\n}", "{\"api_key***REDACTED***\n}"),
        ("{\"a: \"x\", \"auth_token\": \"sk-1\"}", "{\"a: \"x\", \"auth_token***REDACTED***"),
        ("{\"model\": \"é\"", "{\"model\": \"é\""), ("", ""), ("token", "token***REDACTED***"),
    ])
    func `of a broken text nothing that may be a secret is shown`(text: String, shown: String) {
        #expect(SecretMask.masked(brokenText: text) == shown)
    }
}
