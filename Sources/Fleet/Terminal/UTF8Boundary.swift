/// Where text that arrives in pieces may be cut.
enum UTF8Boundary {
    /// The last place at or before `end` where the bytes can be cut so that both halves, decoded apart, say what the
    /// whole says. It is at most three bytes before `end`: there, a sequence has begun that `end` would tear.
    static func cut(_ bytes: UnsafeBufferPointer<UInt8>, at end: Int) -> Int {
        var lead = end - 1
        let first = max(0, end - 3)
        while lead >= first {
            let byte = bytes[lead]
            if byte < 0x80 { return end }
            if byte >= 0xC0 { return isPrefix(bytes, lead, end) ? lead : end }
            lead -= 1
        }
        return end
    }

    /// Whether the bytes from `lead` to `end` begin a sequence that is longer (RFC 3629).
    private static func isPrefix(_ bytes: UnsafeBufferPointer<UInt8>, _ lead: Int, _ end: Int) -> Bool {
        let length: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[lead] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, allowed) = (3, 0xA0...0xBF)
        case 0xED: (length, allowed) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, allowed) = (4, 0x90...0xBF)
        case 0xF4: (length, allowed) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return false
        }
        guard end - lead < length else { return false }
        return end - lead == 1 || allowed.contains(bytes[lead + 1])
    }
}
