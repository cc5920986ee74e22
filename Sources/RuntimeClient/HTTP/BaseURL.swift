/// The address of a runtime, as §6.2 has it: spaces around it and slashes at its end do not count.
struct BaseURL: Equatable, Sendable {
    var text: String

    /// `nil` when it is no address over http or https.
    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard !bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else { return nil }
        let trimmed = String(decoding: bytes, as: UTF8.self)
        guard let scheme = trimmed.firstRange(of: "://"),
            ["http", "https"].contains(trimmed[..<scheme.lowerBound].lowercased()),
            let host = trimmed[scheme.upperBound...].first, !"/:?#".contains(host)
        else { return nil }
        self.text = trimmed
    }

    /// One segment of a path (RFC 3986 §2.3: what is unreserved stays).
    static func encoded(_ segment: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        for byte in segment.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                output.append(byte)
            // Segments of dots alone would be resolved away.
            case UInt8(ascii: ".") where segment != "." && segment != "..": output.append(byte)
            default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
