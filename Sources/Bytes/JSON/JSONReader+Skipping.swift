// Passing over values without building them, and the small steps that reading is made of.
extension JSONReader {
    mutating func skipValue(depth: Int) throws(JSONError) {
        skipWhitespace()
        guard let byte = peek else { throw failure(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"):
            guard depth < depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
            index += 1
            skipWhitespace()
            if peek == UInt8(ascii: "}") {
                index += 1
                return
            }
            while true {
                skipWhitespace()
                guard peek == UInt8(ascii: "\"") else { throw unexpected() }
                try skipValidString()
                skipWhitespace()
                try expect(UInt8(ascii: ":"))
                try skipValue(depth: depth + 1)
                skipWhitespace()
                guard let byte = peek else { throw failure(.unexpectedEnd) }
                index += 1
                if byte == UInt8(ascii: ",") { continue }
                if byte == UInt8(ascii: "}") { return }
                index -= 1
                throw failure(.unexpectedByte(byte))
            }
        case UInt8(ascii: "["):
            guard depth < depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
            index += 1
            skipWhitespace()
            if peek == UInt8(ascii: "]") {
                index += 1
                return
            }
            while true {
                try skipValue(depth: depth + 1)
                skipWhitespace()
                guard let byte = peek else { throw failure(.unexpectedEnd) }
                index += 1
                if byte == UInt8(ascii: ",") { continue }
                if byte == UInt8(ascii: "]") { return }
                index -= 1
                throw failure(.unexpectedByte(byte))
            }
        case UInt8(ascii: "\""): try skipValidString()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: try skipFiniteNumber()
        }
    }

    mutating func skipValidString() throws(JSONError) {
        let start = index
        _ = try skipString()
        guard (try? UTF8Span(validating: bytes.extracting(start..<index))) != nil else {
            throw JSONError(reason: .invalidUTF8, offset: start)
        }
    }

    /// Passes a string, quotes included, and says whether it has escapes.
    mutating func skipString() throws(JSONError) -> Bool {
        index += 1
        var hasEscapes = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return hasEscapes
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                try skipEscape()
            } else if byte < 0x20 {
                throw failure(.controlCharacterInString)
            } else {
                index += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    mutating func skipEscape() throws(JSONError) {
        guard index + 1 < bytes.count else {
            index = bytes.count
            throw failure(.unexpectedEnd)
        }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
        case UInt8(ascii: "u"):
            guard index + 6 <= bytes.count else {
                index = bytes.count
                throw failure(.unexpectedEnd)
            }
            for offset in 2..<6 where bytes[index + offset].hexDigitValue == nil { throw failure(.invalidEscape) }
            index += 6
        default: throw failure(.invalidEscape)
        }
    }

    /// Passes a number, unless it is too large for the double it would be read as.
    mutating func skipFiniteNumber() throws(JSONError) {
        let start = index
        let isInteger = try skipNumber()
        // Without an exponent that takes more than three hundred digits.
        let text = bytes.extracting(start..<index)
        if text.count < 300 && (isInteger || !text.hasExponent) { return }
        let value = text.withUnsafeBufferPointer { Double(String(decoding: $0, as: UTF8.self)) }
        guard let value, value.isFinite else { throw JSONError(reason: .invalidNumber, offset: start) }
    }

    /// Passes a number and says whether it has neither fraction nor exponent.
    mutating func skipNumber() throws(JSONError) -> Bool {
        let start = index
        if peek == UInt8(ascii: "-") { index += 1 }
        guard let first = peek else { throw failure(.unexpectedEnd) }
        guard first.isDigit else {
            if index == start { throw failure(.unexpectedByte(first)) }
            throw failure(.invalidNumber)
        }
        if first == UInt8(ascii: "0") {
            index += 1
            if let next = peek, next.isDigit { throw failure(.invalidNumber) }
        } else {
            skipDigits()
        }
        var isInteger = true
        if peek == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            guard let digit = peek, digit.isDigit else { throw failure(.invalidNumber) }
            skipDigits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            guard let digit = peek, digit.isDigit else { throw failure(.invalidNumber) }
            skipDigits()
        }
        return isInteger
    }

    mutating func skipDigits() {
        while index < bytes.count, bytes[index].isDigit { index += 1 }
    }

    mutating func skipWhitespace() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    mutating func literal(_ text: StaticString) throws(JSONError) {
        for offset in 0..<text.utf8CodeUnitCount {
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[index] == text.utf8Start[offset] else { throw unexpected() }
            index += 1
        }
    }

    mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard peek == byte else { throw unexpected() }
        index += 1
    }

    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    func unexpected() -> JSONError {
        peek.map { failure(.unexpectedByte($0)) } ?? failure(.unexpectedEnd)
    }

    func failure(_ reason: JSONError.Reason) -> JSONError { JSONError(reason: reason, offset: index) }
}

extension Span<UInt8> {
    /// Whether an `e` stands in the text of a number.
    fileprivate var hasExponent: Bool { indices.contains { self[$0] | 0x20 == UInt8(ascii: "e") } }
}
