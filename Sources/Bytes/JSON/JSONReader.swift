/// Why bytes are not the JSON that was asked for, and where.
public struct JSONError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case invalidEscape
        case invalidNumber
        case invalidUTF8
        case controlCharacterInString
        case duplicateKey(String)
        case tooDeep(limit: Int)
        case trailingBytes
    }

    public var reason: Reason
    /// Offset of the offending byte.
    public var offset: Int

    public init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        switch reason {
        case .unexpectedEnd: return "the JSON ends too early, at byte \(offset)"
        case .unexpectedByte(let byte): return "byte \(byte) at offset \(offset) does not belong there"
        case .invalidEscape: return "an escape at offset \(offset) is not one of JSON's"
        case .invalidNumber: return "the number at offset \(offset) is not one of JSON's"
        case .invalidUTF8: return "the text is not UTF-8"
        case .controlCharacterInString: return "a control character stands unescaped in the string at offset \(offset)"
        case .duplicateKey(let key): return "the key \"\(key)\" stands twice in one object"
        case .tooDeep(let limit): return "the JSON is nested deeper than \(limit) levels"
        case .trailingBytes: return "something follows the JSON value, at offset \(offset)"
        }
    }
}

/// Reads JSON from UTF-8 bytes: strict (RFC 8259), linear, and bounded in depth.
///
/// Escaped surrogates without a partner become U+FFFD, since a Swift string cannot hold them.
public struct JSONReader: ~Escapable {
    public enum DuplicateKeys: Sendable {
        /// What JavaScript does.
        case keepLast
        /// What the strict contracts ask for.
        case reject
    }

    /// Nesting allowed when nothing else is said.
    public static let depthLimit = 128

    let bytes: Span<UInt8>
    let duplicateKeys: DuplicateKeys
    let depthLimit: Int
    var index = 0

    @_lifetime(copy bytes)
    public init(
        _ bytes: Span<UInt8>, duplicateKeys: DuplicateKeys = .keepLast, depthLimit: Int = JSONReader.depthLimit
    ) {
        self.bytes = bytes
        self.duplicateKeys = duplicateKeys
        self.depthLimit = depthLimit
    }

    /// Reads exactly one value, with nothing but white space around it.
    public mutating func document() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipWhitespace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    /// Checks exactly one value without building it, which is several times faster.
    public mutating func validateDocument() throws(JSONError) {
        try skipValue(depth: 0)
        skipWhitespace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
    }

    /// The ranges of the elements of a top-level array, each a valid JSON text.
    public mutating func arrayElements() throws(JSONError) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        skipWhitespace()
        try expect(UInt8(ascii: "["))
        skipWhitespace()
        if peek == UInt8(ascii: "]") {
            index += 1
        } else {
            while true {
                skipWhitespace()
                let start = index
                try skipValue(depth: 1)
                ranges.append(start..<index)
                skipWhitespace()
                guard let byte = peek else { throw failure(.unexpectedEnd) }
                index += 1
                if byte == UInt8(ascii: ",") { continue }
                if byte == UInt8(ascii: "]") { break }
                index -= 1
                throw failure(.unexpectedByte(byte))
            }
        }
        skipWhitespace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
        return ranges
    }
}

// MARK: - Values

