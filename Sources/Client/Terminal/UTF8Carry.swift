/// Gives bytes on as text without tearing a character that has come in two pieces.
public struct UTF8Carry: Sendable {
    private var kept: [UInt8] = []

    public init() {}

    /// The text of what is complete; bytes that are no UTF-8 become U+FFFD.
    public mutating func feed(_ bytes: [UInt8]) -> String {
        let whole = kept + bytes
        let end = whole.count - Self.incompleteTail(of: whole)
        kept = Array(whole[end...])
        return String(decoding: whole[..<end], as: UTF8.self)
    }

    /// How many bytes at the end begin a character that is not there yet.
    static func incompleteTail(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? back : 0
        }
        return 0
    }
}
