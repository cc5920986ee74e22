import Testing

@testable import Models

private let provider = OpenAIProvider(baseURL: "https://api.example.com", apiKey: "my-own-key")

@Suite struct ProviderTextTests {
    @Test func `a failure has status and body`() {
        #expect(
            provider.failure(status: 429, body: Array("{\"error\":\"slow down\"}\n".utf8))
                == "the provider answered 429: {\"error\":\"slow down\"}")
        #expect(provider.failure(status: 502, body: []) == "the provider answered 502")
    }

    @Test(arguments: [
        ("bad key my-own-key.", "my-own"), ("my-own-keymy-own-key", "my-own"),
        ("Incorrect API key provided: sk-proj-0123456789abcdefghijABCDEFGHIJ0123456789", "abcdefghij"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789", "klmnopqrst"),
        ("x-api-key: sk-ant-api03-0123456789abcdefghijABCDEFGHIJ0123456789", "abcdefghij"),
        ("?key=AIzaSyA0123456789abcdefghijklmnopqrstuvw", "abcdefghij"),
    ])
    func `credentials are taken out`(body: String, secret: String) {
        #expect(!provider.failure(status: 401, body: Array(body.utf8)).contains(secret))
    }

    @Test func `it is cut between two scalars`() {
        let text = provider.failure(status: 500, body: Array(String(repeating: "é", count: 5000).utf8))
        #expect(text.utf8.count <= 2048)
        #expect(text.utf8.count > 2040)
        #expect(text.hasSuffix("é…"))
    }

    @Test func `a key across the cut leaves nothing of itself`() {
        for pad in 1980..<2048 {
            let text = provider.failure(
                status: 500, body: Array((String(repeating: "a", count: pad) + "my-own-key").utf8))
            #expect(!text.contains("my-"))
        }
    }

    @Test func `bytes that are no text are shown as well as can be`() {
        #expect(provider.failure(status: 500, body: [0x61, 0xFF, 0x62]) == "the provider answered 500: a\u{FFFD}b")
    }
}
