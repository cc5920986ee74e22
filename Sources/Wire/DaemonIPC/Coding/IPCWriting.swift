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

    mutating func append(_ prefix: StaticString, _ number: Double) {
        append(literal: prefix)
        JSONWriter.append(number, to: &self)
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
