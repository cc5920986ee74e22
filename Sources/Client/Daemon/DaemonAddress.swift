/// Where a daemon listens: `http://host:port`.
public struct DaemonAddress: Equatable, Sendable {
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Where a daemon listens when nobody says otherwise.
    public static let standard = DaemonAddress(host: "127.0.0.1", port: 3000)

    /// Reads `http://host[:port][/]`. The scheme may be left out; IPv6 addresses stand in brackets.
    public init(parsing text: String) throws(ClientError) {
        var rest = Substring(text)
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound] == "http" else { throw .invalidURL(text) }
            rest = rest[scheme.upperBound...]
        }
        while rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.contains(where: { $0 == "/" || $0 == "?" || $0 == "#" || $0 == "@" || $0 == " " }) else {
            throw .invalidURL(text)
        }
        var portText = Substring("80")
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw .invalidURL(text) }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            let after = rest[rest.index(after: end)...]
            if after.hasPrefix(":") {
                portText = after.dropFirst()
            } else if !after.isEmpty {
                throw .invalidURL(text)
            }
        } else if let colon = rest.lastIndex(of: ":") {
            host = String(rest[..<colon])
            portText = rest[rest.index(after: colon)...]
        } else {
            host = String(rest)
        }
        guard let port = UInt16(portText), port > 0, !host.isEmpty else { throw .invalidURL(text) }
        self.port = port
    }

    /// As it stands in the `Host` header.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    public var url: String { "http://\(authority)" }
}

extension Substring {
    fileprivate func firstRange(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
