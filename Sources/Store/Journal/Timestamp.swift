/// Milliseconds since 1970 and their text (RFC 3339), without a library that costs half a microsecond each.
enum Timestamp {
    /// As in `2026-03-04T05:06:07.089Z`.
    static func text(_ milliseconds: Int64) -> String {
        let (days, ofDay) = floorDivide(milliseconds, by: 86_400_000)
        let (year, month, day) = civil(daysSince1970: days)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            var count = 0
            func put(_ value: Int64, width: Int) {
                var rest = value
                for index in stride(from: count + width - 1, through: count, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += width
            }
            func put(_ character: UInt8) {
                buffer[count] = character
                count += 1
            }
            put(min(max(year, 0), 9999), width: 4)
            put(UInt8(ascii: "-"))
            put(month, width: 2)
            put(UInt8(ascii: "-"))
            put(day, width: 2)
            put(UInt8(ascii: "T"))
            put(ofDay / 3_600_000, width: 2)
            put(UInt8(ascii: ":"))
            put(ofDay / 60_000 % 60, width: 2)
            put(UInt8(ascii: ":"))
            put(ofDay / 1000 % 60, width: 2)
            put(UInt8(ascii: "."))
            put(ofDay % 1000, width: 3)
            put(UInt8(ascii: "Z"))
            return count
        }
    }

    /// Reads a date and time with its offset; digits beyond the millisecond are cut off.
    static func milliseconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
            let day = number(&rest, 2), skip(&rest, "T") || skip(&rest, "t") || skip(&rest, " "),
            let hour = number(&rest, 2), skip(&rest, ":"), let minute = number(&rest, 2), skip(&rest, ":"),
            let second = number(&rest, 2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(&rest, ".") {
            var unit: Int64 = 100
            let before = rest.count
            while let digit = number(&rest, 1) {
                fraction += digit * unit
                unit /= 10
            }
            if rest.count == before { return nil }
        }
        guard let offset = offsetMinutes(&rest), rest.isEmpty else { return nil }
        let minutes = days(year, month, day) * 1440 + hour * 60 + minute - offset
        return (minutes * 60 + second) * 1000 + fraction
    }

    private static func offsetMinutes(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if skip(&rest, "Z") || skip(&rest, "z") { return 0 }
        let sign: Int64
        if skip(&rest, "+") { sign = 1 } else if skip(&rest, "-") { sign = -1 } else { return nil }
        guard let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
        guard rest.count >= digits else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(digits) {
            guard byte &- UInt8(ascii: "0") < 10 else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        rest = rest.dropFirst(digits)
        return value
    }

    private static func skip(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }
}

// MARK: - The calendar

extension Timestamp {
    // Howard Hinnant's `civil_from_days` and `days_from_civil`: years begin in March, so that the leap day is the last.

    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
