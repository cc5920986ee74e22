import Bytes

/// What is wrong with a configuration, for a person: where, and why.
public struct ConfigurationProblem: Error, Equatable, Sendable {
    public enum Place: Equatable, Sendable {
        /// A dotted key, or a variable of the environment.
        case key(String)
        /// In the text, where it is no JSON; both count from 1, columns in Unicode scalars.
        case text(line: Int, column: Int)
        /// The whole of it.
        case document
    }

    public var place: Place
    /// Reads on after the place and a colon; without a full stop.
    public var reason: String

    public init(_ place: Place, _ reason: String) {
        self.place = place
        self.reason = reason
    }

    init(_ key: ConfigurationKey, _ reason: String) {
        self.init(.key(key.rawValue), reason)
    }

    /// Place and reason in one line.
    public var message: String {
        switch place {
        case .key(let key): return "\(key): \(reason)"
        case .text(let line, let column): return "line \(line), column \(column): \(reason)"
        case .document: return reason
        }
    }
}

extension ConfigurationProblem {
    /// Where the text is not JSON, and why.
    init(_ error: JSONError, in text: [UInt8]) {
        let before = text[..<min(error.offset, text.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // Bytes that go on with a scalar are not counted.
        let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
        self.init(.text(line: line, column: column), Self.words(error.reason))
    }

    private static func words(_ reason: JSONError.Reason) -> String {
        switch reason {
        case .unexpectedEnd: return "the text ends in the middle of a value"
        case .unexpectedByte(let byte) where 0x21...0x7E ~= byte:
            return "\"\(Unicode.Scalar(byte))\" does not belong here"
        case .unexpectedByte: return "this character does not belong here"
        case .invalidEscape: return "this escape is not one of JSON's"
        case .invalidNumber: return "this is not a number of JSON's"
        case .invalidUTF8: return "the text is not UTF-8"
        case .controlCharacterInString: return "a control character stands unescaped in a string"
        case .duplicateKey(let key): return "the key \"\(key)\" stands twice in one object"
        case .tooDeep(let limit): return "it is nested deeper than \(limit) levels"
        case .trailingBytes: return "something follows the end of the object"
        }
    }
}
