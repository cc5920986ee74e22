/// The server of a URL, as sentences name it: host and port, without user, password, path and query.
enum UpstreamHost {
    static func name(of url: String) -> String {
        let bytes = Array(url.utf8)
        var start = 0
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) {
            start = colon + 3
        }
        let end = bytes[start...].firstIndex { "/?#\\".utf8.contains($0) } ?? bytes.count
        if let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) { start = at + 1 }
        let name = bytes[start..<end].prefix(300)
        return name.isEmpty ? "the provider" : String(decoding: name, as: UTF8.self)
    }
}
