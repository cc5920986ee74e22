/// Base64 (RFC 4648), strict: canonical text in, canonical text out.
public enum Base64 {
    public enum Alphabet: Sendable {
        /// §4, with padding.
        case standard
        /// §5, without padding, as JSON Web Tokens and Socket.IO ids are written.
        case urlSafe
    }
}

/// Why a text is not base64, and where.
public enum Base64Error: Error, Equatable, Sendable {
    /// A byte outside the alphabet, or padding where none belongs.
    case invalidByte(offset: Int)
    /// The text ends inside a group.
    case invalidLength
    /// The last digit has bits that no byte uses, so that another text would mean the same.
    case notCanonical
}

// MARK: - Encoding

extension Base64 {
    /// How many digits, padding included, that many bytes become.
    public static func encodedCount(of count: Int, _ alphabet: Alphabet = .standard) -> Int {
        switch alphabet {
        case .standard: return (count + 2) / 3 * 4
        case .urlSafe: return (count * 4 + 2) / 3
        }
    }

    public static func encode(_ bytes: [UInt8], _ alphabet: Alphabet = .standard) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(encodedCount(of: bytes.count, alphabet))
        append(bytes.span, alphabet, to: &output)
        return output
    }

    public static func text(of bytes: [UInt8], _ alphabet: Alphabet = .standard) -> String {
        String(decoding: encode(bytes, alphabet), as: UTF8.self)
    }

    /// Appends the text of `bytes`.
    public static func append(_ bytes: Span<UInt8>, _ alphabet: Alphabet = .standard, to output: inout [UInt8]) {
        var index = 0
        while index + 3 <= bytes.count {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            output.append(digit(group >> 18, alphabet))
            output.append(digit(group >> 12 & 63, alphabet))
            output.append(digit(group >> 6 & 63, alphabet))
            output.append(digit(group & 63, alphabet))
            index += 3
        }
        let rest = bytes.count - index
        guard rest > 0 else { return }
        let group = UInt32(bytes[index]) << 16 | (rest == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
        output.append(digit(group >> 18, alphabet))
        output.append(digit(group >> 12 & 63, alphabet))
        if rest == 2 { output.append(digit(group >> 6 & 63, alphabet)) }
        if alphabet == .standard {
            output.append(padding)
            if rest == 1 { output.append(padding) }
        }
    }

    private static let padding = UInt8(ascii: "=")

    private static func digit(_ value: UInt32, _ alphabet: Alphabet) -> UInt8 {
        switch value {
        case 0..<26: return UInt8(ascii: "A") + UInt8(value)
        case 26..<52: return UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: return UInt8(ascii: "0") + UInt8(value - 52)
        case 62: return alphabet == .standard ? UInt8(ascii: "+") : UInt8(ascii: "-")
        default: return alphabet == .standard ? UInt8(ascii: "/") : UInt8(ascii: "_")
        }
    }
}

// MARK: - Decoding

extension Base64 {
    public static func decode(_ text: [UInt8], _ alphabet: Alphabet = .standard) throws(Base64Error) -> [UInt8] {
        try decode(text.span, alphabet)
    }

    public static func decode(_ text: String, _ alphabet: Alphabet = .standard) throws(Base64Error) -> [UInt8] {
        try decode(Array(text.utf8).span, alphabet)
    }

    public static func decode(_ text: Span<UInt8>, _ alphabet: Alphabet = .standard) throws(Base64Error) -> [UInt8] {
        var count = text.count
        if alphabet == .standard {
            guard count % 4 == 0 else { throw .invalidLength }
            if count > 0, text[count - 1] == padding { count -= 1 }
            if count % 4 == 3, text[count - 1] == padding { count -= 1 }
        }
        guard count % 4 != 1 else { throw .invalidLength }
        var output: [UInt8] = []
        output.reserveCapacity(count * 3 / 4)
        var group: UInt32 = 0
        for index in 0..<count {
            guard let value = value(of: text[index], alphabet) else { throw .invalidByte(offset: index) }
            group = group << 6 | value
            if index & 3 == 3 {
                output.append(UInt8(truncatingIfNeeded: group >> 16))
                output.append(UInt8(truncatingIfNeeded: group >> 8))
                output.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        switch count & 3 {
        case 2:
            guard group & 0xF == 0 else { throw .notCanonical }
            output.append(UInt8(truncatingIfNeeded: group >> 4))
        case 3:
            guard group & 0x3 == 0 else { throw .notCanonical }
            output.append(UInt8(truncatingIfNeeded: group >> 10))
            output.append(UInt8(truncatingIfNeeded: group >> 2))
        default: break
        }
        return output
    }

    private static func value(of digit: UInt8, _ alphabet: Alphabet) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): return alphabet == .standard ? 62 : nil
        case UInt8(ascii: "/"): return alphabet == .standard ? 63 : nil
        case UInt8(ascii: "-"): return alphabet == .urlSafe ? 62 : nil
        case UInt8(ascii: "_"): return alphabet == .urlSafe ? 63 : nil
        default: return nil
        }
    }
}
