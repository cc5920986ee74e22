import Bytes
import Fleet

// Beside what runtime-rpc's writing offers: times in whole seconds, and keys that are left out (`T?`) where `nil`
// otherwise is written as `null` (`T|null`).
extension [UInt8] {
    mutating func append(_ prefix: StaticString, _ time: Timestamp) {
        append(literal: prefix)
        append(UInt8(ascii: "\""))
        time.appendRFC3339(to: &self)
        append(UInt8(ascii: "\""))
    }

    mutating func append(_ prefix: StaticString, _ time: Timestamp?) {
        if let time { append(prefix, time) } else { append(prefix, nil as String?) }
    }

    /// Whole ones keep their fraction, so that readers see what kind of number it is: `1.0`.
    mutating func append(_ prefix: StaticString, _ number: Double) {
        append(literal: prefix)
        if number.isFinite { append(contentsOf: number.description.utf8) } else { append(literal: "null") }
    }

    mutating func append(_ prefix: StaticString, _ value: some IPCValue) {
        append(literal: prefix)
        value.append(to: &self)
    }

    // MARK: Left out when there is nothing

    mutating func append(ifAny prefix: StaticString, _ text: String?) {
        if let text { append(prefix, text) }
    }

    mutating func append(ifAny prefix: StaticString, _ flag: Bool?) {
        if let flag { append(prefix, flag) }
    }

    mutating func append(ifAny prefix: StaticString, _ number: (some FixedWidthInteger)?) {
        if let number { append(prefix, number) }
    }

    mutating func append(ifAny prefix: StaticString, _ number: Double?) {
        if let number { append(prefix, number) }
    }

    mutating func append(ifAny prefix: StaticString, _ time: Timestamp?) {
        if let time { append(prefix, time) }
    }

    mutating func append(ifAny prefix: StaticString, _ value: (some IPCValue)?) {
        if let value { append(prefix, value) }
    }
}
