/// Values that stand after a telling name: `API_KEY=…`, `"password": "…"` (control-plane §7.5).
///
/// For texts only. In a terminal most of what looks like this is program text.
enum SecretAssignments {
    /// Where stars belong.
    static func stars(in bytes: [UInt8]) -> [Range<Int>] {
        var stars: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: "=") || bytes[index] == UInt8(ascii: ":"),
                let minimum = minimum(ofKeyEndingAt: index, bytes)
            else { continue }
            var start = index + 1
            while start < bytes.count, bytes[start] == 0x20 { start += 1 }
            if start < bytes.count, isQuote(bytes[start]) { start += 1 }
            var end = start
            while end < bytes.count, !endsValue(bytes[end]) { end += 1 }
            guard end - start >= minimum, !isReference(bytes[start]) else { continue }
            let keep = keepEnd(bytes, start, end)
            stars.append(keep..<end)
            index = end - 1
        }
        return stars
    }

    /// Whether a name promises a secret, and how long one has to be: 8 for passwords and secrets, which people choose,
    /// 16 for keys and tokens, which machines make.
    static func minimumLength(forName name: some StringProtocol) -> Int? {
        minimum(Array(name.utf8)[...])
    }

    /// Stars for a value that is known to be secret: all but its first four characters, and all of a short one.
    static func starred(_ value: String) -> String {
        let scalars = value.unicodeScalars
        guard scalars.count >= SecretPatterns.shortestValue else { return String(repeating: "*", count: scalars.count) }
        return String(scalars.prefix(SecretPatterns.kept))
            + String(repeating: "*", count: scalars.count - SecretPatterns.kept)
    }

    // MARK: - Names

    private static let long = ["apikey", "accesskey", "accesskeyid", "awskey", "privatekey", "token"].map {
        Array($0.utf8)
    }
    private static let short = ["password", "passwd", "secret", "secretkey", "secretaccesskey"].map { Array($0.utf8) }

    private static func minimum(ofKeyEndingAt separator: Int, _ bytes: [UInt8]) -> Int? {
        var end = separator
        while end > 0, bytes[end - 1] == 0x20 || isQuote(bytes[end - 1]), separator - end < 4 { end -= 1 }
        var start = end
        while start > 0, end - start < 64, isName(bytes[start - 1]) { start -= 1 }
        // `/etc/passwd: Permission denied` speaks of a file.
        if start > 0, bytes[start - 1] == UInt8(ascii: "/") { return nil }
        return minimum(bytes[start..<end])
    }

    private static func minimum(_ name: ArraySlice<UInt8>) -> Int? {
        guard name.count >= 5 else { return nil }
        var letters: [UInt8] = []
        for byte in name where byte != UInt8(ascii: "_") && byte != UInt8(ascii: "-") {
            letters.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte)
        }
        func endsWith(_ word: [UInt8]) -> Bool {
            letters.count >= word.count && letters.suffix(word.count).elementsEqual(word)
        }
        if short.contains(where: endsWith) { return 8 }
        return long.contains(where: endsWith) ? 16 : nil
    }

    private static func isName(_ byte: UInt8) -> Bool {
        ByteClass.table[Int(byte)] & (ByteClass.word | ByteClass.underscore | ByteClass.dash) != 0
    }

    // MARK: - Values

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func endsValue(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"), UInt8(ascii: ","),
            UInt8(ascii: ";"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"):
            return true
        default: return false
        }
    }

    /// `$NAME`, `<your token>`, `== other`: no value stands here.
    private static func isReference(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "$") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: "=")
    }

    private static func keepEnd(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        var scalars = 0
        var index = start
        while index < end {
            if bytes[index] & 0xC0 != 0x80 {
                if scalars == SecretPatterns.kept { break }
                scalars += 1
            }
            index += 1
        }
        return index
    }
}
