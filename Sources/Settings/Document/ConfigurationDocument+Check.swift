import Bytes
import Glibc

extension ConfigurationDocument {
    /// Whether the values make sense (§4.2). Throws the first that does not, in the order of the keys.
    ///
    /// What needs the environment is checked where effective settings are derived.
    public func check() throws(ConfigurationProblem) {
        try check(section: nil)
    }

    /// The same for the keys of one top-level section, or of all.
    func check(section: String?) throws(ConfigurationProblem) {
        for key in ConfigurationKey.allCases where section == nil || key.path[0] == section {
            try key.checkRange(self[key])
            try checkText(key)
        }
    }

    private func checkText(_ key: ConfigurationKey) throws(ConfigurationProblem) {
        switch key {
        case .serverHost:
            if let host = text(key), BindAddress(host) == nil {
                throw ConfigurationProblem(
                    key, "it must be an IP address to listen on, or localhost, and is \"\(host)\"")
            }
        case .serverCORSOrigins:
            for origin in texts(key) ?? [] where !Self.isOrigin(origin) {
                throw ConfigurationProblem(
                    key, "an origin looks like https://host or https://host:port, and not like \"\(origin)\"")
            }
        case .serverAuthToken, .openAIKey, .anthropicKey, .geminiKey, .telegramBotToken, .perplexityKey, .tavilyKey,
            .braveKey, .telegramWebhookSecret:
            if let text = text(key), !Self.fitsHeader(text) {
                throw ConfigurationProblem(key, "it has a character that cannot be in a header, like a space")
            }
        case .provider:
            _ = try provider
        case .baseURL, .telegramWebhookBaseURL:
            if let url = text(key), BaseURL(url) == nil { throw ConfigurationProblem(key, BaseURL.wanted) }
        case .telegramAPIBaseURL:
            // `mock://` stands for no network at all (§8.1).
            if let url = text(key), BaseURL(url) == nil, !url.hasPrefix("mock://") {
                throw ConfigurationProblem(key, BaseURL.wanted)
            }
        case .searchProvider:
            _ = try searchProvider
        case .workspace, .loggingDirectory:
            if text(key)?.utf8.contains(0) == true { throw ConfigurationProblem(key, "a path has no null character") }
        case .serverPort, .serverAllowedHosts, .model, .temperature, .maxTokens, .maxIterations, .tokenBudget,
            .timeoutSeconds, .loggingLevel, .loggingRetentionDays, .telegramEnabled, .telegramPolling,
            .toolsAllowOutsideWorkspace, .toolsBashAllow, .toolServers:
            break
        }
    }

    /// The provider, whatever its case; `openai` when none is named.
    var provider: ChatSettings.Provider {
        get throws(ConfigurationProblem) {
            guard let name = text(.provider) else { return .openai }
            if let provider = ChatSettings.Provider(rawValue: name.lowercased()) { return provider }
            let known = ChatSettings.Provider.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationProblem(.provider, "there is no provider \"\(name)\"; there are \(known)")
        }
    }

    var searchProvider: SearchSettings.Provider? {
        get throws(ConfigurationProblem) {
            guard let name = text(.searchProvider) else { return nil }
            if let provider = SearchSettings.Provider(rawValue: name.lowercased()) { return provider }
            let known = SearchSettings.Provider.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationProblem(.searchProvider, "there is no provider \"\(name)\"; there are \(known)")
        }
    }

    /// Whether it can stand in a header as it is.
    static func fitsHeader(_ text: String) -> Bool { text.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    static func isOrigin(_ text: String) -> Bool {
        guard let mark = text.firstRange(of: "://"), mark.lowerBound > text.startIndex else { return false }
        let rest = text[mark.upperBound...]
        return !rest.isEmpty && fitsHeader(text) && !rest.contains { "/?#@*".contains($0) }
    }
}

/// An address to listen on.
public struct BindAddress: Equatable, Sendable {
    /// As `bind` takes it: without brackets, `localhost` as an address.
    public let address: String
    /// Whether only this machine can reach it.
    public let isLoopback: Bool

    /// Takes IPv4 and IPv6 addresses, the latter with or without brackets, and `localhost`; anything else is `nil`.
    public init?(_ text: String) {
        if text.lowercased() == "localhost" {
            address = "127.0.0.1"
            isLoopback = true
            return
        }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            address = text
            isLoopback = UInt32(bigEndian: four.s_addr) >> 24 == 127
            return
        }
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var six = in6_addr()
        guard inet_pton(AF_INET6, bare, &six) == 1 else { return nil }
        address = bare
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        isLoopback = (bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1) || (isMapped && bytes[12] == 127)
    }
}

/// The beginning of the addresses of a server, to which a path is added.
struct BaseURL: Equatable, Sendable {
    static let wanted = "it must be a whole http or https address without query, like https://host/v1"

    /// Without a trailing `/`.
    let text: String

    init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), ["http", "https"].contains(text[..<mark.lowerBound].lowercased())
        else { return nil }
        let rest = text[mark.upperBound...]
        guard let first = rest.first, first != "/", first != ":", ConfigurationDocument.fitsHeader(text),
            !rest.contains(where: { "?#\"<>\\^`{|}".contains($0) })
        else { return nil }
        var end = text.endIndex
        while end > mark.upperBound, text[text.index(before: end)] == "/" { end = text.index(before: end) }
        self.text = String(text[..<end])
    }
}

extension String {
    func firstRange(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