extension JSONReader {
    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        skipWhitespace()
        guard let byte = peek else { throw failure(.unexpectedEnd) }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        guard depth <= depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
        index += 1
        var object = JSONObject()
        // A linear look for duplicates is right for small objects; an index takes over when a peer sends a large one.
        var places: [String: Int]?
        skipWhitespace()
        if peek == UInt8(ascii: "}") {
            index += 1
            return .object(object)
        }
        while true {
            skipWhitespace()
            let keyOffset = index
            guard peek == UInt8(ascii: "\"") else { throw unexpected() }
            let key = try string()
            skipWhitespace()
            try expect(UInt8(ascii: ":"))
            let member = JSONObject.Member(key: key, value: try value(depth: depth))
            if object.members.count == 16 {
                places = Dictionary(uniqueKeysWithValues: object.members.enumerated().map { ($1.key, $0) })
            }
            let place = places.map { $0[key] } ?? object.members.firstIndex { $0.key == key }
            if let place {
                if duplicateKeys == .reject { throw JSONError(reason: .duplicateKey(key), offset: keyOffset) }
                object.members[place].value = member.value
            } else {
                places?[key] = object.members.count
                object.members.append(member)
            }
            skipWhitespace()
            guard let byte = peek else { throw failure(.unexpectedEnd) }
            if byte == UInt8(ascii: ",") {
                index += 1
            } else if byte == UInt8(ascii: "}") {
                index += 1
                return .object(object)
            } else {
                throw failure(.unexpectedByte(byte))
            }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        guard depth <= depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
        index += 1
        var elements: [JSON] = []
        skipWhitespace()
        if peek == UInt8(ascii: "]") {
            index += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth))
            skipWhitespace()
            guard let byte = peek else { throw failure(.unexpectedEnd) }
            if byte == UInt8(ascii: ",") {
                index += 1
            } else if byte == UInt8(ascii: "]") {
                index += 1
                return .array(elements)
            } else {
                throw failure(.unexpectedByte(byte))
            }
        }
    }

    private mutating func number() throws(JSONError) -> JSON {
        let start = index
        let isInteger = try skipNumber()
        let text = bytes.extracting(start..<index).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        if isInteger {
            if let value = Int64(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(reason: .invalidNumber, offset: start)
        }
        return .number(value)
    }

    mutating func string() throws(JSONError) -> String {
        let start = index + 1
        let hasEscapes = try skipString()
        let text = bytes.extracting(start..<(index - 1))
        if !hasEscapes {
            guard let utf8 = try? UTF8Span(validating: text) else {
                throw JSONError(reason: .invalidUTF8, offset: start)
            }
            return String(copying: utf8)
        }
        return try unescaped(text, at: start)
    }

    private func unescaped(_ text: Span<UInt8>, at offset: Int) throws(JSONError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let byte = text[position]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                position += 1
                continue
            }
            let escape = text[position + 1]
            position += 2
            switch escape {
            case UInt8(ascii: "b"): result.append(8)
            case UInt8(ascii: "f"): result.append(12)
            case UInt8(ascii: "n"): result.append(10)
            case UInt8(ascii: "r"): result.append(13)
            case UInt8(ascii: "t"): result.append(9)
            case UInt8(ascii: "u"):
                var unit = hex(text, at: position)
                position += 4
                if 0xD800..<0xDC00 ~= unit, position + 6 <= text.count,
                    text[position] == UInt8(ascii: "\\"), text[position + 1] == UInt8(ascii: "u")
                {
                    let low = hex(text, at: position + 2)
                    if 0xDC00..<0xE000 ~= low {
                        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                        position += 6
                    }
                }
                let scalar = Unicode.Scalar(unit) ?? "\u{FFFD}"
                result.append(contentsOf: UTF8.encode(scalar)!)
            default: result.append(escape)
            }
        }
        guard let utf8 = try? UTF8Span(validating: result.span) else {
            throw JSONError(reason: .invalidUTF8, offset: offset)
        }
        return String(copying: utf8)
    }

    private func hex(_ text: Span<UInt8>, at position: Int) -> UInt32 {
        var value: UInt32 = 0
        for offset in 0..<4 { value = value << 4 | UInt32(text[position + offset].hexDigitValue!) }
        return value
    }
}

// MARK: - Conveniences

extension JSON {
    /// Parses one JSON document.
    public init(
        parsing bytes: [UInt8], duplicateKeys: JSONReader.DuplicateKeys = .keepLast,
        depthLimit: Int = JSONReader.depthLimit
    ) throws(JSONError) {
        var reader = JSONReader(bytes.span, duplicateKeys: duplicateKeys, depthLimit: depthLimit)
        self = try reader.document()
    }

    public init(parsing bytes: ArraySlice<UInt8>, duplicateKeys: JSONReader.DuplicateKeys = .keepLast)
        throws(JSONError)
    {
        var reader = JSONReader(bytes.span, duplicateKeys: duplicateKeys)
        self = try reader.document()
    }

    public init(parsing text: String, duplicateKeys: JSONReader.DuplicateKeys = .keepLast) throws(JSONError) {
        try self.init(parsing: Array(text.utf8), duplicateKeys: duplicateKeys)
    }
}

extension UInt8 {
    var isDigit: Bool { self &- 0x30 < 10 }

    /// The value of an ASCII hexadecimal digit.
    public var hexDigitValue: Int? {
        switch self {
        case 0x30...0x39: return Int(self) - 0x30
        case 0x41...0x46: return Int(self) - 0x37
        case 0x61...0x66: return Int(self) - 0x57
        default: return nil
        }
    }
}
