/// Text made fit for a bracketed paste.
enum PasteContent {
    private static let end: [UInt8] = [0x1B] + Array("[201~".utf8)

    /// Takes out every end of a paste, also one that only appears when another is taken out: whoever can send one breaks out
    /// of the bracket and types (D-10). Linear: an end is removed as its last byte arrives.
    static func withoutPasteEnds(_ content: [UInt8]) -> [UInt8] {
        guard content.contains(0x1B) else { return content }
        var kept: [UInt8] = []
        kept.reserveCapacity(content.count)
        for byte in content {
            kept.append(byte)
            if byte == end.last, kept.suffix(end.count).elementsEqual(end) { kept.removeLast(end.count) }
        }
        return kept
    }
}
