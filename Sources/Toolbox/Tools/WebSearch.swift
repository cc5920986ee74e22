import Bytes
import Models
import Settings

/// One page that a search found.
public struct WebSearchResult: Equatable, Sendable {
    public var title: String
    public var url: String
    public var snippet: String

    public init(title: String, url: String, snippet: String) {
        self.title = title
        self.url = url
        self.snippet = snippet
    }
}

/// Why a search has no results.
public enum WebSearchError: Error, Equatable, Sendable {
    /// What the service said is not repeated: it may quote the key.
    case refused(status: Int)
    case notUnderstood
}

/// What is sent to a search service, and how its answer is read (chat-runtime §8.4). Pure.
public struct WebSearch: Equatable, Sendable {
    private let settings: SearchSettings

    /// Results that a search gives.
    public static let limit = 5

    public init(_ settings: SearchSettings) { self.settings = settings }

    public func request(for query: String) -> UpstreamRequest {
        let json = (name: "Accept", value: "application/json")
        let content = (name: "Content-Type", value: "application/json")
        let bearer = (name: "Authorization", value: "Bearer \(settings.apiKey)")
        switch settings.provider {
        case .perplexity:
            let body: JSON = ["query": .string(query), "max_results": .integer(Self.limit)]
            return UpstreamRequest(
                url: "https://api.perplexity.ai/search", headers: [bearer, content, json], body: body.encoded())
        case .tavily:
            let body: JSON = ["query": .string(query), "max_results": .integer(Self.limit), "search_depth": "basic"]
            return UpstreamRequest(
                url: "https://api.tavily.com/search", headers: [bearer, content, json], body: body.encoded())
        case .brave:
            let url = "https://api.search.brave.com/res/v1/web/search?q=\(Self.escaped(query))&count=\(Self.limit)"
            return UpstreamRequest(
                method: "GET", url: url, headers: [(name: "X-Subscription-Token", value: settings.apiKey), json],
                body: [])
        }
    }

    public func results(of answer: WebAnswer) throws(WebSearchError) -> [WebSearchResult] {
        guard (200..<300).contains(answer.status) else { throw .refused(status: answer.status) }
        guard let json = try? JSON(parsing: answer.body) else { throw .notUnderstood }
        let entries: [JSON]?
        let snippet: String
        switch settings.provider {
        case .perplexity: (entries, snippet) = (json["results"]?.array, "snippet")
        case .tavily: (entries, snippet) = (json["results"]?.array, "content")
        // A search without results has no section `web`.
        case .brave:
            (entries, snippet) = (json.object == nil ? nil : json["web"]?["results"]?.array ?? [], "description")
        }
        guard let entries else { throw .notUnderstood }
        let found = entries.compactMap { entry -> WebSearchResult? in
            guard let url = entry["url"]?.string else { return nil }
            return WebSearchResult(
                title: entry["title"]?.string ?? "", url: url,
                snippet: OutputCap.prefix(entry[snippet]?.string ?? "", Self.snippetLimit))
        }
        return Array(found.prefix(Self.limit))
    }

    /// What the tool says: pretty JSON `{provider, query, results}`.
    public func output(query: String, _ results: [WebSearchResult]) -> String {
        let results = results.map { result -> JSON in
            ["title": .string(result.title), "url": .string(result.url), "snippet": .string(result.snippet)]
        }
        let output: JSON = [
            "provider": .string(settings.provider.rawValue), "query": .string(query), "results": .array(results),
        ]
        return String(decoding: output.indented(), as: UTF8.self)
    }

    /// UTF-8 bytes of a snippet: services give anything from a line to a page.
    private static let snippetLimit = 2000

    /// Everything but unreserved characters as percent escapes (RFC 3986 §2.3).
    private static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { escaped, byte in
            if byte.isAlphanumeric || [0x2D, 0x2E, 0x5F, 0x7E].contains(byte) {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                escaped += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}

extension WebSearchError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(401), .refused(403): return "the search service does not accept the key"
        case .refused(429): return "the search service wants to be asked less often"
        case .refused(let status): return "the search service answered with status \(status)"
        case .notUnderstood: return "the answer of the search service is not understood"
        }
    }
}

extension Toolbox {
    static let webSearchDeclaration = ToolDeclaration(
        "web_search", "Searches the web and returns the five best pages.",
        required: ["queryString": .text("What to search for.")])

    /// `web_search`: the best pages for a query.
    func webSearch(_ arguments: ToolArguments) throws(ToolFailure) -> String {
        let query = try arguments.string("queryString")
        guard let settings = settings.search, let fetch else { throw ToolFailure("there is no search service") }
        guard !query.withoutSurroundingSpace.isEmpty else { throw ToolFailure("the argument queryString is empty") }
        guard query.utf8.count <= 2000 else { throw ToolFailure("the argument queryString is too long") }
        let search = WebSearch(settings)
        switch fetch(search.request(for: query)) {
        case .failure(let failure): throw ToolFailure(failure.reason)
        case .success(let answer):
            do { return OutputCap.cut(search.output(query: query, try search.results(of: answer))) } catch {
                throw ToolFailure(error.description)
            }
        }
    }
}
