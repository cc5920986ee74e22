extension TOML {
    /// Reads tables with dotted headers and keys, strings of one line, integers, floats, booleans, arrays and inline
    /// tables, with comments. Dates, arrays of tables and strings of several lines are refused.
    public init(parsing text: String) throws(TOMLError) {
        var reader = TOMLReader(text)
        self = .table(try reader.document())
    }
}

private struct TOMLReader {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var depth = 0

    /// Arrays and inline tables inside each other, which are read by recursion.
    private static let depthLimit = 16

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func document() throws(TOMLError) -> [String: TOML] {
        var root: [String: TOML] = [:]
        var table: [String] = []
        var headers: Set<[String]> = []
        while true {
            skipLines()
            guard let byte = peek else { return root }
            if byte == UInt8(ascii: "[") {
                index += 1
                guard peek != UInt8(ascii: "[") else { throw error("arrays of tables are not understood") }
                table = try path()
                try expect("]", "`]` after the name of a table")
                guard headers.insert(table).inserted else { throw error("the table is there twice") }
                try insert(nil, at: table[...], into: &root)
            } else {
                let key = try path()
                try expect("=", "`=` after a key")
                let value = try self.value()
                try insert(value, at: (table + key)[...], into: &root)
            }
            skipBlanks()
            skipComment()
            guard peek == nil || isNewline else { throw error("the end of the line") }
        }
    }

    /// Sets a value, or makes a table, at a path.
    private func insert(
        _ value: TOML?, at path: ArraySlice<String>, into table: inout [String: TOML]
    ) throws(TOMLError) {
        guard let key = path.first else { return }
        if path.count == 1, let value {
            guard table[key] == nil else { throw error("the key `\(key)` is there twice") }
            table[key] = value
            return
        }
        var inner: [String: TOML] = [:]
        switch table.removeValue(forKey: key) {
        case nil: break
        case .table(let known): inner = known
        case .string, .integer, .float, .bool, .array: throw error("`\(key)` is a value, not a table")
        }
        try insert(value, at: path.dropFirst(), into: &inner)
        table[key] = .table(inner)
    }

    // MARK: - Keys

    private mutating func path() throws(TOMLError) -> [String] {
        var path: [String] = []
        repeat {
            skipBlanks()
            path.append(try key())
            skipBlanks()
            guard path.count <= Self.depthLimit else { throw error("a shorter name") }
        } while take(".")
        return path
    }

    private mutating func key() throws(TOMLError) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
        let start = index
        while let byte = peek, Self.isWord(byte) { index += 1 }
        guard index > start else { throw error("a key") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            return true
        default: return false
        }
    }

    // MARK: - Values

    private mutating func value() throws(TOMLError) -> TOML {
        skipBlanks()
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return .string(try string())
        case UInt8(ascii: "["):
            return try nested { reader throws(TOMLError) in .array(try reader.elements()) }
        case UInt8(ascii: "{"):
            return try nested { reader throws(TOMLError) in .table(try reader.members()) }
        default: return try scalar()
        }
    }

    private mutating func nested(
        _ read: (inout TOMLReader) throws(TOMLError) -> TOML
    ) throws(TOMLError) -> TOML {
        guard depth < Self.depthLimit else { throw error("fewer arrays and tables inside each other") }
        depth += 1
        defer { depth -= 1 }
        index += 1
        return try read(&self)
    }

    private mutating func elements() throws(TOMLError) -> [TOML] {
        var elements: [TOML] = []
        while true {
            skipLines()
            if take("]") { return elements }
            elements.append(try value())
            skipLines()
            if take("]") { return elements }
            try expect(",", "`,` or `]` in an array")
        }
    }

    private mutating func members() throws(TOMLError) -> [String: TOML] {
        var members: [String: TOML] = [:]
        skipBlanks()
        if take("}") { return members }
        while true {
            let key = try path()
            try expect("=", "`=` after a key")
            let value = try self.value()
            try insert(value, at: key[...], into: &members)
            skipBlanks()
            if take("}") { return members }
            try expect(",", "`,` or `}` in a table")
        }
    }

    private mutating func scalar() throws(TOMLError) -> TOML {
        let start = index
        while let byte = peek, Self.isWord(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") {
            index += 1
        }
        let word = String(decoding: bytes[start..<index], as: UTF8.self)
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        default: break
        }
        // An underscore may stand between two digits and nowhere else.
        let parts = word.utf8.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        let isGrouped =
            parts.dropFirst().allSatisfy { Self.isDigit($0.first) }
            && parts.dropLast().allSatisfy { Self.isDigit($0.last) }
        let number = String(word.filter { $0 != "_" })
        let digits = number.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        guard isGrouped, Self.isDigit(digits.first), Self.isDigit(digits.last) else { throw error("a value") }
        if digits.allSatisfy({ Self.isDigit($0) }) {
            guard digits.count == 1 || digits.first != UInt8(ascii: "0"), let value = Int64(number) else {
                throw error("an integer that fits 64 bits, without a leading zero")
            }
            return .integer(value)
        }
        guard digits.allSatisfy({ Self.isDigit($0) || ".eE+-".utf8.contains($0) }), let value = Double(number) else {
            throw error("a value")
        }
        return .float(value)
    }

    private static func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 &- UInt8(ascii: "0") < 10 } ?? false }

    // MARK: - Strings

    private mutating func string() throws(TOMLError) -> String {
        let quote = bytes[index]
        let isLiteral = quote == UInt8(ascii: "'")
        index += 1
        var text: [UInt8] = []
        while let byte = peek, byte != 10 {
            index += 1
            if byte == quote {
                if text.isEmpty, peek == quote { throw error("a string of one line") }
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\"), !isLiteral {
                text += try escape().utf8
            } else {
                text.append(byte)
            }
        }
        throw error("the end of a string")
    }

    private mutating func escape() throws(TOMLError) -> String {
        guard let byte = peek else { throw error("the end of a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "u"): return try scalarValue(digits: 4)
        case UInt8(ascii: "U"): return try scalarValue(digits: 8)
        default: throw error("an escape that TOML knows")
        }
    }

    private mutating func scalarValue(digits: Int) throws(TOMLError) -> String {
        let end = index + digits
        guard end <= bytes.count, bytes[index..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: bytes[index..<end], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw error("\(digits) digits of a Unicode scalar") }
        index = end
        return String(Character(scalar))
    }

    // MARK: - Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private var isNewline: Bool {
        peek == 10 || (peek == 13 && index + 1 < bytes.count && bytes[index + 1] == 10)
    }

    private func error(_ reason: String) -> TOMLError { TOMLError(line: line, reason: "expected \(reason)") }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar, _ what: String) throws(TOMLError) {
        skipBlanks()
        guard take(byte) else { throw error(what) }
    }

    private mutating func skipBlanks() {
        while peek == 32 || peek == 9 { index += 1 }
    }

    private mutating func skipComment() {
        guard peek == UInt8(ascii: "#") else { return }
        while let byte = peek, byte != 10 { index += 1 }
    }

    /// Over blanks, comments and ends of lines.
    private mutating func skipLines() {
        while true {
            skipBlanks()
            skipComment()
            guard isNewline else { return }
            index += peek == 13 ? 2 : 1
            line += 1
        }
    }
}
