/// The id of an Engine.IO session or of a Socket.IO socket: 120 random bits, written as twenty base64url digits.
///
/// Kept as numbers, it needs no memory of its own and hashes fast; text is made where a wire asks for it.
public struct SocketID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// Takes 60 bits from each of two words, which must be unpredictable: whoever knows a session's id may act for it.
    public init(random high: UInt64, _ low: UInt64) {
        self.high = high & 0x0FFF_FFFF_FFFF_FFFF
        self.low = low & 0x0FFF_FFFF_FFFF_FFFF
    }

    /// Reads the text of an id.
    public init?(_ text: some StringProtocol) {
        var words: (UInt64, UInt64) = (0, 0)
        var count = 0
        for byte in text.utf8 {
            guard count < 20, let digit = Self.value(of: byte) else { return nil }
            if count < 10 { words.0 = words.0 << 6 | digit } else { words.1 = words.1 << 6 | digit }
            count += 1
        }
        guard count == 20 else { return nil }
        (high, low) = words
    }

    /// Appends the twenty digits.
    public func append(to output: inout [UInt8]) {
        for word in [high, low] {
            for shift in stride(from: 54, through: 0, by: -6) {
                output.append(Self.digit(word >> UInt64(shift) & 63))
            }
        }
    }

    private static func digit(_ value: UInt64) -> UInt8 {
        switch value {
        case 0..<26: return UInt8(ascii: "A") + UInt8(value)
        case 26..<52: return UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: return UInt8(ascii: "0") + UInt8(value - 52)
        case 62: return UInt8(ascii: "-")
        default: return UInt8(ascii: "_")
        }
    }

    private static func value(of digit: UInt8) -> UInt64? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): return UInt64(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): return UInt64(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return UInt64(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): return 62
        case UInt8(ascii: "_"): return 63
        default: return nil
        }
    }
}

extension SocketID: CustomStringConvertible {
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
