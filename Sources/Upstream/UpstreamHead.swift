/// An answer's status line and headers, from the lines that libcurl gives one by one.
struct UpstreamHead: Equatable {
    /// Bytes of all lines together.
    static let limit = 64 << 10

    struct Header: Equatable {
        var name: String
        var value: String
    }

    private(set) var status = 0
    private(set) var headers: [Header] = []
    private(set) var isComplete = false
    private var size = 0

    /// Takes one line with its end. `false` when there is more of it than is allowed.
    ///
    /// A status line begins a head anew: interim answers come before the one that counts. What follows a complete head
    /// are trailers, which nobody asked for.
    mutating func take(_ line: some Collection<UInt8>) -> Bool {
        if isComplete { return true }
        size += line.count
        guard size <= Self.limit else { return false }
        var line = Array(line)
        while line.last == 0x0A || line.last == 0x0D { line.removeLast() }
        if line.starts(with: "HTTP/".utf8) {
            headers = []
            status = Self.status(of: line)
        } else if line.isEmpty {
            isComplete = status >= 200
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
            while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
            headers.append(Header(name: name, value: String(decoding: value, as: UTF8.self)))
        }
        return true
    }

    private static func status(of line: [UInt8]) -> Int {
        let words = line.split(separator: 0x20, maxSplits: 2)
        guard words.count >= 2 else { return 0 }
        return Int(String(decoding: words[1], as: UTF8.self)) ?? 0
    }
}
