import Bytes

/// One request, its body read whole.
public final class HTTPRequest {
    public internal(set) var method = HTTPMethod.other
    /// The path as sent, still percent-encoded, without the query.
    public internal(set) var path = ""
    /// What follows `?`, still percent-encoded.
    public internal(set) var query: String?
    public internal(set) var headers = HTTPHeaders()
    public internal(set) var body: [UInt8] = []
    public internal(set) var isUpgrade = false

    /// What the route's pattern took from the path, decoded.
    public internal(set) var parameters: [String: String] = [:]
    /// The route that was found, so that it is looked for once.
    var route: Router.Match?

    init() {}

    /// The query's pairs in order, decoded; `+` is a space.
    public var queryItems: [(String, String)] {
        guard let query else { return [] }
        var items: [(String, String)] = []
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "="))
            let name = percentDecoded(Substring(pair[..<(equals ?? pair.endIndex)]), plusIsSpace: true)
            let value = equals.map { percentDecoded(Substring(pair[pair.index(after: $0)...]), plusIsSpace: true) }
            items.append((name, value ?? ""))
        }
        return items
    }

    public func queryValue(_ name: String) -> String? { queryItems.first { $0.0 == name }?.1 }

    /// The value of a cookie.
    public func cookie(_ name: String) -> String? {
        headers["cookie"]?.split(separator: ";").lazy
            .map { $0.trimmed.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false) }
            .first { $0.count == 2 && $0[0] == name }
            .map { String($0[1]) }
    }
}

/// Decodes `%41`; what is not an escape stays as it is.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(text) }
    var output: [UInt8] = []
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = bytes[index + 1].hexDigitValue,
            let low = bytes[index + 2].hexDigitValue
        {
            output.append(UInt8(high << 4 | low))
            index += 3
        } else {
            output.append(plusIsSpace && bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
            index += 1
        }
    }
    return String(decoding: output, as: UTF8.self)
}
