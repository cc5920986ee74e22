import Fleet

extension PreciseTime {
    /// RFC 3339 in UTC with exactly six digits of fraction, as everything the chat runtime writes (chat-runtime §0.3):
    /// such texts sort by time.
    ///
    /// - Parameter zone: `Z`, or `+00:00` for the health of the runtime.
    public func rfc3339Microseconds(zone: String = "Z") -> String {
        var whole = nanoseconds / 1000 * 1000
        // Before 1970 that is the next microsecond; the earliest moment of all stays there.
        if whole > nanoseconds, whole >= .min + 1000 { whole -= 1000 }
        // The shortest form has 0, 3 or 6 digits here.
        var text = PreciseTime(nanoseconds: whole).rfc3339
        text.removeLast()
        let digits = text.utf8.count - "2026-03-02T08:15:30.".utf8.count
        if digits < 0 { text += "." }
        text += String(repeating: "0", count: 6 - max(0, digits))
        return text + zone
    }
}
