/// The text of UUIDs (RFC 9562), made from bytes that the caller brings.
public enum UUIDText {
    /// Writes 16 random bytes as a lower-case UUID v4; its version and variant bits replace six of theirs.
    public static func text(randomBytes: some Collection<UInt8>) -> String {
        text(randomBytes, version: 0x40)
    }

    /// Writes a UUID v7 (RFC 9562 §5.7): 48 bits of time, the rest random.
    public static func text(time: Timestamp, randomBytes: some Collection<UInt8>) -> String {
        var bytes = Array(randomBytes)
        for index in 0..<6 { bytes[index] = UInt8(truncatingIfNeeded: time.milliseconds >> (40 - 8 * Int64(index))) }
        return text(bytes, version: 0x70)
    }

    private static func text(_ randomBytes: some Collection<UInt8>, version: UInt8) -> String {
        precondition(randomBytes.count == 16, "a UUID is made of 16 bytes")
        return String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for (index, byte) in randomBytes.enumerated() {
                var byte = byte
                if index == 6 { byte = byte & 0x0F | version }
                if index == 8 { byte = byte & 0x3F | 0x80 }
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                text[position] = digit(byte >> 4)
                text[position + 1] = digit(byte & 15)
                position += 2
            }
            return 36
        }
    }

    /// Whether a text is a lower-case UUID of any version.
    public static func isUUID(_ text: String) -> Bool {
        var count = 0
        for byte in text.utf8 {
            switch count {
            case 8, 13, 18, 23: if byte != UInt8(ascii: "-") { return false }
            default:
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): break
                default: return false
                }
            }
            count += 1
        }
        return count == 36
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
