import Bytes

/// Reads a JSON text and notes where everything is.
struct JSONTextParser {
    typealias Node = JSONText.Node
    typealias Failure = JSONText.Failure

    let bytes: [UInt8]
    let dialect: JSONText.Dialect
    private var index = 0
    private static let depthLimit = 64

    init(bytes: [UInt8], dialect: JSONText.Dialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    mutating func document() throws(Failure) -> Node {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        try skip()
        let root = try value(depth: 0)
        try skip()
        guard index == bytes.count else { throw failure("something stands after the end") }
        return root
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(Failure) -> Node {
        guard depth < Self.depthLimit else { throw failure("it is nested too deeply") }
        guard let byte = peek else { throw failure("it ends too early") }
        let start = index
        switch byte {
        case UInt8(ascii: "{"): return Node(range: try object(depth: depth, start), kind: .object(members))
        case UInt8(ascii: "["): return Node(range: try array(depth: depth, start), kind: .array(elements))
        case UInt8(ascii: "\""):
            let text = try string()
            return Node(range: start..<index, kind: .string(text))
        default:
            while let byte = peek, isLiteral(byte) { index += 1 }
            let text = Array(bytes[start..<index])
            guard !text.isEmpty, (try? JSON(parsing: text)) != nil else {
                index = start
                throw failure("a value is expected here")
            }
            return Node(range: start..<index, kind: .literal(String(decoding: text, as: UTF8.self)))
        }
    }

    // What the container read last holds; taken at once by its caller.
    private var members: [JSONText.Member] = []
    private var elements: [Node] = []

    private mutating func object(depth: Int, _ start: Int) throws(Failure) -> Range<Int> {
        var found: [JSONText.Member] = []
        index += 1
        try skip()
        while peek != UInt8(ascii: "}") {
            guard peek == UInt8(ascii: "\"") else { throw failure("a name in quotes is expected here") }
            let nameStart = index
            let name = try string()
            let nameRange = nameStart..<index
            try skip()
            guard peek == UInt8(ascii: ":") else { throw failure("a colon is expected here") }
            index += 1
            try skip()
            found.append(.init(name: name, nameRange: nameRange, value: try value(depth: depth + 1)))
            guard try hasMore(until: UInt8(ascii: "}")) else { break }
        }
        index += 1
        members = found
        return start..<index
    }

    private mutating func array(depth: Int, _ start: Int) throws(Failure) -> Range<Int> {
        var found: [Node] = []
        index += 1
        try skip()
        while peek != UInt8(ascii: "]") {
            found.append(try value(depth: depth + 1))
            guard try hasMore(until: UInt8(ascii: "]")) else { break }
        }
        index += 1
        elements = found
        return start..<index
    }

    /// Passes what stands after a value in a list, and says whether another one may follow.
    private mutating func hasMore(until close: UInt8) throws(Failure) -> Bool {
        try skip()
        if peek == close { return false }
        guard peek == UInt8(ascii: ",") else { throw failure("a comma is missing before this") }
        index += 1
        try skip()
        if peek == close, dialect == .strict { throw failure("the comma before this is one too many") }
        return true
    }

    private mutating func string() throws(Failure) -> String {
        let start = index
        index += 1
        while let byte = peek, byte != UInt8(ascii: "\"") {
            if byte == 0x0A { break }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard peek == UInt8(ascii: "\"") else {
            index = min(start, bytes.count)
            throw failure("the text that begins here has no end")
        }
        index += 1
        guard let text = (try? JSON(parsing: Array(bytes[start..<index])))?.string else {
            index = start
            throw failure("this is no text of JSON")
        }
        return text
    }

    // MARK: - Between values

    private mutating func skip() throws(Failure) {
        while let byte = peek {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            case UInt8(ascii: "/"):
                guard let end = Self.commentEnd(in: bytes, at: index) else {
                    throw failure("a comment is not closed, or this is none")
                }
                guard dialect == .comments else { throw failure("comments are not allowed in this file") }
                index = end
            default: return
            }
        }
    }

    /// Where a comment ends that begins here: before the end of its line, or after its mark.
    static func commentEnd(in bytes: [UInt8], at start: Int) -> Int? {
        guard start + 1 < bytes.count else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "/"):
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            return end > start && bytes[end - 1] == 0x0D ? end - 1 : end
        case UInt8(ascii: "*"):
            var index = start + 2
            while index + 1 < bytes.count {
                if bytes[index] == UInt8(ascii: "*"), bytes[index + 1] == UInt8(ascii: "/") { return index + 2 }
                index += 1
            }
            return nil
        default: return nil
        }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func isLiteral(_ byte: UInt8) -> Bool {
        (0x30...0x39) ~= byte || (0x61...0x7A) ~= byte || (0x41...0x5A) ~= byte || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
    }

    private func failure(_ reason: String) -> Failure {
        Failure(line: 1 + bytes[..<min(index, bytes.count)].count { $0 == 0x0A }, reason: reason)
    }
}
