// RFC 3339 as runtime-rpc writes and reads it (§2.1.6).
extension PreciseTime {
    /// `2026-03-02T08:15:30.120Z`: UTC with 0, 3, 6 or 9 digits of fraction, the fewest that lose nothing.
    public var rfc3339: String { text(zone: "Z") }

    /// The same with `+00:00` for `Z`, as the database and people get it (§10, §11): such texts sort by time.
    public var rfc3339WithOffset: String { text(zone: "+00:00") }

    /// Appends ``rfc3339``.
    public func appendRFC3339(to output: inout [UInt8]) { append(zone: "Z", to: &output) }

    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`, with `T`, `t` or a space in the middle.
    ///
    /// Digits beyond nanoseconds are cut off. A leap second is accepted where there can be one, at the end of June and
    /// of December in UTC, and counts as the second after it. Years that 64 bits of nanoseconds do not reach, those before
    /// 1678 and after 2261, count as the first and the last moment that they do: nothing happens before or after.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard (20...64).contains(bytes.count), let (day, second) = Self.local(bytes) else { return nil }
        var index = 19
        guard let fraction = Self.fraction(bytes, &index), let offset = Self.offset(bytes, index) else { return nil }
        let seconds = day * 86_400 + second - offset
        if bytes[17] == UInt8(ascii: "6"), !Self.mayFollowLeapSecond(seconds) { return nil }
        // Before 1970 the seconds are rounded up first, so that the earliest moments do not overflow on the way.
        let (whole, rest) = seconds < 0 && fraction > 0 ? (seconds + 1, fraction - 1_000_000_000) : (seconds, fraction)
        let (product, isTooFar) = whole.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(rest)
        guard !isTooFar, !overflows else {
            self.init(nanoseconds: seconds < 0 ? .min : .max)
            return
        }
        self.init(nanoseconds: sum)
    }
}

// MARK: - Writing

extension PreciseTime {
    private func text(zone: StaticString) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(40)
        append(zone: zone, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func append(zone: StaticString, to output: inout [UInt8]) {
        var seconds = nanoseconds / 1_000_000_000
        var fraction = nanoseconds % 1_000_000_000
        if fraction < 0 {
            fraction += 1_000_000_000
            seconds -= 1
        }
        // Twenty bytes of date and time, of which milliseconds and zone are replaced.
        Timestamp(milliseconds: seconds * 1000).appendISO8601(to: &output)
        output.removeLast(5)
        if fraction > 0 {
            output.append(UInt8(ascii: "."))
            var divisor: Int64 = 100_000_000
            let digits = fraction % 1_000_000 == 0 ? 3 : fraction % 1000 == 0 ? 6 : 9
            for _ in 0..<digits {
                output.append(UInt8(ascii: "0") + UInt8(fraction / divisor % 10))
                divisor /= 10
            }
        }
        for index in 0..<zone.utf8CodeUnitCount { output.append(zone.utf8Start[index]) }
    }
}

// MARK: - Reading

extension PreciseTime {
    /// The day since 1970 and the second in it, as the clock of the text's own zone shows them.
    private static func local(_ bytes: [UInt8]) -> (day: Int64, second: Int64)? {
        guard let year = Timestamp.number(bytes, 0, 4), bytes[4] == UInt8(ascii: "-"),
            let month = Timestamp.number(bytes, 5, 2), (1...12).contains(month), bytes[7] == UInt8(ascii: "-"),
            let day = Timestamp.number(bytes, 8, 2), (1...Timestamp.daysInMonth(month, year: year)).contains(day),
            bytes[10] | 0x20 == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            let hour = Timestamp.number(bytes, 11, 2), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = Timestamp.number(bytes, 14, 2), minute < 60, bytes[16] == UInt8(ascii: ":"),
            let second = Timestamp.number(bytes, 17, 2), second <= 60
        else { return nil }
        return (Timestamp.day(fromYear: year, month: month, day: day), (hour * 60 + minute) * 60 + second)
    }

    /// Nanoseconds, with `index` moved behind them; 0 when there is no fraction.
    private static func fraction(_ bytes: [UInt8], _ index: inout Int) -> Int64? {
        guard bytes[index] == UInt8(ascii: ".") else { return 0 }
        index += 1
        var value: Int64 = 0
        var digits = 0
        while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            if digits < 9 { value = value * 10 + Int64(digit) }
            digits += 1
            index += 1
        }
        guard digits > 0 else { return nil }
        for _ in digits..<max(9, digits) { value *= 10 }
        return value
    }

    /// Seconds east of UTC.
    private static func offset(_ bytes: [UInt8], _ index: Int) -> Int64? {
        guard index < bytes.count else { return nil }
        if bytes[index] | 0x20 == UInt8(ascii: "z") { return index + 1 == bytes.count ? 0 : nil }
        guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"), bytes.count == index + 6,
            let hours = Timestamp.number(bytes, index + 1, 2), hours < 24, bytes[index + 3] == UInt8(ascii: ":"),
            let minutes = Timestamp.number(bytes, index + 4, 2), minutes < 60
        else { return nil }
        return (hours * 60 + minutes) * 60 * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
    }

    /// Whether this is the first second of a July or a January in UTC.
    private static func mayFollowLeapSecond(_ seconds: Int64) -> Bool {
        guard seconds % 86_400 == 0 else { return false }
        let date = Timestamp.civil(fromDay: seconds / 86_400)
        return date.day == 1 && (date.month == 1 || date.month == 7)
    }
}
