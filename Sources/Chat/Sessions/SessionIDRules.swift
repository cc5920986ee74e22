/// Which ids a client may give a session (chat-runtime §0.4).
enum SessionIDRules {
    /// Whether it is `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`.
    static func accepts(_ id: String) -> Bool {
        let bytes = id.utf8
        guard (1...128).contains(bytes.count), let first = bytes.first, isLetterOrDigit(first) else { return false }
        return bytes.allSatisfy { isLetterOrDigit($0) || ".:_-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
}
