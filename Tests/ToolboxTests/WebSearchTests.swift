import Bytes
import Models
import Settings
import Synchronization
import Testing

@testable import Toolbox

@Suite struct WebSearchTests {
    private func search(_ provider: SearchSettings.Provider) -> WebSearch {
        WebSearch(SearchSettings(provider: provider, apiKey: "key-1"))
    }

    @Test func `asks Perplexity`() throws {
        let request = search(.perplexity).request(for: "tea & milk?")
        #expect(request.method == "POST")
        #expect(request.url == "https://api.perplexity.ai/search")
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer key-1") })
        #expect(try JSON(parsing: request.body) == ["query": "tea & milk?", "max_results": 5])
    }

    @Test func `asks Tavily`() throws {
        let request = search(.tavily).request(for: "tea")
        #expect(request.method == "POST")
        #expect(request.url == "https://api.tavily.com/search")
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer key-1") })
        #expect(try JSON(parsing: request.body) == ["query": "tea", "max_results": 5, "search_depth": "basic"])
    }

    @Test func `asks Brave`() {
        let request = search(.brave).request(for: "grün & \"x\"/y+z~")
        #expect(request.method == "GET")
        #expect(
            request.url
                == "https://api.search.brave.com/res/v1/web/search?q=gr%C3%BCn%20%26%20%22x%22%2Fy%2Bz~&count=5")
        #expect(request.headers.contains { $0 == ("X-Subscription-Token", "key-1") })
        #expect(request.body.isEmpty)
    }

    @Test(
        arguments: [
            (.perplexity, ["results": [["title": "T", "url": "https://a", "snippet": "S", "date": "2026-01-01"]]]),
            (.tavily, ["results": [["title": "T", "url": "https://a", "content": "S", "score": 0.5]], "answer": nil]),
            (
                .brave,
                ["type": "search", "web": ["results": [["title": "T", "url": "https://a", "description": "S"]]]]
            ),
        ] as [(SearchSettings.Provider, JSON)])
    func `reads the answers`(provider: SearchSettings.Provider, body: JSON) throws {
        let results = try search(provider).results(of: WebAnswer(status: 200, body: body.encoded()))
        #expect(results == [WebSearchResult(title: "T", url: "https://a", snippet: "S")])
    }

    @Test func `five results at most, those without an address left out`() throws {
        let entries = [["title": "no address"]] + (0..<9).map { JSON.object(["url": .string("https://\($0)")]) }
        let results = try search(.tavily)
            .results(of: WebAnswer(status: 200, body: (["results": .array(entries)] as JSON).encoded()))
        #expect(results.map(\.url) == (0..<5).map { "https://\($0)" })
        #expect(try search(.brave).results(of: WebAnswer(status: 200, body: Array("{}".utf8))).isEmpty)
    }

    @Test(arguments: [
        (401, "{}", "does not accept the key"), (429, "", "less often"), (500, "key-1", "status 500"),
        (200, "not json", "not understood"), (200, "[]", "not understood"), (200, "{\"results\":1}", "not understood"),
    ])
    func `says what went wrong, and never the key`(status: Int, body: String, words: String) {
        let settings = ToolSettings(search: SearchSettings(provider: .perplexity, apiKey: "key-1"))
        let toolbox = Workspace().toolbox(settings) { _ in .success(WebAnswer(status: status, body: Array(body.utf8))) }
        let outcome = toolbox.run("web_search", ["queryString": "tea"])
        #expect(outcome.isFailure(words), "\(outcome)")
        #expect(!outcome.output.contains("key-1"))
    }

    @Test func `the tool says pretty JSON`() throws {
        let settings = ToolSettings(search: SearchSettings(provider: .tavily, apiKey: "key-1"))
        let asked = Mutex<[UpstreamRequest]>([])
        let toolbox = Workspace().toolbox(settings) { request in
            asked.withLock { $0.append(request) }
            let body: JSON = ["results": [["title": "T", "url": "https://a", "content": "S"]]]
            return .success(WebAnswer(status: 200, body: body.encoded()))
        }
        #expect(toolbox.declarations.map(\.name).contains("web_search"))
        let outcome = toolbox.run("web_search", ["queryString": "tea"])
        #expect(!outcome.isError)
        #expect(
            try JSON(parsing: outcome.output) == [
                "provider": "tavily", "query": "tea",
                "results": [["title": "T", "url": "https://a", "snippet": "S"]],
            ])
        #expect(outcome.output.hasPrefix("{\n  \"provider\": \"tavily\",\n"))
        #expect(asked.withLock { $0.count } == 1)
    }

    @Test func `a failing connection is told`() {
        let settings = ToolSettings(search: SearchSettings(provider: .brave, apiKey: "key-1"))
        let toolbox = Workspace().toolbox(settings) { _ in .failure(WebFailure(reason: "no connection")) }
        #expect(toolbox.run("web_search", ["queryString": "tea"]) == .failure("no connection"))
        #expect(toolbox.run("web_search", ["queryString": " "]).isFailure("empty"))
        #expect(toolbox.run("web_search", [:]).isFailure("missing"))
    }

    @Test func `without a service there is no such tool`() {
        let toolbox = Workspace().toolbox()
        #expect(!toolbox.declarations.map(\.name).contains("web_search"))
        #expect(toolbox.run("web_search", ["queryString": "tea"]).isFailure("no search service"))
    }
}
