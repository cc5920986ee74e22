/// A text to look for in others, without regard to case.
///
/// Where it is ASCII it is compared byte by byte, which is what searching a tree of files needs; otherwise both sides are
/// made lower-case as Unicode has it.
struct CaseInsensitiveText {
    private let lowered: [UInt8]
    private let isASCII: Bool

    init(_ text: String) {
        lowered = Array(text.lowercased().utf8)
        isASCII = text.utf8.allSatisfy { $0 < 0x80 }
    }

    /// Whether it occurs in a text of UTF-8.
    func occurs(in text: ArraySlice<UInt8>) -> Bool {
        if lowered.isEmpty { return true }
        if isASCII { return text.withUnsafeBufferPointer { Self.search($0, for: lowered) } }
        return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
            .withUnsafeBufferPointer { Self.search($0, for: lowered) }
    }

    private static func search(_ text: UnsafeBufferPointer<UInt8>, for wanted: [UInt8]) -> Bool {
        guard text.count >= wanted.count else { return false }
        return wanted.withUnsafeBufferPointer { wanted in
            let first = wanted[0]
            for start in 0...text.count - wanted.count where lower(text[start]) == first {
                var length = 1
                while length < wanted.count, lower(text[start + length]) == wanted[length] { length += 1 }
                if length == wanted.count { return true }
            }
            return false
        }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
