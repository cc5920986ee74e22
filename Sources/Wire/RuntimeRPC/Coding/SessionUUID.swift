import Bytes
import Fleet

/// The spellings of a session's id that are accepted (runtime-rpc §2.1.5).
public enum SessionUUID {
    /// Reads 32 hexadecimal digits of any case, bare, hyphenated, hyphenated in braces or hyphenated after `urn:uuid:`.
    ///
    /// Any version will do, nil too. The id is lower-case and hyphenated, so that equal ids are equal texts.
    public static func parse(_ text: String) -> SessionID? {
        if UUIDText.isUUID(text) { return SessionID(rawValue: text) }
        let bytes = Array(text.utf8)
        switch bytes.count {
        case 32: return id(bytes[...], hyphenated: false)
        case 36: return id(bytes[...], hyphenated: true)
        case 38 where bytes[0] == UInt8(ascii: "{") && bytes[37] == UInt8(ascii: "}"):
            return id(bytes[1..<37], hyphenated: true)
        case 45 where text.hasPrefix("urn:uuid:"): return id(bytes[9...], hyphenated: true)
        default: return nil
        }
    }

    private static func id(_ bytes: ArraySlice<UInt8>, hyphenated: Bool) -> SessionID? {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for byte in bytes {
            if text.count == 8 || text.count == 13 || text.count == 18 || text.count == 23 {
                text.append(UInt8(ascii: "-"))
                if hyphenated {
                    guard byte == UInt8(ascii: "-") else { return nil }
                    continue
                }
            }
            guard byte.hexDigitValue != nil else { return nil }
            text.append(byte >= UInt8(ascii: "A") ? byte | 0x20 : byte)
        }
        return SessionID(rawValue: String(decoding: text, as: UTF8.self))
    }
}
