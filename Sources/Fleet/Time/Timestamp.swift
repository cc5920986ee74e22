/// A moment of the calendar: milliseconds since 1970-01-01T00:00:00Z, as the runner events count them.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    public static func + (left: Timestamp, milliseconds: Int64) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds &+ milliseconds)
    }

    /// Milliseconds from `right` to `left`.
    public static func - (left: Timestamp, right: Timestamp) -> Int64 { left.milliseconds &- right.milliseconds }
}

// MARK: - ISO 8601

extension Timestamp {
    /// `2026-01-05T10:03:11.402Z`: UTC with milliseconds, as `timestamp` fields are written (control-plane §0.2).
    public var iso8601: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendISO8601(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 24 bytes of ``iso8601``. Years before 0 and after 9999 are written as their nearest neighbour.
    public func appendISO8601(to output: inout [UInt8]) {
        let clamped = min(max(milliseconds, -62_167_219_200_000), 253_402_300_799_999)
        var day = clamped / 86_400_000
        var rest = clamped % 86_400_000
        if rest < 0 {
            rest += 86_400_000
            day -= 1
        }
        let (year, month, dayOfMonth) = Self.civil(fromDay: day)
        Self.append(year / 100, to: &output)
        Self.append(year % 100, to: &output)
        output.append(UInt8(ascii: "-"))
        Self.append(month, to: &output)
        output.append(UInt8(ascii: "-"))
        Self.append(dayOfMonth, to: &output)
        output.append(UInt8(ascii: "T"))
        Self.append(rest / 3_600_000, to: &output)
        output.append(UInt8(ascii: ":"))
        Self.append(rest / 60_000 % 60, to: &output)
        output.append(UInt8(ascii: ":"))
        Self.append(rest / 1000 % 60, to: &output)
        output.append(UInt8(ascii: "."))
        let fraction = rest % 1000
        output.append(UInt8(ascii: "0") + UInt8(fraction / 100))
        Self.append(fraction % 100, to: &output)
        output.append(UInt8(ascii: "Z"))
    }

    /// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`. Digits beyond milliseconds are cut off.
    public init?(iso8601 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40,
            let year = Self.number(bytes, 0, 4), bytes[4] == UInt8(ascii: "-"),
            let month = Self.number(bytes, 5, 2), (1...12).contains(month), bytes[7] == UInt8(ascii: "-"),
            let day = Self.number(bytes, 8, 2), day >= 1, day <= Self.daysInMonth(month, year: year),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t") || bytes[10] == UInt8(ascii: " "),
            let hour = Self.number(bytes, 11, 2), hour < 24, bytes[13] == UInt8(ascii: ":"),
            let minute = Self.number(bytes, 14, 2), minute < 60, bytes[16] == UInt8(ascii: ":"),
            let second = Self.number(bytes, 17, 2), second < 60
        else { return nil }
        var index = 19
        var fraction: Int64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var digits = 0
            while index < bytes.count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
                if digits < 3 { fraction = fraction * 10 + Int64(digit) }
                digits += 1
                index += 1
            }
            guard digits > 0 else { return nil }
            for _ in digits..<max(3, digits) { fraction *= 10 }
        }
        var offset: Int64 = 0
        guard index < bytes.count else { return nil }
        if bytes[index] == UInt8(ascii: "Z") || bytes[index] == UInt8(ascii: "z") {
            index += 1
        } else {
            guard bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-"), bytes.count == index + 6,
                let hours = Self.number(bytes, index + 1, 2), hours < 24, bytes[index + 3] == UInt8(ascii: ":"),
                let minutes = Self.number(bytes, index + 4, 2), minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * 60_000 * (bytes[index] == UInt8(ascii: "-") ? -1 : 1)
            index += 6
        }
        guard index == bytes.count else { return nil }
        let days = Self.day(fromYear: year, month: month, day: day)
        self.init(milliseconds: days * 86_400_000 + ((hour * 60 + minute) * 60 + second) * 1000 + fraction - offset)
    }

    static func append(_ twoDigits: Int64, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "0") + UInt8(twoDigits / 10))
        output.append(UInt8(ascii: "0") + UInt8(twoDigits % 10))
    }

    static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int64? {
        var value: Int64 = 0
        for index in start..<(start + count) {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }

    static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    // The proleptic Gregorian calendar in eras of 400 years that begin in March.

    static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    static func day(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Timestamp: CustomStringConvertible {
    public var description: String { iso8601 }
}
