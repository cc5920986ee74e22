// RFC 3339 as daemon-ipc writes and reads it (§3.3): whole seconds out, everything in.
extension Timestamp {
    /// `2026-03-02T08:15:30Z`: UTC in whole seconds, what is finer cut off.
    public var rfc3339: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 20 bytes of ``rfc3339``.
    public func appendRFC3339(to output: inout [UInt8]) {
        appendISO8601(to: &output)
        output.removeLast(5)
        output.append(UInt8(ascii: "Z"))
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`, with `T`, `t` or a space in the middle and a fraction of any
    /// length, of which milliseconds are kept.
    ///
    /// A leap second is accepted where there can be one, at the end of June and of December in UTC, and counts as the
    /// second after it. `nil` also for a moment whose year in UTC has no four digits.
    public init?(rfc3339 text: String) {
        guard let time = Timestamp(iso8601: text) ?? Self.rare(Array(text.utf8)), Self.writable.contains(time) else {
            return nil
        }
        self = time
    }

    /// The moments that can be written with four digits of year.
    private static let writable =
        Timestamp(milliseconds: -62_167_219_200_000)...Timestamp(milliseconds: 253_402_300_799_999)

    /// What the ordinary reader does not take: long fractions, and leap seconds.
    private static func rare(_ bytes: [UInt8]) -> Timestamp? {
        guard bytes.count >= 20 else { return nil }
        var plain = Array(bytes[..<19])
        let isLeapSecond = plain[17] == UInt8(ascii: "6") && plain[18] == UInt8(ascii: "0")
        if isLeapSecond { plain.replaceSubrange(17..., with: "59".utf8) }
        var index = 19
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
            plain += bytes[19..<min(index, 23)]
        }
        plain += bytes[index...]
        guard let time = Timestamp(iso8601: String(decoding: plain, as: UTF8.self)) else { return nil }
        if !isLeapSecond { return time }
        let later = time + 1000
        let second = later.milliseconds - (later.milliseconds % 1000 + 1000) % 1000
        guard second % 86_400_000 == 0 else { return nil }
        let date = civil(fromDay: second / 86_400_000)
        return date.day == 1 && (date.month == 1 || date.month == 7) ? later : nil
    }
}
