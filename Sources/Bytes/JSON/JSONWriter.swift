/// Appends JSON to a buffer of bytes. The caller sees to commas and brackets, or writes whole values.
public enum JSONWriter {
    /// Appends a string with its quotes. Only what must be escaped is: quotes, backslashes and control characters.
    public static func append(_ text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in appendEscaped(utf8, to: &output) }
        output.append(UInt8(ascii: "\""))
    }

    public static func append(_ value: some BinaryInteger, to output: inout [UInt8]) {
        appendDecimal(Int64(value), to: &output)
    }

    public static func append(_ value: Double, to output: inout [UInt8]) {
        guard value.isFinite else {
            output.append(literal: "null")
            return
        }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
            // As JavaScript writes it: 30, not 30.0.
            appendDecimal(whole, to: &output)
        } else {
            output.append(contentsOf: value.description.utf8)
        }
    }

    public static func append(_ value: Bool, to output: inout [UInt8]) {
        output.append(literal: value ? "true" : "false")
    }

    public static func append(_ value: JSON, to output: inout [UInt8]) {
        switch value {
        case .null: output.append(literal: "null")
        case .bool(let value): append(value, to: &output)
        case .integer(let value): appendDecimal(value, to: &output)
        case .unsigned(let value): output.append(contentsOf: value.description.utf8)
        case .number(let value): append(value, to: &output)
        case .string(let value): append(value, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                append(element, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in object.members {
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                append(member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                append(member.value, to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        // Runs of ordinary bytes are copied at once.
        var runStart = 0
        for index in 0..<utf8.count {
            let byte = utf8[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            output.append(contentsOf: utf8[runStart..<index])
            runStart = index + 1
            switch byte {
            case UInt8(ascii: "\""): output.append(literal: "\\\"")
            case UInt8(ascii: "\\"): output.append(literal: "\\\\")
            case 8: output.append(literal: "\\b")
            case 9: output.append(literal: "\\t")
            case 10: output.append(literal: "\\n")
            case 12: output.append(literal: "\\f")
            case 13: output.append(literal: "\\r")
            default:
                output.append(literal: "\\u00")
                output.append(hexDigit(byte >> 4))
                output.append(hexDigit(byte & 15))
            }
        }
        output.append(contentsOf: utf8[runStart...])
    }

    private static func appendDecimal(_ value: Int64, to output: inout [UInt8]) {
        if value >= 0 && value < 10 {
            output.append(UInt8(ascii: "0") + UInt8(value))
            return
        }
        if value < 0 { output.append(UInt8(ascii: "-")) }
        var magnitude = value.magnitude
        let start = output.count
        repeat {
            output.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
            magnitude /= 10
        } while magnitude > 0
        output[start...].reverse()
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension JSON {
    /// The shortest text of this value, as UTF-8.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256)
        JSONWriter.append(self, to: &output)
        return output
    }

    public var text: String { String(decoding: encoded(), as: UTF8.self) }
}

extension [UInt8] {
    /// Appends the bytes of a literal without making a string of it.
    public mutating func append(literal: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }
}
