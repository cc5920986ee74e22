import HTTP

/// Who may address the daemon from a browser (product: checked on every request, also in open mode).
///
/// A page of another site can make a browser send requests here, and a name server can make its own name point here.
/// The first shows in `Origin`, the second in `Host`.
public struct OriginRules: Sendable {
    public enum Judgement: Equatable, Sendable {
        /// With the foreign origin, when it is one that was allowed by name.
        case allowed(foreignOrigin: String?)
        case foreignHost
        case foreignOrigin
    }

    private let hosts: Set<String>
    private let allowedOrigins: Set<String>
    private let allowsAddresses: Bool

    /// - Parameter allowsAddresses: Whether any numeric address may be in `Host`: no name server can make one point here.
    public init(hosts: [String] = [], allowedOrigins: [String] = [], allowsAddresses: Bool = false) {
        self.allowsAddresses = allowsAddresses
        self.hosts = Set(["localhost", "127.0.0.1", "[::1]"] + hosts.map { $0.lowercased() })
        self.allowedOrigins = Set(allowedOrigins.map { $0.lowercased() })
    }

    public func judge(_ request: HTTPRequest) -> Judgement {
        judge(
            host: request.headers["host"], origin: request.headers["origin"],
            fetchSite: request.headers["sec-fetch-site"],
            isRead: request.method == .get || request.method == .head, isUpgrade: request.isUpgrade)
    }

    func judge(host: String?, origin: String?, fetchSite: String?, isRead: Bool, isUpgrade: Bool) -> Judgement {
        guard let host = host?.lowercased(), isOurs(Self.name(of: host)) else { return .foreignHost }
        guard let origin = origin?.lowercased() else {
            // A browser that names no origin still says whether the page is a stranger's; to look is harmless.
            return fetchSite == "cross-site" && !(isRead && !isUpgrade) ? .foreignOrigin : .allowed(foreignOrigin: nil)
        }
        if origin == "http://\(host)" || origin == "https://\(host)" { return .allowed(foreignOrigin: nil) }
        if allowedOrigins.contains(origin) { return .allowed(foreignOrigin: origin) }
        return .foreignOrigin
    }

    private func isOurs(_ name: String) -> Bool {
        hosts.contains(name) || (allowsAddresses && Self.isAddress(name))
    }

    /// Whether it is an address in brackets, or four numbers.
    private static func isAddress(_ name: String) -> Bool {
        if name.hasPrefix("["), name.hasSuffix("]") {
            let inner = name.utf8.dropFirst().dropLast()
            return inner.contains(UInt8(ascii: ":"))
                && inner.allSatisfy { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") || $0.isHexDigit }
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.count <= 3 && part.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } && UInt8(part) != nil
            }
    }

    /// The host name without its port.
    private static func name(of host: String) -> String {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            return rest.isEmpty || rest.hasPrefix(":") ? String(host[...end]) : host
        }
        return host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? host
    }
}

extension UInt8 {
    fileprivate var isHexDigit: Bool { self &- UInt8(ascii: "0") < 10 || (self | 0x20) &- UInt8(ascii: "a") < 6 }
}
