extension JSONReader {
    /// A member of a top-level object: its name, and where the text of its value is.
    public struct MemberRange: Equatable, Sendable {
        public var key: String
        public var value: Range<Int>
    }

    /// The members of a top-level object as they were written, duplicates too, each value a valid JSON text.
    ///
    /// For envelopes that are looked at before it is known how to read what is in them.
    public mutating func objectMembers() throws(JSONError) -> [MemberRange] {
        var members: [MemberRange] = []
        skipWhitespace()
        try expect(UInt8(ascii: "{"))
        skipWhitespace()
        if peek == UInt8(ascii: "}") {
            index += 1
        } else {
            while true {
                skipWhitespace()
                guard peek == UInt8(ascii: "\"") else { throw unexpected() }
                let key = try string()
                skipWhitespace()
                try expect(UInt8(ascii: ":"))
                skipWhitespace()
                let start = index
                try skipValue(depth: 1)
                members.append(MemberRange(key: key, value: start..<index))
                skipWhitespace()
                guard let byte = peek else { throw failure(.unexpectedEnd) }
                index += 1
                if byte == UInt8(ascii: ",") { continue }
                if byte == UInt8(ascii: "}") { break }
                index -= 1
                throw failure(.unexpectedByte(byte))
            }
        }
        skipWhitespace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
        return members
    }
}
