/// Checks UTF-8 that arrives in pieces (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
///
/// It fails at the first byte that no valid text could have there, so the verdict does not depend on the cuts.
public struct UTF8Validator: Equatable, Sendable {
    /// Continuation bytes that are still to come.
    private var missing: UInt8 = 0
    /// What the next continuation byte may be: narrower than 80..BF after E0, ED, F0 and F4.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    public init() {}

    /// Whether the text so far ends between two scalars.
    public var isComplete: Bool { missing == 0 }

    /// Takes the next piece, and says whether the text is valid so far.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if missing == 0 {
                // ASCII is taken eight bytes at a time.
                while index + 8 <= bytes.count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index += 8
                }
                guard index < bytes.count else { return true }
            }
            guard accept(bytes[index]) else { return false }
            index += 1
        }
        return true
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        if missing > 0 {
            guard lower <= byte, byte <= upper else { return false }
            missing -= 1
            lower = 0x80
            upper = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { lower = 0xA0 }
            if byte == 0xED { upper = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { lower = 0x90 }
            if byte == 0xF4 { upper = 0x8F }
        default: return false
        }
        return true
    }
}
