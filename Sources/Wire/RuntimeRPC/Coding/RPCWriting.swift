import Bytes
import Fleet

// Members are appended with the punctuation and the name before them as one literal: `,"pid":`.
extension [UInt8] {
    mutating func append(_ prefix: StaticString, _ text: String) {
        append(literal: prefix)
        JSONWriter.append(text, to: &self)
    }

    mutating func append(_ prefix: StaticString, _ text: String?) {
        append(literal: prefix)
        if let text { JSONWriter.append(text, to: &self) } else { append(literal: "null") }
    }

    mutating func append(_ prefix: StaticString, _ id: SessionID) { append(prefix, id.rawValue) }

    mutating func append(_ prefix: StaticString, _ flag: Bool) {
        append(literal: prefix)
        JSONWriter.append(flag, to: &self)
    }

    /// The full range of 64 bits, with or without a sign.
    mutating func append(_ prefix: StaticString, _ number: some FixedWidthInteger) {
        append(literal: prefix)
        if let number = Int64(exactly: number) {
            JSONWriter.append(number, to: &self)
        } else {
            append(contentsOf: String(number).utf8)
        }
    }

    mutating func append(_ prefix: StaticString, _ number: (some FixedWidthInteger)?) {
        if let number { append(prefix, number) } else { append(prefix, nil as String?) }
    }

    mutating func append(_ prefix: StaticString, _ time: PreciseTime) {
        append(literal: prefix)
        append(UInt8(ascii: "\""))
        time.appendRFC3339(to: &self)
        append(UInt8(ascii: "\""))
    }

    mutating func append(_ prefix: StaticString, _ time: PreciseTime?) {
        if let time { append(prefix, time) } else { append(prefix, nil as String?) }
    }

    mutating func append(_ prefix: StaticString, _ value: some RPCValue) {
        append(literal: prefix)
        value.append(to: &self)
    }

    mutating func append(_ prefix: StaticString, list values: some Sequence<some RPCValue>) {
        append(literal: prefix)
        append(UInt8(ascii: "["))
        var isFirst = true
        for value in values {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            value.append(to: &self)
        }
        append(UInt8(ascii: "]"))
    }

    mutating func append(_ prefix: StaticString, texts: some Sequence<String>) {
        append(literal: prefix)
        append(UInt8(ascii: "["))
        var isFirst = true
        for text in texts {
            if !isFirst { append(UInt8(ascii: ",")) }
            isFirst = false
            JSONWriter.append(text, to: &self)
        }
        append(UInt8(ascii: "]"))
    }
}
